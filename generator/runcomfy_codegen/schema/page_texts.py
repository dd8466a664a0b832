"""A catalogue's schema with the texts of a page: the catalogue writes no titles, sorts its keys and often leaves out items."""

from __future__ import annotations

from typing import Any

__all__ = ["with_page_texts"]

#: The annotations that a page adds to the catalogue's schema if they are missing there.
_TEXTS = ("title", "description", "default", "examples", "example")


def with_page_texts(catalogue: Any, page: Any) -> Any:
    """The catalogue's schema, completed by what only the page has; neither is changed.

    Titles, descriptions and demo values of the page fill gaps, properties are in the page's order, and an array without
    items gets those of the page. Everything else comes from the catalogue.

    >>> with_page_texts({"type": "string"}, {"title": "Prompt", "type": "string", "maxLength": 9})
    {'title': 'Prompt', 'type': 'string'}
    """
    if not isinstance(catalogue, dict) or not isinstance(page, dict):
        return catalogue
    texts = {word: page[word] for word in _TEXTS if word in page and not catalogue.get(word)}
    kept = {word: value for word, value in catalogue.items() if word not in texts}
    whole = {**texts, **kept}
    if isinstance(whole.get("properties"), dict):
        whole["properties"] = _properties(whole["properties"], page.get("properties"))
    if "items" in whole:
        whole["items"] = with_page_texts(whole["items"], page.get("items"))
    elif isinstance(page.get("items"), dict) and whole.get("type") == "array":
        whole["items"] = page["items"]
    return whole


def _properties(catalogue: dict[str, Any], page: Any) -> dict[str, Any]:
    shown = page if isinstance(page, dict) else {}
    order = [
        *(name for name in shown if name in catalogue),
        *(n for n in catalogue if n not in shown),
    ]
    return {name: with_page_texts(catalogue[name], shown.get(name)) for name in order}
