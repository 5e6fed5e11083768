"""The pages that show a phone to a person."""

import requests

from tests.sandbox.apple import passes
from tests.sandbox.apple.apns_client import push
from tests.sandbox.apple.pass_server import PassServer
from tests.sandbox.apple.passes import set_field
from tests.sandbox.apple.stand_in import PhoneClient, StandIn

HTML = {"Accept": "text/html"}


def test_the_phones_page_draws_card_code_and_lock_screen(
    apple: StandIn, phone: PhoneClient, server: PassServer
) -> None:
    made = passes.content(server.url, organizationName="Aurora & <Sons>")
    server.publish(passes.build(apple.directory, made))
    phone.do("add", url=f"{server.url}/pass.pkpass")
    set_field(made, "balance", value="150")
    server.publish(passes.build(apple.directory, made))
    push(apple, phone.settled()["push_token"])
    phone.settled()

    page = requests.get(f"{apple.phone_url}/phones/{phone.id}", headers=HTML, timeout=10)

    assert page.headers["Content-Type"].startswith("text/html")
    for part in ("You now have 150 points", "Aurora &amp; &lt;Sons&gt;", "<svg", "Silver",
                 "Welcome", "background:rgb(24, 60, 52)"):  # fmt: skip
        assert part in page.text


def test_the_back_of_a_pass_has_links_and_no_other_markup(
    apple: StandIn, phone: PhoneClient, server: PassServer
) -> None:
    made = passes.content(server.url)
    rich = "<a href='http://localhost:1/c?a=1&b=2'>Shop</a><script>alert(1)</script>"
    made["storeCard"]["backFields"] = [
        {"key": "shop", "value": "Shop", "attributedValue": rich},
        {"key": "site", "value": "See http://localhost:2/terms <b>now</b>"},
    ]
    server.publish(passes.build(apple.directory, made))
    phone.do("add", url=f"{server.url}/pass.pkpass")

    page = requests.get(f"{apple.phone_url}/phones/{phone.id}", headers=HTML, timeout=10).text

    assert '<a href="http://localhost:1/c?a=1&amp;b=2">Shop</a>' in page
    assert 'href="http://localhost:2/terms"' in page
    assert "<script>alert" not in page and "<b>now" not in page


def test_a_person_sees_why_a_pass_was_refused(
    apple: StandIn, phone: PhoneClient, server: PassServer
) -> None:
    server.publish(b"no zip")

    page = requests.post(
        f"{apple.phone_url}/phones/{phone.id}/add",
        data={"url": f"{server.url}/pass.pkpass"}, headers=HTML, timeout=10,
    )  # fmt: skip

    assert page.status_code == 422
    assert "not_a_zip" in page.text


def test_the_received_page_lists_pushes_and_requests(
    apple: StandIn, phone: PhoneClient, server: PassServer
) -> None:
    server.publish(passes.build(apple.directory, passes.content(server.url)))
    phone.do("add", url=f"{server.url}/pass.pkpass")
    push(apple, phone.settled()["push_token"])
    phone.settled()

    page = requests.get(f"{apple.phone_url}/received", headers=HTML, timeout=10).text

    assert f"{server.url}/v1/passes/" in page
    assert "delivered" in page


def test_an_unknown_phone_or_fault_is_refused(apple: StandIn) -> None:
    assert requests.get(f"{apple.phone_url}/phones/999", timeout=10).status_code == 404
    wrong = requests.post(f"{apple.phone_url}/_control/faults", json={"kind": "x"}, timeout=10)
    assert wrong.status_code == 422
