"""Where the shop can be followed, and who has opened which of these links: each counts once.

Nobody can see whether a person really follows: the opened link is what counts.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, get_args
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty import audit, timeline
from loyalty.actions.awarding import award_action
from loyalty.actions.tables import FollowLink, MemberAction
from loyalty.audit import Actor
from loyalty.base.errors import BadReader
from loyalty.base.said import said
from loyalty.shops.tables import Shop

Network = Literal[
    "instagram", "facebook", "tiktok", "youtube", "x", "pinterest", "threads", "linkedin"
]
# Part of links that are out in the world: only ever append.
NETWORKS: tuple[Network, ...] = get_args(Network)
_HOSTS: dict[Network, tuple[str, ...]] = {
    "instagram": ("instagram.com",),
    "facebook": ("facebook.com", "fb.com"),
    "tiktok": ("tiktok.com",),
    "youtube": ("youtube.com", "youtu.be"),
    "x": ("x.com", "twitter.com"),
    "pinterest": ("pinterest.com",),
    "threads": ("threads.net", "threads.com"),
    "linkedin": ("linkedin.com",),
}
_URL_MAX = 300


def set_follow_link(
    session: Session, shop_id: int, network: str, url: str, *, actor: Actor, now: datetime
) -> None:
    """Set the shop's page on the network. Raises BadReader; audited; the caller commits."""
    checked = _check_url(_network(network), url)
    link = session.get(FollowLink, (shop_id, network), with_for_update=True)
    if link is None:
        link = FollowLink(shop_id=shop_id, network=network, made_at=now)
        session.add(link)
    link.url = checked
    subject = ("follow_link", network)
    audit.record(session, shop_id, actor, "follow_link_set", subject, now=now, url=checked)
    session.flush()


def remove_follow_link(
    session: Session, shop_id: int, network: str, *, actor: Actor, now: datetime
) -> bool:
    """Take the link off the members' pages; False when there was none."""
    link = session.get(FollowLink, (shop_id, _network(network)), with_for_update=True)
    if link is None:
        return False
    session.delete(link)
    subject = ("follow_link", network)
    audit.record(session, shop_id, actor, "follow_link_removed", subject, now=now)
    session.flush()
    return True


def list_follow_links(session: Session, shop_id: int) -> Sequence[FollowLink]:
    """The shop's pages, in the networks' order."""
    links = session.scalars(select(FollowLink).where(FollowLink.shop_id == shop_id))
    return sorted(links, key=lambda link: NETWORKS.index(_network(link.network)))


def list_followed(session: Session, shop_id: int, member_id: UUID) -> set[str]:
    """The networks whose link the member has opened."""
    rows = session.scalars(
        select(MemberAction.key).where(
            MemberAction.shop_id == shop_id,
            MemberAction.member_id == member_id,
            MemberAction.kind == "social_follow",
        )
    )
    return set(rows)


def follow(
    session: Session, shop: Shop, member_id: UUID, network: Network, *, now: datetime
) -> MemberAction | None:
    """The member opened the link: counted the first time, None after. The caller commits."""
    action = award_action(
        session, shop, member_id, "social_follow", key=network, occurred_at=now, now=now
    )
    if action is not None:
        kind = timeline.SOCIAL_FOLLOWED
        timeline.note_event(session, shop.shop_id, member_id, kind, now, network=network)
    return action


def _network(text: str) -> Network:
    for network in NETWORKS:
        if network == text:
            return network
    raise BadReader("network", said("Choose one of %(known)s", known=", ".join(NETWORKS)))


def _check_url(network: Network, url: str) -> str:
    """An https address on the network's own site, so that a link leads nowhere else."""
    text = url.strip()
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError as error:
        raise BadReader("url", said("This is no address")) from error
    is_there = any(host == known or host.endswith(f".{known}") for known in _HOSTS[network])
    is_plain = text.isascii() and text.isprintable() and " " not in text and len(text) <= _URL_MAX
    if parts.scheme != "https" or port or parts.username or not is_there or not is_plain:
        where = said("Enter the https address of your page on %(site)s", site=_HOSTS[network][0])
        raise BadReader("url", where)
    return text
