"""What POS gives an extension and what it refuses, tried with extensions of a few lines."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Frame, Page, Response, expect

from tests.sandbox.till.conftest import AURORA, MODAL, TILE, Bundle

pytestmark = pytest.mark.browser

Serve = Callable[[Path], str]


def test_tile_presents_the_modal_and_the_modal_closes_itself(
    page: Page, serve: Serve, bundle: Bundle
) -> None:
    # The home screen is drawn anew afterwards: once is enough.
    once = "if (!sessionStorage.once) { sessionStorage.once = 1; shopify.action.presentModal() }"
    tile = _script(TILE, once)
    modal = _script(MODAL, "shopify.toast.show('Good bye'); window.close()")

    page.goto(f"{serve(bundle(tile=tile, modal=modal))}/?shop={AURORA}")

    expect(page.locator("#toast")).to_have_text("Good bye", timeout=20_000)
    expect(page.locator("#modal")).to_be_hidden()


@pytest.mark.parametrize(
    ("script", "refusal"),
    [
        ("document.body.append(document.createElement('s-qr-code'))", "no element <s-qr-code>"),
        ("document.body.append(document.createElement('div'))", "no element <div>"),
        ("const b = document.createElement('s-button'); b.setAttribute('icon', 'x'); "
         "document.body.append(b)", "<s-button> has no property icon"),
        ("shopify.action.presentModal()", "no shopify.action"),
        ("shopify.i18n.translate('nothing')", "no words for nothing"),
        ("shopify.i18n.translate('hello')", "nothing to put for {{name}}"),
        ("shopify.cart = {}", "cannot be set"),
        ("await shopify.cart.setCustomer({id: 'gid://shopify/Customer/77'})", "wants {id: number}"),
        ("await shopify.cart.setCustomer({id: 5})", "no customer 5 in this shop"),
        ("await shopify.cart.applyCartDiscount('Code', 'x')", "does not model"),
        ("await shopify.cart.addCartCodeDiscount('NOPE')", "is not available to this customer"),
        ("shopify.pinPad.showPinPad(() => {}, {minPinLength: 3})", "4 to 10 digits, not 3"),
        ("await fetch('shopify:admin/api/graphql.json')", "direct API access is off"),
        ("await fetch('http://example.com/')", "https only"),
        ("await shopify.storage.set('k', 'x'.repeat(2 ** 20 + 1))", "too large"),
        ("await shopify.storage.set('k'.repeat(2000), 1)", "key is too long"),
    ],
)  # fmt: skip
def test_what_pos_does_not_have_is_refused_aloud(
    page: Page, serve: Serve, bundle: Bundle, script: str, refusal: str
) -> None:
    address = serve(bundle(modal=_script(MODAL, script)))

    # The page shows it first and tells the server then.
    with page.expect_response(_tells_of_a_refusal):
        _open_modal(page, address)

    expect(page.locator("#refusals")).to_contain_text(refusal, timeout=20_000)
    assert any(note["kind"] == "refused" for note in _ask(f"{address}/received"))


def test_tile_has_no_scanner(page: Page, serve: Serve, bundle: Bundle) -> None:
    address = serve(bundle(tile=_script(TILE, "shopify.scanner.showCameraScanner()")))

    page.goto(f"{address}/?shop={AURORA}")

    expect(page.locator("#refusals")).to_contain_text(f"{TILE} has no shopify.scanner")


def test_only_the_apps_own_server_gets_a_session_token(
    page: Page, serve: Serve, bundle: Bundle
) -> None:
    page.route("https://elsewhere.example/**", _echo)
    frame = _open_modal(page, serve(bundle()))

    own = frame.evaluate("fetch('/echo').then((answer) => answer.json())")
    foreign = frame.evaluate("fetch('https://elsewhere.example/').then((answer) => answer.json())")

    assert own == {"authorization": "Bearer token-of-7"}
    assert foreign == {"authorization": None}


def test_person_without_access_has_no_token(page: Page, serve: Serve, bundle: Bundle) -> None:
    frame = _open_modal(page, serve(bundle()), access="no")

    assert frame.evaluate("shopify.session.getSessionToken()") is None
    assert frame.evaluate("fetch('/echo').then((a) => a.json())") == {"authorization": None}


@pytest.mark.parametrize(
    ("mode", "arrivals"), [("lose_request", 0), ("lose_answer", 1), ("fail", 0)]
)
def test_fault_strikes_before_or_after_the_server(
    page: Page, serve: Serve, bundle: Bundle, shopify_url: str, mode: str, arrivals: int
) -> None:
    address = serve(bundle())
    frame = _open_modal(page, address)
    _ask(f"{address}/_control/faults", {"mode": mode, "path": "/echo"})

    first = frame.evaluate("fetch('/echo', {method: 'POST'}).then((a) => a.status, () => 'lost')")
    second = frame.evaluate("fetch('/echo', {method: 'POST'}).then((a) => a.status)")

    assert (first, second) == (503 if mode == "fail" else "lost", 200)
    assert len(_ask(f"{shopify_url}/_control/orders")) == arrivals + 1


def test_offline_till_reaches_nobody(page: Page, serve: Serve, bundle: Bundle) -> None:
    frame = _open_modal(page, serve(bundle()))
    # Playwright would call a function that comes out of it.
    frame.evaluate("void shopify.connectivity.current.subscribe((now) => window.told = now)")

    page.get_by_label("Offline").check()

    assert frame.evaluate("window.told") == {"internetConnected": "Disconnected"}
    assert frame.evaluate("fetch('/echo').catch((error) => error.message)") == (
        "Network request failed"
    )


def test_scan_reaches_whoever_listens_and_no_one_afterwards(
    page: Page, serve: Serve, bundle: Bundle
) -> None:
    frame = _open_modal(page, serve(bundle()))
    frame.evaluate(
        "window.heard = []; window.stop = "
        "shopify.scanner.scannerData.current.subscribe((scan) => heard.push(scan)); null"
    )

    for text in ("one", "one"):
        _scan(page, text)
    frame.evaluate("stop()")
    _scan(page, "three")

    assert frame.evaluate("heard") == [{"data": "one", "source": "camera"}] * 2


def test_checkout_sells_to_the_customer_of_the_cart(
    page: Page, serve: Serve, bundle: Bundle, shopify_url: str
) -> None:
    frame = _open_modal(page, serve(bundle()))
    frame.evaluate("shopify.cart.setCustomer({id: 77})")
    page.get_by_role("button", name="Close").click()
    expect(page.locator("#customer")).to_have_text("Alice")

    page.get_by_label("Custom sale").fill("a lot")
    page.get_by_role("button", name="Checkout").click()
    expect(page.locator("#receipt")).to_contain_text("Not paid")
    page.get_by_label("Custom sale").fill("12.50")
    page.get_by_role("button", name="Checkout").click()

    expect(page.locator("#receipt")).to_have_text("Paid 12.50, order #1001")
    expect(page.locator("#customer")).to_have_text("No customer")
    [order] = _ask(f"{shopify_url}/_control/orders")
    assert (order["customer_id"], order["location_id"], order["user_id"]) == (77, 5, 7)
    assert order["source"] == "pos"


def test_code_goes_with_its_customers_cart_and_onto_the_order(
    page: Page, serve: Serve, bundle: Bundle, shopify_url: str
) -> None:
    frame = _open_modal(page, serve(bundle()))
    frame.evaluate("shopify.cart.setCustomer({id: 77})")
    frame.evaluate("shopify.cart.addCartCodeDiscount('ENC-1')")
    page.get_by_role("button", name="Close").click()
    expect(page.locator("#discounts")).to_have_text("ENC-1: −5.00")
    expect(page.locator("#total")).to_have_text("Total 20.00")

    page.get_by_role("button", name="Checkout").click()

    expect(page.locator("#receipt")).to_contain_text("Paid")
    [order] = _ask(f"{shopify_url}/_control/orders")
    assert order["discounts"] == [{"code": "ENC-1"}]


def test_cart_that_loses_its_customer_loses_the_code(
    page: Page, serve: Serve, bundle: Bundle
) -> None:
    frame = _open_modal(page, serve(bundle()))
    frame.evaluate("shopify.cart.setCustomer({id: 77})")
    frame.evaluate("shopify.cart.addCartCodeDiscount('ENC-1')")
    page.get_by_role("button", name="Close").click()

    page.get_by_role("button", name="Remove").click()

    expect(page.locator("#discounts")).to_have_text("")
    expect(page.locator("#total")).to_have_text("Total 25.00")


def test_pin_pad_asks_the_extension_and_tells_it_how_it_closed(
    page: Page, serve: Serve, bundle: Bundle
) -> None:
    frame = _open_modal(page, serve(bundle()))
    frame.evaluate(
        "window.told = []; shopify.pinPad.showPinPad("
        "(pin) => pin.join('') === '271828' ? {result: 'accept'}"
        " : {result: 'reject', errorMessage: 'Wrong PIN'},"
        " {title: 'Manager', maxPinLength: 8, onDismissed: (result) => told.push(result)})"
    )
    pad = page.locator("#pin-pad")

    for pin, problem in (("123", "4 to 8 digits"), ("314159", "Wrong PIN")):
        pad.locator("#pin").fill(pin)
        pad.get_by_role("button", name="Submit").click()
        expect(pad.locator("#pin-problem")).to_have_text(problem)
    pad.locator("#pin").fill("271828")
    pad.get_by_role("button", name="Submit").click()

    expect(pad).to_be_hidden()
    assert pad.locator("#pin").get_attribute("type") == "password"
    assert frame.evaluate("told") == [{"completed": True, "pin": [2, 7, 1, 8, 2, 8]}]


def test_till_of_an_unknown_shop_does_not_open(page: Page, serve: Serve, bundle: Bundle) -> None:
    answer = page.goto(f"{serve(bundle())}/?shop=nobody.myshopify.com")

    assert answer is not None
    assert answer.status == 404


def test_wrong_fault_is_refused(serve: Serve, bundle: Bundle) -> None:
    address = serve(bundle())

    with pytest.raises(urllib.error.HTTPError, match="400"):
        _ask(f"{address}/_control/faults", {"mode": "explode"})

    assert _ask(f"{address}/_control/faults") == []


def _tells_of_a_refusal(answer: Response) -> bool:
    return answer.url.endswith("/_till/notes") and "refused" in (answer.request.post_data or "")


def _script(target: str, body: str) -> str:
    return f"shopify.extend('{target}', async () => {{ {body} }});"


def _open_modal(page: Page, address: str, **wanted: str) -> Frame:
    """The modal's frame, opened past our tile, once its script ran."""
    words = "".join(f"&{name}={value}" for name, value in wanted.items())
    page.goto(f"{address}/?shop={AURORA}{words}")
    page.evaluate(f"till.device.presentModal('{TILE}')")
    frame = page.locator("#modal iframe").element_handle().content_frame()
    assert frame is not None
    frame.wait_for_function(
        "typeof shopify !== 'undefined' && document.querySelector('script[src]')"
    )
    return frame


def _scan(page: Page, text: str) -> None:
    page.get_by_label("What to scan").fill(text)
    page.get_by_label("Scanner", exact=True).select_option("camera")
    page.get_by_role("button", name="Scan", exact=True).click()


def _echo(route: Any) -> None:
    headers = {"Access-Control-Allow-Origin": "*"}
    told = {"authorization": route.request.headers.get("authorization")}
    route.fulfill(json=told, headers=headers)


def _ask(url: str, content: dict[str, Any] | None = None) -> Any:
    body = None if content is None else json.dumps(content).encode()
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=30) as answer:
        return json.load(answer)
