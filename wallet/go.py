"""`/go/<token>`: a signed address that counts who opens it and leads on. It leads nowhere else.

Where it leads is part of what we signed, the shop's own site, or its page on a network as the
merchant set it: never a part of the request.
"""

from dataclasses import replace

from flask import Blueprint, Response, redirect, request

from loyalty.actions.following import follow
from loyalty.actions.tables import FollowLink as FollowPage
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import LoyaltyError, MemberNotFound
from loyalty.base.machines import is_machine
from loyalty.members.identity import survivor_of
from loyalty.members.tables import Member
from loyalty.shops.directory import get_shop
from wallet import setup
from wallet.card_links import card_page_url
from wallet.clicks import note_click
from wallet.customer_answers import gone, not_found, protect
from wallet.errors import BadLink
from wallet.links import ClickLink, FollowLink, read_click_token, read_follow_token

blueprint = Blueprint("go", __name__, url_prefix="/go")

_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"


@blueprint.after_request
def _protect(response: Response) -> Response:
    return protect(response, _POLICY)


@blueprint.get("/<token>")
def go(token: str) -> Response:
    """303 to the card or the shop; 404 for a link that we did not sign, 410 for a card no more."""
    try:
        link = read_click_token(token, setup.current().link_secret)
        return redirect(_follow(link), 303)  # type: ignore[return-value]
    except BadLink:
        return not_found()
    except MemberNotFound:
        return gone()
    except LoyaltyError:
        return not_found()


@blueprint.get("/follow/<token>")
def go_and_follow(token: str) -> Response:
    """303 to the shop's page on a network; 404 once the shop has none there any more."""
    try:
        link = read_follow_token(token, setup.current().link_secret)
        url = _open_network(link)
    except (BadLink, LoyaltyError) as error:
        return gone() if isinstance(error, MemberNotFound) else not_found()
    return redirect(url, 303) if url else not_found()  # type: ignore[return-value]


def _open_network(link: FollowLink) -> str | None:
    with shop_transaction(link.shop_id) as session:
        shop = get_shop(session, link.shop_id)
        member_id = survivor_of(session, link.shop_id, link.member_id)
        member = session.get(Member, (link.shop_id, member_id))
        if member is None or member.state == "erased":
            raise MemberNotFound(str(member_id))
        page = session.get(FollowPage, (link.shop_id, link.network))
        if page is not None and not _is_machine():
            follow(session, shop, member_id, link.network, now=utc_now())
        return page.url if page else None


def _is_machine() -> bool:
    agent = request.headers.get("User-Agent", "")
    names = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
    purpose = " ".join(request.headers.get(name, "") for name in names)
    return is_machine(request.method, agent, purpose)


def _follow(link: ClickLink) -> str:
    with shop_transaction(link.shop_id) as session:
        shop = get_shop(session, link.shop_id)
        member_id = survivor_of(session, link.shop_id, link.member_id)
        if _is_machine():
            member = session.get(Member, (link.shop_id, member_id))
            if member is None or member.state == "erased":
                raise MemberNotFound(str(member_id))
        else:
            note_click(session, replace(link, member_id=member_id), now=utc_now())
        if link.target == "shop":
            return setup.current().shop_url(shop.domain)
    return card_page_url(link.shop_id, link.member_id)
