"""Saving rewards: checked, versioned, audited. Flushes; the caller commits.

The invariant: a reward that is saved can be redeemed by somebody; redemptions keep their terms.
"""

from collections.abc import Mapping
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty import audit, outbox
from loyalty.audit import Actor
from loyalty.base.errors import BadReward, RewardNotFound
from loyalty.base.ids import new_id
from loyalty.base.said import said
from loyalty.catalogue.tables import Product
from loyalty.rewards.checking import Given, RewardSettings, check_reward
from loyalty.rewards.tables import Reward
from loyalty.shops.tables import Shop
from loyalty.tiers.tables import Tier

DEFAULTS: dict[str, Any] = {
    "pricing": "fixed",
    "limit_period": "ever",
    "visibility": "everywhere",
    "tier_ids": [],
    "validity_days": 30,
    "code_source": "made",
    "combines_with": {},
    "is_active": True,
}
_SETTINGS = tuple(field.name for field in fields(RewardSettings))
_TEXTS = {"amount": "amount_minor", "minimum_cart": "minimum_cart_minor"}
_FIXED = ("kind", "pricing", "code_source")
_OFF = {"is_active": False}
"""Whatever else is wrong with it, it can be switched off."""


def add_reward(
    session: Session, shop: Shop, given: Given, *, actor: Actor, now: datetime
) -> Reward:
    """A new reward from the settings `given`; raises BadReward with the field and the reason."""
    reward = Reward(shop_id=shop.shop_id, id=new_id(), version=1, created_at=now)
    _apply(session, shop, reward, DEFAULTS | dict(given), before={})
    session.add(reward)
    session.flush()
    _audit(session, reward, "reward_added", {}, actor, now)
    _tell_cards(session, shop, now)
    return reward


def change_reward(
    session: Session, shop: Shop, reward_id: UUID, given: Given, *, actor: Actor, now: datetime
) -> Reward:
    """The reward with what is `given` changed, as a new version; redemptions keep their terms.

    Its kind, pricing and source of codes stay. Raises BadReward, RewardNotFound.
    """
    reward = session.get(Reward, (shop.shop_id, reward_id), with_for_update=True)
    if reward is None:
        raise RewardNotFound(said("There is no such reward"))
    for field in _FIXED:
        if given.get(field, getattr(reward, field)) != getattr(reward, field):
            raise BadReward(
                field,
                said("stays %(value)s: make a new reward instead", value=getattr(reward, field)),
            )
    before = settings_of(reward)
    if dict(given) == _OFF:
        reward.is_active = False
    else:
        kept = {name: value for name, value in before.items() if name not in _replaced(given)}
        _apply(session, shop, reward, kept | dict(given), before=before)
    if settings_of(reward) != before:
        reward.version += 1
        session.flush()
        _audit(session, reward, "reward_changed", before, actor, now)
        _tell_cards(session, shop, now)
    return reward


def _tell_cards(session: Session, shop: Shop, now: datetime) -> None:
    """Every card of the shop says which reward can be had."""
    outbox.stage(session, shop.shop_id, outbox.CARDS_CHANGED, now=now)


def settings_of(reward: Reward) -> dict[str, Any]:
    """The settings of a reward by name."""
    return {name: getattr(reward, name) for name in _SETTINGS}


def _replaced(given: Given) -> set[str]:
    """The minor units of which a new amount in shop money is given."""
    return {minor for text, minor in _TEXTS.items() if text in given and minor not in given}


def _apply(
    session: Session,
    shop: Shop,
    reward: Reward,
    given: Mapping[str, object],
    before: Mapping[str, Any],
) -> None:
    for name in sorted(set(given) - {*_SETTINGS, *_TEXTS}, key=str):
        raise BadReward(str(name)[:40], said("is no setting of a reward"))
    checked = check_reward(given, shop.currency)
    _check_known(session, shop.shop_id, checked, before)
    for name in _SETTINGS:
        if getattr(reward, name) != getattr(checked, name):
            setattr(reward, name, getattr(checked, name))


def _check_known(
    session: Session, shop_id: int, checked: RewardSettings, before: Mapping[str, Any]
) -> None:
    """Refuse tiers and products that the shop does not have; one it had before may be gone."""
    tiers = set(checked.tier_ids) - set(before.get("tier_ids", ()))
    known = session.scalars(
        select(Tier.id).where(Tier.shop_id == shop_id, Tier.retired_at.is_(None))
    )
    if missing := tiers - {str(each) for each in known}:
        raise BadReward("tier_ids", said("%(id)s is none of this shop's", id=min(missing)))
    product_id = checked.product_id
    if product_id is None or product_id == before.get("product_id"):
        return
    product = session.get(Product, (shop_id, product_id))
    if product is None or product.deleted_at is not None:
        raise BadReward("product_id", said("%(id)s is none of this shop's", id=product_id))


def _audit(
    session: Session,
    reward: Reward,
    action: str,
    before: Mapping[str, Any],
    actor: Actor,
    now: datetime,
) -> None:
    after = settings_of(reward)
    changed = [name for name in after if before.get(name) != after[name]]
    audit.record(
        session,
        reward.shop_id,
        actor,
        action,
        ("reward", str(reward.id)),
        now=now,
        version=reward.version,
        before={name: _plain(before[name]) for name in changed} if before else None,
        after={name: _plain(after[name]) for name in changed},
    )


def _plain(value: object) -> object:
    """As JSON keeps it: decimals and dates as text."""
    return str(value) if isinstance(value, Decimal | date) else value
