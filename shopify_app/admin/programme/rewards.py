"""Settings, Programme, Rewards: all of them, the editor, and the stock of imported codes.

The invariant: what is refused is written nowhere, and stands in the form as it was typed.
"""

from typing import Any
from uuid import UUID

from flask import Response, g, make_response, render_template, request, url_for
from sqlalchemy import or_, select
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound, RequestEntityTooLarge

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import BadReward
from loyalty.catalogue.tables import Product
from loyalty.rewards import saving, words
from loyalty.rewards.listing import get_reward, list_rewards
from loyalty.rewards.stock import Report, count_free, import_codes
from loyalty.rewards.tables import REWARD_KINDS, Reward
from loyalty.shops.tables import Shop
from loyalty.tiers.tables import Tier
from shopify_app.admin.languages import _, say
from shopify_app.admin.pages import blueprint, enter, parse_id
from shopify_app.admin.programme import reward_form
from shopify_app.admin.programme import words as programme_words
from shopify_app.admin.programme.form import Typed, not_switched_on, numbers
from shopify_app.admin.responses import go_to
from shopify_app.platform.admin_auth import admin_page

_WORDS: dict[str, Any] = {
    "kinds": programme_words.REWARD_KINDS,
    "pricings": programme_words.PRICINGS,
    "periods": programme_words.LIMIT_PERIODS,
    "visibilities": programme_words.VISIBILITIES,
    "sources": programme_words.SOURCES,
    "classes": programme_words.CLASSES,
    "amounts": reward_form.AMOUNTS,
    "with_codes": reward_form.WITH_CODES,
    "with_minimum": reward_form.WITH_MINIMUM,
}


@blueprint.get("/app/settings/programme/rewards")
@admin_page
def programme_rewards() -> str:
    """All rewards, the cheapest first, with what is left of their stock."""
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        rows = [
            (reward, words.worth_of(reward, shop), _stock(session, reward))
            for reward in list_rewards(session, g.shop_id)
        ]
        return render_template("admin/programme/rewards.html", rows=rows)


@blueprint.get("/app/settings/programme/rewards/new")
@admin_page
def new_reward() -> str:
    """The kinds of rewards; with `kind` the form for it."""
    kind = request.args.get("kind")
    with shop_transaction(g.shop_id) as session:
        enter(session)
        if kind is None:
            return render_template("admin/programme/reward_kinds.html", **_WORDS)
        values = _editor(session, reward_form.blank(), _kind(kind), None)
        return render_template("admin/programme/reward.html", **values)


@blueprint.get("/app/settings/programme/rewards/<reward_id>")
@admin_page
def reward(reward_id: str) -> str:
    """The form of one reward, and its stock."""
    wanted = parse_id(reward_id)
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        found = get_reward(session, g.shop_id, wanted)
        form = reward_form.shown(found, shop.currency)
        return render_template(
            "admin/programme/reward.html", **_editor(session, form, found.kind, found)
        )


@blueprint.post("/app/settings/programme/rewards")
@admin_page
def add_reward() -> Response:
    """Save a new reward, or give the form back with what is wrong."""
    return _save(None)


@blueprint.post("/app/settings/programme/rewards/<reward_id>")
@admin_page
def save_reward(reward_id: str) -> Response:
    """Save a changed one, likewise."""
    return _save(parse_id(reward_id))


@blueprint.post("/app/settings/programme/rewards/<reward_id>/switch")
@admin_page
def switch_reward(reward_id: str) -> Response:
    """Offer it, or not, from now on; one that cannot work stays off, and its form says why."""
    wanted, is_active = parse_id(reward_id), request.form.get("is_active") == "1"
    given = {"is_active": is_active}
    try:
        with shop_transaction(g.shop_id) as session:
            shop = enter(session)
            saving.change_reward(session, shop, wanted, given, actor=g.actor, now=utc_now())
    except BadReward as refusal:
        told = not_switched_on(refusal.field, refusal)
        return go_to(url_for("admin.reward", reward_id=wanted), told)
    told = _("Reward switched on") if is_active else _("Reward switched off")
    return go_to(url_for("admin.programme_rewards"), told)


