"""The traces of who proves that it is them: a code asked for by email, and one for the till."""

from sqlalchemy.orm import Session

from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.proofs.challenges import ask
from loyalty.till.codes import show_code
from tests.jobs.privacy.shopper import Shopper


def prove_themselves(session: Session, who: Shopper) -> None:
    """Ask for both codes, with a name in what the first is for."""
    now, ids = utc_now(), (who.shop_id, who.member_id)
    me = Actor("member", str(who.member_id))
    gift = {"reward": f"A cup for {who.first_name}"}
    ask(session, *ids, "redeem", body=gift, said=gift, actor=me, now=now)
    show_code(session, *ids, secret=b"s" * 32, now=now)
