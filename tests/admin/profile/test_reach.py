"""R31, R32, R56-R65: what the profile shows of passes, pushes, clicks and the member's switches."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from loyalty import timeline
from loyalty.audit import Actor
from loyalty.base.db import shop_transaction
from loyalty.base.ids import new_id
from loyalty.preferences import Name, set_preference
from loyalty.queries.paging import encode
from tests.admin.cast import ShopAndClient
from tests.admin.profile.test_profile import stat
from tests.factories.facts import NOON
from wallet.clicks import note_click
from wallet.hops import Hop, note_hop
from wallet.links import ClickLink, Platform
from wallet.tables import AppleRegistration, PassRevision, PassType, WalletPass


@pytest.fixture
def path(alice: UUID) -> str:
    """Alice's profile."""
    return f"/app/members/{alice}"


def test_cards_count_messages_and_clicks_on_passes(
    aurora: ShopAndClient, alice: UUID, path: str
) -> None:
    with shop_transaction(aurora.shop_id) as session:
        for kind in (timeline.PUSH_CREATED, timeline.PUSH_SENT, timeline.PUSH_SENT):
            timeline.note_event(session, aurora.shop_id, alice, kind, NOON, platform="apple")
        click(session, aurora.shop_id, alice, "apple", 0)
        click(session, aurora.shop_id, alice, "apple", 5)
        click(session, aurora.shop_id, alice, "google", 5)
        click(session, aurora.shop_id, alice, "email", 5)

    page = aurora.get(path).text

    assert stat(page, "Pushes sent") == "2"
    assert stat(page, "Clicks").startswith("3")
    assert "Apple 2 · Google 1" in page
    assert page.count("Pass link clicked") == 4


def test_switches_are_shown_active_or_paused_and_cannot_be_turned(
    aurora: ShopAndClient, alice: UUID, path: str
) -> None:
    prefer(aurora.shop_id, alice, "balance", False)
    prefer(aurora.shop_id, alice, "reward", False)

    page = aurora.get(path).text

    switches = page.split('id="preferences"')[1].split("</ul>")[0]
    words = [part.split("</span>")[0] for part in switches.split("<span>")[1:]]
    assert words == ["Balance", "Location", "Marketing", "Tier", "Reward available"]
    states = [part.split("</span>")[0] for part in switches.split('class="badge')[1:]]
    assert [state.split(">")[1] for state in states] == [
        *("Paused", "Active", "Active", "Active", "Paused"),
    ]
    assert "<button" not in switches and "<input" not in switches
    assert aurora.post(f"{path}/preferences", balance="active").status_code in (404, 405)
    assert "Balance: paused" in page


def test_another_shops_switches_are_not_shown(
    aurora: ShopAndClient, alice: UUID, borealis: ShopAndClient, bob: UUID, path: str
) -> None:
    prefer(borealis.shop_id, bob, "balance", False)

    assert ">Paused<" not in aurora.get(path).text


def test_installed_pass_puts_the_member_within_reach(
    aurora: ShopAndClient, alice: UUID, path: str
) -> None:
    install(aurora.shop_id, alice)

    page = aurora.get(path).text

    assert "<span>Apple Wallet</span> <strong>1</strong>" in page
    assert "<span>Google Wallet</span> <strong>0</strong>" in page
    assert "Push can reach this member" in page


@pytest.mark.parametrize(
    ("hops", "verdict"),
    [
        (["queued"], "Waiting to be sent."),
        (["queued", "refused"], "Refused: 503 ServiceUnavailable."),
        (["queued", "refused", "accepted"], "No phone has come for it yet"),
        (["queued", "accepted", "asked"], "has not fetched the card yet"),
        (["queued", "accepted", "asked", "fetched"], "The new card is on the phone."),
        (["queued", "asked", "fetched"], "The new card is on the phone."),
    ],
)
def test_each_push_tells_how_far_it_came(
    aurora: ShopAndClient, alice: UUID, path: str, hops: list[Hop], verdict: str
) -> None:
    card = install(aurora.shop_id, alice)
    walk(aurora.shop_id, card, 2, hops, notice="balance")

    page = aurora.get(path).text

    assert verdict in page
    assert "</strong> · Balance</p>" in page
    assert "neither Apple nor Google tells" in page


