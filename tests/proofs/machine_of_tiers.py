"""The part of a shop's random life in which members rise, years go by, and nights look at them."""

from datetime import date, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from sqlalchemy import text

from loyalty.tiers.nightly import begin_round, end_round, look_at_batch
from loyalty.tiers.plans import RungText, read_plan
from loyalty.tiers.settings import save_plan
from tests.factories.facts import NOON
from tests.proofs.friends import Friends
from tests.proofs.model_tiers import NO_TIER, Ladder
from tests.proofs.shop import CUSTOMERS, STAFF, Shop, Terms

_NAMES = ("Bronze", "Silver", "Gold")
ladders = st.builds(
    Ladder,
    metric=st.sampled_from(["spend", "points"]),
    cycle=st.sampled_from(["lifetime", "calendar", "enrolment", "rolling"]),
    grace_days=st.sampled_from([0, 30]),
    thresholds=st.sampled_from([(40, 400), (2_000, 9_000, 30_000)]),
)
_HELD = """
SELECT t.threshold FROM member_tier m
LEFT JOIN tier t ON t.shop_id = m.shop_id AND t.id = m.tier_id WHERE m.member_id = :id
"""


class Rising(RuleBasedStateMachine):
    """Tiers multiply nothing here: what orders earn is the same with and without."""

    shop: Shop | None
    _friends: Friends | None

    def __init__(self) -> None:
        super().__init__()
        self.ladder: Ladder | None = None

    def have_tiers(self, ladder: Ladder, terms: Terms) -> None:
        """Turn them on. Points that expire or are held are measured by the worked cases."""
        if terms.hold_days or terms.expiry.mode != "never":
            ladder = Ladder("spend", ladder.cycle, ladder.grace_days, ladder.thresholds)
        shop, self.ladder = self.shop, ladder
        assert shop
        plan = read_plan(
            is_on=True,
            metric=ladder.metric,
            cycle=ladder.cycle,
            grace_days=ladder.grace_days,
            counts_grants=False,
            counts_imports=False,
            rungs=[
                RungText(None, name, _written(threshold, ladder))
                for name, threshold in zip(_NAMES, ladder.thresholds, strict=False)
            ],
            currency="EUR",
            zone=shop.shop.timezone,
            known={},
        )
        save_plan(shop.session, shop.shop, plan, actor=STAFF, now=shop.now)
        self.night()

    @rule(days=st.sampled_from([1, 29, 45, 200, 366, 400]))
    def sleep(self, days: int) -> None:
        """Days go by, and the job of the last night has looked at everybody."""
        assert self.shop
        self.shop.wait(timedelta(days=days))
        self.night()
        if self._is_compared():
            for customer_id in CUSTOMERS:
                assert self.held(customer_id) == self.deserved(customer_id), self.ladder

    @invariant()
    def who_has_risen_knows_it_at_once(self) -> None:
        if self.shop and self._is_compared():
            for customer_id in CUSTOMERS:
                assert self.held(customer_id) >= self.deserved(customer_id), self.ladder

    def night(self) -> None:
        """Let the nightly job look at the whole shop."""
        shop = self.shop
        assert shop
        round_ = begin_round(shop.session, shop.shop.shop_id, now=shop.now)
        if round_ is not None:
            look_at_batch(shop.session, shop.shop, round_, None, now=shop.now, limit=99)
            assert end_round(shop.session, shop.shop.shop_id, round_)

    def held(self, customer_id: int) -> int:
        """The rank that is written for who this customer is."""
        assert self.shop and self.ladder
        self.shop.session.flush()
        found = self.shop.session.scalars(text(_HELD), {"id": self.shop.member(customer_id)})
        threshold = found.one_or_none()
        return NO_TIER if threshold is None else self.ladder.thresholds.index(threshold)

    def deserved(self, customer_id: int) -> int:
        """The rank by what has arrived of the orders of all customers whom they are."""
        assert self.shop and self.ladder
        member_id, shop = self.shop.member(customer_id), self.shop
        amounts: list[tuple[date, int]] = []
        for known in shop.known.values():
            state = known.state
            if state is None or shop.member(state.customer_id) != member_id:
                continue
            counts = state.is_paid and state.cancelled_at is None
            spend = state.current_total_minor if counts else 0
            points = sum(award.standing for award in known.awards)
            amount = spend if self.ladder.metric == "spend" else points
            amounts.append((shop.day(state.placed_at), amount))
        return self.ladder.rank(amounts, shop.day(NOON), shop.today)

    def _is_compared(self) -> bool:
        """Points for friends count as well; the worked cases measure them."""
        return self.ladder is not None and (self.ladder.metric == "spend" or not self._friends)


def _written(threshold: int, ladder: Ladder) -> str:
    """A threshold as a merchant types it: an amount, or points."""
    if ladder.metric == "points":
        return str(threshold)
    return f"{threshold // 100}.{threshold % 100:02}"
