"""A reference page for each model, in Markdown, and a list of all with a search of its own.

What comes from a schema is written as escaped HTML or inside a fence that it cannot close, so that no text of others becomes
markup.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any, cast

from runcomfy.model.messages import printable
from runcomfy.snippets import command_line, curl, json_text, python
from runcomfy_codegen.schema.keywords import Schema
from runcomfy_codegen.spec.docstrings import limits_of, one_line
from runcomfy_codegen.spec.model_spec import TYPED_MODELS

from .models import ExportedModel

__all__ = ["model_pages"]

_BASE_URL = "https://model-api.runcomfy.net"
#: Pages of models are many: the list has a search of its own, and the site's search leaves them out.
_FRONT = "---\nsearch:\n  exclude: true\n---\n\n"
_BACKTICKS = re.compile(r"`+")
_TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "null",
    "object": "object",
}
_SEARCH = "width:100%;padding:.4rem;border:1px solid currentColor;border-radius:.2rem"
#: The longest value that is shown of a demo.
_DEMO = 160


def model_pages(models: Sequence[ExportedModel], package: str, script: str) -> dict[str, str]:
    """Path -> text of all pages, of the index that the search reads, and of the search's ``script``."""
    owned = Counter(one.owner for one in models)
    pages = {}
    for one in models:
        module = f".{one.module}" if owned[one.owner] > TYPED_MODELS else ""
        place = f"{package}.{one.owner}{module}"
        pages[page_path(one)] = "\n".join(_page(one, place)) + "\n"
    index = [
        {
            "id": one.model_id,
            "name": _fact(one, "display_name"),
            "about": one_line(
                _words(one.input.get("description")) or _fact(one, "description"), 160
            ),
            "tags": [tag for tag in one.facts.get("categories", ()) if isinstance(tag, str)],
            "page": posixpath.splitext(page_path(one))[0] + "/",
        }
        for one in models
    ]
    listed = json.dumps(index, ensure_ascii=True, separators=(",", ":"))
    return {"index.md": _list(models), "models.json": listed + "\n", "models.js": script, **pages}


def page_path(model: ExportedModel) -> str:
    """Where the page of a model lies: the subpackage of its owner, and its module."""
    return f"{model.owner}/{model.module}.md"


def _list(models: Sequence[ExportedModel]) -> str:
    """The list page. Without a script it is a list of links all the same."""
    items = "\n".join(
        f'<li><a href="{escape(posixpath.splitext(page_path(one))[0])}/">{escape(one.model_id)}</a>'
        f" {escape(printable(_fact(one, 'display_name')))}</li>"
        for one in models
    )
    return (
        f"{_FRONT}# Models\n\n"
        '<div id="model-search" data-index="models.json">\n'
        f'<p><input type="search" placeholder="Search models" aria-label="Search models" style="{_SEARCH}"></p>\n'
        f'<p class="count">{len(models)} models</p>\n<ul>\n{items}\n</ul>\n</div>\n\n'
        '<script src="models.js" defer></script>\n'
    )


def _page(model: ExportedModel, place: str) -> Iterator[str]:
    """The lines of a page; ``place`` is the module that type checkers import the class from."""
    yield _FRONT + f"# `{model.model_id}`\n"
    yield from _html("div", _introduction(model, place))
    yield "## Inputs\n"
    if model.inputs:
        yield from _html("div", _inputs(model))
    else:
        yield "The model takes no inputs.\n"
    if model.output.get("properties"):
        yield "## Output\n"
        yield from _html("div", _table(model.output["properties"], [], {}, {}))
    yield "## Example\n"
    if model.deprecated or set(model.required) - model.example.keys():
        yield "Inputs without a demo value are omitted; fill them in.\n"
    for title, language, text in _examples(model, place):
        yield f'=== "{title}"\n'
        yield from (f"    {line}".rstrip() for line in _fenced(language, text))
        yield ""


def _html(tag: str, lines: Iterator[str]) -> Iterator[str]:
    """A block of HTML, which Markdown leaves alone: no line in it is blank."""
    yield f"<{tag}>"
    yield from lines
    yield f"</{tag}>\n"


def _introduction(model: ExportedModel, place: str) -> Iterator[str]:
    if model.deprecated:
        yield f"<p><strong>Deprecated:</strong> {_text(model.deprecated)}.</p>"
    for words in (
        _fact(model, "display_name"),
        _words(model.input.get("description")) or _fact(model, "description"),
    ):
        if words:
            yield f"<p>{_text(words)}</p>"
    facts = [
        ("Class", f"<code>{escape(f'{place}.{model.class_name}')}</code>"),
        ("Price", _price(model)),
        (
            "Categories",
            _text(
                ", ".join(one for one in model.facts.get("categories", ()) if isinstance(one, str))
            ),
        ),
    ]
    yield "<ul>"
    yield from (f"<li>{name}: {words}</li>" for name, words in facts if words)
    yield "</ul>"


