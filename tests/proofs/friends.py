"""Links by which a shop's members bring one another: the product's and the model's."""

from uuid import UUID

from sqlalchemy import text

from loyalty.earning.saving import add_rule
from loyalty.members.tables import Member
from loyalty.referrals.settings import save_settings
from loyalty.referrals.settling import settle
from tests.loyalty.referrals.cast import come
from tests.proofs.model_referrals import GIVEN, MINIMUM_MINOR, Claim, Referrals
from tests.proofs.shop import STAFF, Shop

_ROWS = "SELECT id, state FROM referral"
# What the ledger gave for each referral is what its row says, while it is paid; else nothing.
_DIFFERENT = """
SELECT r.id, r.state, l.points FROM referral r LEFT JOIN LATERAL (
    SELECT coalesce(sum(e.points), 0) AS points FROM ledger_entry e
    WHERE e.source_kind IN ('referral', 'referral_friend') AND e.source_id = r.id::text
) l ON true
WHERE (r.state = 'paid' AND l.points <> r.advocate_points + r.friend_points)
    OR (r.state NOT IN ('paid', 'reversed') AND l.points <> 0)
    OR (r.state = 'reversed' AND l.points < 0)
"""


class Friends:
    """A rule that pays for friends, and what becomes of those who came."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.ids: dict[Claim, UUID] = {}
        self.referrals = Referrals(shop.people, shop.terms.hold_days)
        session, shop_id = shop.session, shop.shop.shop_id
        rule = {
            "name": "Friends",
            "kind": "referral",
            "gives": "fixed",
            "fixed_points": GIVEN["advocate"],
            "limits": {"friend_points": GIVEN["friend"]},
            "conditions": {"minimum_minor": MINIMUM_MINOR},
        }
        # Orders that were placed before the first claim block it: the rule may be as old as any.
        add_rule(session, shop_id, rule, actor=STAFF, now=shop.shop.earning_since)
        save_settings(session, shop_id, is_on=True, coupon_id=None, actor=STAFF, now=shop.now)

    def come(self, advocate: int, friend: int) -> None:
        """One customer's member comes by another's link."""
        shop = self.shop
        two = shop.member(advocate), shop.member(friend)
        members = [shop.session.get_one(Member, (shop.shop.shop_id, each)) for each in two]
        made = come(shop.session, shop.shop, *members, at=shop.now)
        claim = self.referrals.come(*two, shop.known.values(), shop.now)
        self.ids[claim] = made.id

    def look(self) -> None:
        """The jobs have looked at every claim, the oldest first."""
        shop = self.shop
        for claim in self.referrals.claims:
            settle(shop.session, shop.shop, self.ids[claim], now=shop.now)
            self.referrals.look(claim, list(shop.known.values()), shop.today, shop.now)

    def check(self) -> None:
        """The rows say what the model says, and the ledger what the rows say."""
        session = self.shop.session
        session.flush()
        rows = {row.id: row.state for row in session.execute(text(_ROWS))}
        for claim in self.referrals.claims:
            assert rows[self.ids[claim]] == claim.state
        assert session.execute(text(_DIFFERENT)).all() == []