@blueprint.post("/app/settings/programme/rewards/<reward_id>/codes")
@admin_page
def import_reward_codes(reward_id: str) -> Response:
    """Add the codes of a file to the stock; says of each line that was left out why."""
    wanted = parse_id(reward_id)
    report: Report | None = None
    error = ""
    try:
        text = _uploaded()
        with shop_transaction(g.shop_id) as session:
            enter(session)
            report = import_codes(session, g.shop_id, wanted, text, actor=g.actor, now=utc_now())
    except BadReward as refusal:
        error = say(refusal)
    with shop_transaction(g.shop_id) as session:
        enter(session)
        found = get_reward(session, g.shop_id, wanted)
        stock = _stock(session, found)
        page = render_template(
            "admin/programme/_reward_stock.html",
            reward=found,
            stock=stock,
            report=report,
            error=error,
        )
    return make_response(page, 422 if error else 200)


def _uploaded() -> str:
    """The file's text. Raises BadReward of the field `codes`."""
    try:
        file = request.files.get("codes")
        body = file.read() if file else b""
    except RequestEntityTooLarge as error:
        raise BadReward("codes", _("The file is too large: send at most 100,000 codes")) from error
    if not body:
        raise BadReward("codes", _("Choose a file with codes in it"))
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadReward("codes", _("The file is not in UTF-8: save it as CSV UTF-8")) from error


def _save(reward_id: UUID | None) -> Response:
    form = Typed.of(request)
    try:
        with shop_transaction(g.shop_id) as session:
            saved = _write(session, enter(session), form, reward_id)
            wants_codes = reward_id is None and saved.code_source == "stock"
            address = url_for("admin.reward", reward_id=saved.id)
    except BadReward as refusal:
        refused = form.refused(refusal.field, refusal.args[0], reward_form.FIELDS)
        return _refuse(refused, reward_id, refusal.status)
    if wants_codes:
        return go_to(address, _("Reward saved. Import its codes."))
    return go_to(url_for("admin.programme_rewards"), _("Reward saved"))


def _write(session: Session, shop: Shop, form: Typed, reward_id: UUID | None) -> Reward:
    now = utc_now()
    if reward_id is None:
        given = reward_form.read_new(form, _kind(form.text("kind")))
        return saving.add_reward(session, shop, given, actor=g.actor, now=now)
    before = get_reward(session, g.shop_id, reward_id)
    given = reward_form.read(form, before.kind, before.pricing)
    return saving.change_reward(session, shop, reward_id, given, actor=g.actor, now=now)


def _refuse(form: Typed, reward_id: UUID | None, status: int) -> Response:
    """The form again, in a transaction of its own: the first one was rolled back."""
    with shop_transaction(g.shop_id) as session:
        enter(session)
        found = get_reward(session, g.shop_id, reward_id) if reward_id else None
        kind = found.kind if found else _kind(form.text("kind"))
        page = render_template(
            "admin/programme/_reward_form.html", **_editor(session, form, kind, found)
        )
    return make_response(page, status)


def _editor(session: Session, form: Typed, kind: str, found: Reward | None) -> dict[str, Any]:
    action = url_for("admin.add_reward")
    if found is not None:
        action = url_for("admin.save_reward", reward_id=found.id)
    shop = session.get_one(Shop, g.shop_id)
    return {
        "form": form,
        "kind": kind,
        "reward": found,
        "action": action,
        "currency": shop.currency,
        "tiers": _tiers(session, form),
        "product": _product(session, form),
        "stock": _stock(session, found) if found else None,
        **_WORDS,
    }


def _tiers(session: Session, form: Typed) -> list[tuple[str, str]]:
    """Tiers to choose of, and those that are chosen and gone since."""
    known = session.scalars(
        select(Tier)
        .where(Tier.shop_id == g.shop_id)
        .where(or_(Tier.retired_at.is_(None), Tier.id.in_(_uuids(form.chosen("tier_ids")))))
        .order_by(Tier.threshold)
    )
    return [(str(tier.id), tier.name) for tier in known]


def _uuids(texts: list[str]) -> list[UUID]:
    found = []
    for text in texts:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


def _product(session: Session, form: Typed) -> str | None:
    """The title of the product whose number stands in the form."""
    [number] = numbers([form.text("product_id")])
    if not isinstance(number, int) or number >= 2**63:
        return None
    product = session.get(Product, (g.shop_id, number))
    return product.title if product else None


def _stock(session: Session, found: Reward) -> int | None:
    if found.code_source != "stock":
        return None
    return count_free(session, g.shop_id, found.id)


def _kind(text: str) -> str:
    if text not in REWARD_KINDS:
        raise NotFound
    return text
