"""Reading a document as pages: one per model, with the texts to store and their quality."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from runcomfy_codegen.errors import SourceError
from runcomfy_codegen.ingest.blocks import Block, find_blocks
from runcomfy_codegen.ingest.quality import Dialect, Quality, Texts, dialect_of, judge_texts
from runcomfy_codegen.ingest.text import SourceText
from runcomfy_codegen.schema.model_ids import ModelId

from .block_roles import Roles, assign_roles, find_entries, read_entry
from .model_id_mentions import Mention, find_mentions, model_id_of

__all__ = ["Page", "PageReading", "read_pages"]

_NO_OUTPUT = "there is no output schema, so the output has no typed fields"


@dataclass(frozen=True, slots=True)
class Page:
    """One model as one document describes it; the texts are the document's own, to the character."""

    document: SourceText
    model_id: ModelId
    input: str = field(repr=False)
    output: str | None = field(repr=False)
    example: str | None = field(repr=False)
    dialect: Dialect
    texts: Texts
    notes: tuple[str, ...] = ()

    @property
    def quality(self) -> Quality:
        """What speaks for this page among others of its model."""
        return Quality.of(
            output=self.output is not None,
            example=self.example is not None,
            texts=self.texts,
            dialect=self.dialect,
        )


@dataclass(frozen=True, slots=True)
class PageReading:
    """The outcome of reading one document: its pages, or all its faults."""

    pages: tuple[Page, ...] = ()
    faults: tuple[SourceError, ...] = ()
    #: Whether anything in it belongs to a model page; if not, a folder's reader passes over it.
    is_page: bool = True


def read_pages(document: SourceText, given: ModelId | None = None) -> PageReading:
    """The pages of a document; ``given`` is the model id from the command line."""
    scan, mentions = find_blocks(document), find_mentions(document)
    entries = () if scan.faults else find_entries(scan.blocks)
    if entries:
        return _read_entries(entries, given)
    faults = list(scan.faults)
    if not scan.blocks and not faults:
        faults.append(_no_json(document))
    pages: list[Page] = []
    try:
        model_id = model_id_of(document, mentions, given)
        if not faults:
            pages.append(_page(model_id, assign_roles(scan.blocks), whole_page=True))
    except SourceError as fault:
        faults.append(fault)
    is_page = bool(mentions or scan.blocks or scan.faults)
    return PageReading(tuple(pages), tuple(faults), is_page)


def _read_entries(entries: Sequence[Block], given: ModelId | None) -> PageReading:
    pages: list[Page] = []
    faults: list[SourceError] = []
    for block in entries:
        try:
            entry = read_entry(block)
            model_id = model_id_of(block.document, _entry_mentions(entry.model_id), given)
        except SourceError as fault:
            faults.append(fault)
        else:
            pages.append(_page(model_id, entry.roles, whole_page=False))
    return PageReading(() if faults else tuple(pages), tuple(faults))


def _entry_mentions(block: Block | None) -> tuple[Mention, ...]:
    if block is None:
        return ()
    if not isinstance(block.value, str):
        raise SourceError(block.place, "the model_id is not a string", "Write it in double quotes.")
    return (Mention(block.value, block.document, block.start),)


def _page(model_id: ModelId, roles: Roles, *, whole_page: bool) -> Page:
    schemas = [roles.input] + ([roles.output] if roles.output else [])
    return Page(
        document=roles.input.document,
        model_id=model_id,
        input=roles.input.text,
        output=roles.output.text if roles.output else None,
        example=roles.example.text if roles.example else None,
        dialect=dialect_of(roles.input.value),
        texts=judge_texts(schemas, whole_page=whole_page),
        notes=roles.notes if roles.output else (*roles.notes, _NO_OUTPUT),
    )


def _no_json(document: SourceText) -> SourceError:
    return SourceError(
        document.at(len(document.text)),
        "the text contains no JSON object",
        "Save the page once its schemas are visible, or copy the JSON blocks from it.",
    )
