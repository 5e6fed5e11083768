"""A page's form as a browser would send it: the fields with what stands in them."""

from html.parser import HTMLParser

Fields = list[tuple[str, str]]


def fields_of(page: str, form_id: str) -> Fields:
    """The fields of the form `form_id`, in the page's order; AssertionError without such a form."""
    reader = _Reader(form_id)
    reader.feed(page)
    assert reader.was_there, f"no form {form_id}"
    return reader.fields


def changed(fields: Fields, **changes: str) -> Fields:
    """The same fields after a person wrote into some; `rule_0_value` stands for `rule.0.value`."""
    found = {name.replace("_", "."): value for name, value in changes.items()}
    names = {name for name, _ in fields}
    assert found.keys() <= names, found.keys() - names
    return [(name, found.get(name, value)) for name, value in fields]


class _Reader(HTMLParser):
    def __init__(self, form_id: str) -> None:
        super().__init__()
        self.form_id = form_id
        self.fields: Fields = []
        self.was_there = False
        self._inside = False
        self._select: tuple[str, list[tuple[str, bool]]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = given.get("id") == self.form_id
            self.was_there = self.was_there or self._inside
        elif self._inside and tag == "input" and given.get("name"):
            is_tick = given.get("type") in ("checkbox", "radio")
            if not is_tick or "checked" in given:
                self.fields.append((given["name"], given.get("value", "")))
        elif self._inside and tag == "select":
            self._select = (given["name"], [])
        elif tag == "option" and self._select:
            self._select[1].append((given.get("value", ""), "selected" in given))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "select" and self._select:
            name, options = self._select
            chosen = [value for value, is_chosen in options if is_chosen]
            self.fields.append((name, chosen[-1] if chosen else options[0][0]))
            self._select = None
