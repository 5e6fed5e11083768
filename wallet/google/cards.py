"""A shop and a member's card in Google's words. Equal dictionaries when the card looks equal.

https://developers.google.com/wallet/retail/loyalty-cards/rest/v1/loyaltyobject (read 2026-11-22)
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.errors import ShopNotFound
from loyalty.members.tables import Member, MemberBalance
from loyalty.programme.tables import Programme
from loyalty.shops.tables import Shop
from wallet import setup
from wallet.card_links import click_url
from wallet.content import Content
from wallet.google.tables import GoogleObject
from wallet.marketing import SAME_AGAIN

LOCATIONS_MAX = 10
_DARK_GREEN = "#123b3a"
_INT32_MAX = 2**31 - 1

Payload = dict[str, Any]


def class_id_of(shop_id: int) -> str:
    """The id of the shop's class."""
    return f"{setup.google().issuer_id}.{shop_id}"


def class_payload(session: Session, shop_id: int) -> Payload:
    """The shop's class as it should be now. Raises ShopNotFound."""
    row = session.execute(
        select(Shop.name, Programme.name.label("programme"))
        .join(Programme, Programme.shop_id == Shop.shop_id)
        .where(Shop.shop_id == shop_id)
    ).one_or_none()
    if row is None:
        raise ShopNotFound(str(shop_id))
    app_url = setup.current().app_url
    return {
        "id": class_id_of(shop_id),
        "issuerName": row.name,
        "programName": row.programme,
        "programLogo": {"sourceUri": {"uri": f"{app_url}/google/logo.png"}},
        "hexBackgroundColor": _DARK_GREEN,
        "accountNameLabel": "Member",
        "accountIdLabel": "Member code",
        "reviewStatus": "UNDER_REVIEW",
        # One person on all their phones: a callback then says whether *the* card is saved.
        "multipleDevicesAndHoldersAllowedStatus": "ONE_USER_ALL_DEVICES",
        "callbackOptions": {"url": f"{app_url}/google/callbacks/{shop_id}"},
    }


def object_payload(session: Session, card: GoogleObject, content: Content) -> Payload:
    """The card as Google is to show `content`; one that is void names nobody."""
    ids = {"id": card.object_id, "classId": card.class_id}
    if content["voided"]:
        return ids | {"state": "INACTIVE"}
    state, points = _facts(session, card)
    payload = ids | {
        # An archived member's card rests among the expired ones until they come back.
        "state": "ACTIVE" if state == "active" else "INACTIVE",
        "accountId": content["short_code"],
        "barcode": _barcode(content),
        "smartTapRedemptionValue": content["token"],
        "loyaltyPoints": {"label": content["points_name"], "balance": _balance(points)},
        "linksModuleData": {"uris": [_link(card)]},
        "textModulesData": [
            # A tier is a class's on Google's own field; one class for all has it as a text.
            *([_text("tier", "Tier", content["tier"])] if content.get("tier") else []),
            *([_text("reward", "In reach", content["reward"])] if content.get("reward") else []),
            _text("member_since", "Member since", content["member_since"]),
        ],
    }
    if content["name"]:
        payload["accountName"] = content["name"]
    if content.get("message"):
        payload["messages"] = [_message(content)]
    if places := _places(content.get("locations", ())):
        payload["merchantLocations"] = places
    return payload


def _facts(session: Session, card: GoogleObject) -> tuple[str, int]:
    row = session.execute(
        select(Member.state, MemberBalance.available)
        .outerjoin(
            MemberBalance,
            (MemberBalance.shop_id == Member.shop_id) & (MemberBalance.member_id == Member.id),
        )
        .where(Member.shop_id == card.shop_id, Member.id == card.member_id)
    ).one()
    return row.state, row.available or 0


def _barcode(content: Content) -> Payload:
    return {"type": "QR_CODE", "value": content["token"], "alternateText": content["short_code"]}


def _balance(points: int) -> Payload:
    return {"int": points} if abs(points) <= _INT32_MAX else {"string": str(points)}


def _link(card: GoogleObject) -> Payload:
    # A card that came by a merge keeps its own address, which leads to the survivor meanwhile.
    member_id = card.home_member_id or card.member_id
    address = click_url(card.shop_id, member_id, platform="google")
    return {"id": "card", "uri": address, "description": "Your card online"}


def _text(name: str, header: str, body: str) -> Payload:
    return {"id": name, "header": header, "body": body}


def _message(content: Content) -> Payload:
    return {
        "id": content["message_id"],
        "header": content["organization"],
        "body": content["message"].removesuffix(SAME_AGAIN),
        "messageType": "TEXT",
        "displayInterval": {"end": {"date": content["message_until"]}},
    }


def _places(locations: Sequence[dict[str, Any]]) -> list[Payload]:
    # Degrees are the one place for floats: Google's field is a double.
    return [
        {"latitude": float(place["latitude"]), "longitude": float(place["longitude"])}
        for place in locations[:LOCATIONS_MAX]
    ]