def _price(model: ExportedModel) -> str:
    price = model.facts.get("base_price_usd")
    if isinstance(price, bool) or not isinstance(price, (int, float)):
        return ""
    unit = _fact(model, "price_unit")
    note = _fact(model, "pricing_note")
    return _text(f"${price:g}{f' for each {unit}' if unit else ''}{f' ({note})' if note else ''}")


def _inputs(model: ExportedModel) -> Iterator[str]:
    rules: dict[str, list[str]] = {}
    kinds: dict[str, str] = {}
    for one in model.media:
        kinds.setdefault(one.path[0], one.kind)
        rules.setdefault(one.path[0], []).extend(
            f"<code>{_text(f'{rule.metric} {rule.operator} {rule.limit}')}</code> {_text(rule.wording)}"
            for rule in one.rules
        )
    yield from _table(model.inputs, model.required, rules, kinds)


def _table(
    parts: Mapping[str, Any],
    required: Sequence[str],
    rules: Mapping[str, list[str]],
    kinds: Mapping[str, str],
) -> Iterator[str]:
    yield "<table>"
    yield "<thead><tr><th>Name</th><th>Type and limits</th><th>Meaning</th></tr></thead>"
    yield "<tbody>"
    for name in sorted(parts, key=lambda one: one not in required):
        part = parts[name] if isinstance(parts[name], dict) else {}
        mark = "<br><strong>required</strong>" if name in required else ""
        kind = f"<br>URL of a file: {escape(kinds[name])}" if name in kinds else ""
        limits = "".join(f"<br>{_text(one)}" for one in limits_of(part, with_values=True))
        yield (
            f'<tr><td><code style="white-space:nowrap">{_text(name)}</code>{mark}</td>'
            f"<td>{_type(part)}{limits}{kind}</td>"
            f"<td>{_meaning(part, rules.get(name, []))}</td></tr>"
        )
    yield "</tbody>"
    yield "</table>"


def _meaning(part: Schema, rules: list[str]) -> str:
    words = _words(part.get("description")) or _words(part.get("title"))
    paragraphs = [f"{_text(words)}"] if words else []
    if rules:
        paragraphs.append("Rules for each file:<br>" + "<br>".join(rules))
    if part.get("examples"):
        paragraphs.append(
            f"Demo value: <code>{_text(one_line(json.dumps(part['examples'][0], ensure_ascii=False), _DEMO))}</code>"
        )
    return "<br>".join(paragraphs)


def _type(part: Any) -> str:
    """What a value is, in words."""
    if not isinstance(part, dict):
        return "anything"
    if "const" in part:
        return f"<code>{_text(json.dumps(part['const'], ensure_ascii=False))}</code>"
    if "enum" in part:
        return "one of " + ", ".join(
            f"<code>{_text(json.dumps(one, ensure_ascii=False))}</code>" for one in part["enum"]
        )
    for keyword in ("anyOf", "oneOf", "allOf"):
        if part.get(keyword) and "type" not in part:
            glue = " and " if keyword == "allOf" else " or "
            return glue.join(dict.fromkeys(_type(one) for one in part[keyword]))
    given = part.get("type", [])
    names = [given] if isinstance(given, str) else given
    if not names:
        return "object" if "properties" in part else "anything"
    return " or ".join(_named(name, part) for name in names)


def _named(name: str, part: Schema) -> str:
    if name == "array":
        return f"list of {_type(part.get('items', {}))}"
    if name == "object" and part.get("properties"):
        members = ", ".join(
            f"<code>{_text(one)}</code>: {_type(inner)}"
            for one, inner in part["properties"].items()
        )
        return f"object with {members}"
    return _TYPES.get(name, escape(name))


def _examples(model: ExportedModel, place: str) -> Iterator[tuple[str, str, str]]:
    facts = {"_wire_names": {name: wire for wire, name in model.python_names.items()}}
    cls = cast("Any", type(model.class_name, (), facts))  # what a snippet asks of a class
    yield "Python", "python", python(cls, model.example, place)
    yield "Command", "sh", command_line(model.model_id, model.example)
    yield "curl", "sh", curl(model.model_id, model.example, _BASE_URL)
    yield "JSON", "json", json_text(model.example)


def _fenced(language: str, text: str) -> list[str]:
    """A code block that no text ends."""
    shown = "\n".join(printable(line) for line in text.split("\n"))
    longest = max((len(run) for run in _BACKTICKS.findall(shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}{language}", *shown.split("\n"), fence]


def _text(text: str) -> str:
    """Text on one line of HTML; line breaks stay visible."""
    lines = [escape(printable(line)) for line in text.split("\n") if line.strip()]
    # Markdown looks for its own marks of stashed text even in HTML; none of them is printable.
    return "<br>".join(lines)


def _words(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _fact(model: ExportedModel, name: str) -> str:
    return _words(model.facts.get(name))
