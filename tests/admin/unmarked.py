"""What a person would read that no translator would ever see: texts outside of `_` and `trans`."""

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from jinja2 import Environment, nodes

from shopify_app import admin

ADMIN = Path(admin.__file__).parent

_JINJA = Environment(extensions=["jinja2.ext.i18n"])
_ICONS = {path.stem.removesuffix("Icon") for path in (ADMIN / "static").rglob("*.svg")} | {"Encore"}
_HTTP = {"Authorization", "Vary"}
_ATTRIBUTES = re.compile(r"""^(?:[\w:-]+=(?:"[^"]*"|'[^']*') ?)+$""")
"""What a macro writes into its caller's tag."""
_COLUMNS = ("_HEADER", "_COLUMNS")
"""Tables of the names of a CSV file's columns, which programs read."""
_MARKS = ("_", "ngettext", "gettext", "N_", "said")
_UNREAD = ("info", "warning", "error", "text", "execute", "compile")
_READ_ALOUD = ("aria-label", "placeholder", "title", "alt", "data-confirm", "label")
_WORD = re.compile(r"[A-Za-z]{2,}")
_TEXT = re.compile(r"^[A-Z][a-z]+(['’]?[a-z]* |[a-z]*[.…?!:]?$)|^[a-z]+ [a-z]+ ")
_NAMES = re.compile(
    r"^(Encore|Shopify|Amazon|Apple|Google|Instagram|Facebook|Pinterest|Threads)( |$)(?!.* )"
)


class _Texts(HTMLParser):
    """The text and the spoken attributes of a piece of HTML with the dynamic parts cut out."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self.found.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in _READ_ALOUD and value]


def unmarked_of_template(source: str) -> list[str]:
    """The words of a template that would be English in every language."""
    tree = _JINJA.parse(source)
    html = "".join(
        node.data if isinstance(node, nodes.TemplateData) else "\0"
        for output in tree.find_all(nodes.Output)
        for node in output.nodes
    )
    texts = _Texts()
    texts.feed(html)
    plain = [" ".join(text.replace("\0", "").split()) for text in texts.found]
    plain = [text for text in plain if not _ATTRIBUTES.match(text)]
    return [text for text in plain if _WORD.search(text) and not _NAMES.match(text)] + [
        text for text in _constants(tree, marked=False) if _is_read(text)
    ]


def _is_read(text: str) -> bool:
    """Whether it is a sentence or a word on a page, and no icon's name."""
    return bool(_TEXT.match(text)) and text not in _ICONS | _HTTP and not _NAMES.match(text)


def _constants(node: nodes.Node, *, marked: bool) -> Iterator[str]:
    if isinstance(node, nodes.Const) and isinstance(node.value, str) and not marked:
        yield node.value
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name):
        marked = marked or node.node.name in (*_MARKS, "icon")
    for child in node.iter_child_nodes():
        yield from _constants(child, marked=marked)


def unmarked_of_module(path: Path) -> list[str]:
    """The sentences of a module that no mark stands at; docstrings and logs are for us."""
    tree = ast.parse(path.read_text())
    return [f"{line}: {text}" for line, text in _sentences(tree, marked=False) if _is_read(text)]


def _sentences(node: ast.AST, *, marked: bool) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in _COLUMNS:
        return
    if isinstance(node, ast.Call):
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        marked = marked or name in (*_MARKS, *_UNREAD)
    if isinstance(node, ast.Raise) and not marked:
        marked = isinstance(node.exc, ast.Call) and getattr(node.exc.func, "id", "") in (
            "TypeError",
            "ValueError",
            "AssertionError",
            "RuntimeError",
        )
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and not marked:
        yield node.lineno, node.value
    annotations = (getattr(node, "annotation", None), getattr(node, "returns", None))
    codes = node.keys if isinstance(node, ast.Dict) else ()
    for child in ast.iter_child_nodes(node):
        if child not in (*annotations, *codes):
            yield from _sentences(child, marked=marked)
