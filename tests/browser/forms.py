"""Forms of the admin filled in and sent at once, for tests that are about what comes after."""

from playwright.sync_api import Frame

from tests.browser.admin import Admin

_FILL = """([id, typed]) => {
    const form = document.getElementById(id);
    for (const [name, value] of Object.entries(typed)) {
        const field = form.elements[name];
        if (field.type === 'checkbox') field.checked = true;
        else if (field instanceof RadioNodeList)
            [...field].find((one) => one.value === value).checked = true;
        else field.value = value;
        form.dispatchEvent(new Event('input', { bubbles: true }));
    }
}"""


def send(admin: Admin, path: str, form: str, *, ready: str = "", **typed: str) -> str:
    """Fill the form in, and send it once `ready` is in it; where it leads."""
    frame = admin.open(path)
    before = _here(frame)
    frame.evaluate(_FILL, [form, typed])
    frame.locator(f"#{form}{ready}").first.wait_for(state="attached")
    frame.evaluate("id => document.getElementById(id).requestSubmit()", form)
    frame.wait_for_function(
        'before => !location.pathname.endsWith(before) || document.querySelector(".critical")',
        arg=before,
    )
    assert _here(frame) != before, frame.locator(f"#{form}").inner_text()
    return _here(frame)


def linked(admin: Admin, path: str, name: str) -> str:
    """Where the first link of this name on a page leads."""
    link = admin.open(path).get_by_role("link", name=name).first
    address = link.get_attribute("href")
    assert address is not None
    return address.removeprefix("/app")


def _here(frame: Frame) -> str:
    address: str = frame.evaluate("location.pathname")
    return address.removeprefix("/app")