def test_silent_change_is_called_silent(aurora: ShopAndClient, alice: UUID, path: str) -> None:
    card = install(aurora.shop_id, alice)
    walk(aurora.shop_id, card, 2, ["queued", "accepted"], notice=None)

    assert "Silent change of the card" in aurora.get(path).text


def test_pushes_are_loaded_batch_by_batch_newest_first(
    aurora: ShopAndClient, alice: UUID, path: str
) -> None:
    card = install(aurora.shop_id, alice)
    for revision in range(2, 14):
        walk(aurora.shop_id, card, revision, ["queued"], notice="balance")

    pages = [aurora.get(path).text.split('class="pushes"')[1].split("</ol>")[0]]
    while "/pushes?after=" in pages[-1]:
        after = pages[-1].split("/pushes?after=")[1].split('"')[0]
        pages.append(aurora.get(f"{path}/pushes?after={after}").text)

    assert [page.count("Queued") for page in pages] == [5, 5, 2]
    times = re.findall(r'datetime="([^"]+)"', "".join(pages))
    assert times == sorted(times, reverse=True) and len(set(times)) == 12


def test_a_forged_cursor_shows_the_newest_pushes(
    aurora: ShopAndClient, alice: UUID, path: str
) -> None:
    card = install(aurora.shop_id, alice)
    walk(aurora.shop_id, card, 2, ["queued"], notice="balance")

    later = NOON + timedelta(days=1)
    for forged in ("nonsense", encode(later, 10**30, card.id), encode(later, 2**40, card.id)):
        answer = aurora.get(f"{path}/pushes?after={forged}")
        assert answer.status_code == 200 and answer.text.count("Queued") == 1


def prefer(shop_id: int, member_id: UUID, name: Name, is_active: bool) -> None:
    """Turn a switch as the member does."""
    actor = Actor("member", str(member_id))
    with shop_transaction(shop_id) as session:
        set_preference(session, shop_id, member_id, name, is_active, now=NOON, actor=actor)


def click(
    session: Session, shop_id: int, member_id: UUID, platform: Platform, minutes: int
) -> None:
    """Open a link some minutes after noon."""
    link = ClickLink(shop_id, member_id, platform)
    assert note_click(session, link, now=NOON + timedelta(minutes=minutes))
    session.flush()


def install(shop_id: int, member_id: UUID) -> WalletPass:
    """Put the member's Apple pass on one phone."""
    with shop_transaction(shop_id) as session:
        session.add(PassType(shop_id=shop_id, pass_type_id="pass.test", last_tag=1))
        session.flush()
        card = WalletPass(
            shop_id=shop_id,
            id=new_id(),
            member_id=member_id,
            platform="apple",
            pass_type_id="pass.test",
            authentication_token="x" * 32,
            revision=1,
            tag=1,
            content={},
            last_modified_at=NOON,
            created_at=NOON,
        )
        session.add(card)
        session.flush()
        session.add(
            AppleRegistration(
                shop_id=shop_id, pass_id=card.id, device_id="a" * 32, registered_at=NOON
            )
        )
    return card


def walk(
    shop_id: int, card: WalletPass, revision: int, hops: list[Hop], *, notice: str | None
) -> None:
    """Let a push of `revision` go through these hops, a second each."""
    with shop_transaction(shop_id) as session:
        at = NOON + timedelta(minutes=revision)
        session.add(
            PassRevision(
                shop_id=shop_id,
                pass_id=card.id,
                revision=revision,
                last_modified_at=at,
                said={},
                notice=notice,
            )
        )
        for number, hop in enumerate(hops):
            note_hop(
                session,
                shop_id,
                card.member_id,
                platform="apple",
                pass_id=card.id,
                revision=revision,
                hop=hop,
                now=at + timedelta(seconds=number),
                device_id="a" * 32,
                reason="503 ServiceUnavailable" if hop == "refused" else None,
            )
