"""``sphinx-attention cache``: list, check and clean the store, and move entries."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sphinx_attention.core.capture.library import is_captured
from sphinx_attention.core.capture.recompute import recompute
from sphinx_attention.core.store import open_store
from sphinx_attention.core.store.archive import export_entries, import_entries
from sphinx_attention.core.store.entry import DamagedEntryError, EntryInfo, NewerEntryError
from sphinx_attention.core.store.layered import SharedStore
from sphinx_attention.core.text import clean_line

from ._group import Commands
from ._shared import (
    answer,
    brief,
    counted,
    docs_argument,
    docs_needed,
    documents_by_key,
    fail,
    json_option,
    model_name,
    read_notes,
    say,
    say_warnings,
    short,
    size_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sphinx_attention.core.request import Request
    from sphinx_attention.core.store.base import Store
    from sphinx_attention.hosts.notes import PageRequests

_REVISION_SHOWN = 12
"""The characters of a revision in the list."""

_DOCUMENTS_SHOWN = 3
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group(name="cache", cls=Commands)
def cache() -> None:
    """List, check and clean the store of the notes, and move its entries."""


@cache.command(name="list")
@docs_argument
@json_option
def list_(*, docs: Path, defines: tuple[str, ...], as_json: bool) -> None:
    """List what the store of the notes in DOCS holds, and which documents use it."""
    notes = read_notes(docs, defines)
    store = _open(notes)
    places = documents_by_key(notes)
    entries = [_entry(store, key, places.get(key, [])) for key in _keys(store)]
    say_warnings(store)
    if as_json:
        answer({"store": store.name, "entries": entries})
        return
    if entries:
        _table(
            ("key", "text", "model", "revision", "size", "used by"),
            [_row(entry) for entry in entries],
            right=4,
        )
    total = sum(entry["bytes"] or 0 for entry in entries)
    say(f"{counted(len(entries), 'entry', 'entries')}, {size_of(total)} in {store.name}")


@cache.command()
@docs_argument
@click.option(
    "--sample",
    type=click.IntRange(min=1),
    help="The number of entries to compute again; all by default.",
)
@json_option
def check(*, docs: Path, defines: tuple[str, ...], sample: int | None, as_json: bool) -> None:
    """Compute entries of the notes in DOCS again, and list those that differ.

    Rounding does not count as a difference. The checksum of every entry is verified, also of
    entries that are not computed again. The places of a map are compared with new ones only if
    they are a PCA. For every map, its fidelity is measured again on the stored places and on new
    logits. Exit code 1 if one differs, is damaged, or cannot be computed.
    """
    notes = read_notes(docs, defines)
    store = _open(notes)
    there = _keys(store)
    damaged = {key: why for key in there if (why := _damage(store, key))}
    used = {r.key: r for _, r in notes if is_captured(r)}
    sound = [request for key, request in used.items() if key in there and key not in damaged]
    if sample is not None and sample < len(sound):
        sound = random.sample(sound, sample)
    missing = [key for key in used if key not in there]
    findings = {}
    with click.progressbar(
        recompute(store, sound),
        length=len(sound),
        label="checking",
        file=sys.stderr,
        item_show_func=lambda item: item and f"{model_name(item[0])}: {brief(item[0].text)}",
        show_pos=True,
    ) as progress:
        for request, difference in progress:
            if difference:
                findings[request.key] = difference
    say_warnings(store)
    if as_json:
        answer(
            {
                "checked": [request.key for request in sound],
                "different": findings,
                "damaged": damaged,
                "missing": missing,
            }
        )
    else:
        for key, why in {**damaged, **findings}.items():
            click.echo(f"{short(key)}  {_what(used.get(key))}{why}")
        summary = f"{len(sound)} computed again, {len(findings)} different, {len(damaged)} damaged"
        say(summary + (f", {len(missing)} not in the store" if missing else ""))
    sys.exit(1 if findings or damaged else 0)


@cache.command()
@docs_argument
@click.option("--dry-run", is_flag=True, help="List what would be removed, and remove nothing.")
@click.option(
    "--shared",
    is_flag=True,
    help="If the store is a URL, also remove unused entries there. Other projects may use them.",
)
@json_option
def prune(
    *, docs: Path, defines: tuple[str, ...], dry_run: bool, shared: bool, as_json: bool
) -> None:
    """Remove entries of the store that no document in DOCS uses.

    Entries of a newer version are kept. Entries at a URL are kept, too, unless --shared is given.
    """
    notes = read_notes(docs, defines)
    store = _open(notes)
    if isinstance(store, SharedStore) and not shared:
        store = store.local
    used = documents_by_key(notes)
    keys = list(_keys(store))
    if keys and not used:
        fail(
            f"no figure was found in {docs}, so that all {len(keys)} entries would go; if that is "
            f"meant, remove {store.name}"
        )
    unused = [key for key in keys if key not in used and not _is_newer(store, key)]
    if not dry_run:
        for key in unused:
            store.delete(key)
    swept = 0 if dry_run else store.sweep()
    say_warnings(store)
    if as_json:
        answer({"removed": unused, "kept": len(keys) - len(unused), "swept": swept})
        return
    for key in unused:
        click.echo(short(key))
    verb = "would be removed" if dry_run else "removed"
    left = f", {counted(swept, 'temporary file')} removed" if swept else ""
    say(f"{len(unused)} {verb}, {len(keys) - len(unused)} kept in {store.name}{left}")


@cache.command(name="export")
@docs_needed
@click.argument("file", type=_FILE)
@click.option("--used", is_flag=True, help="Only entries that the documents use.")
@json_option
def export(*, docs: Path, defines: tuple[str, ...], file: Path, used: bool, as_json: bool) -> None:
    """Write the store of the notes in DOCS to FILE, an uncompressed tar.

    Every entry is verified. Damaged entries are left out, and the exit code is then 1.
    """
    notes = read_notes(docs, defines)
    store = _open(notes)
    places = documents_by_key(notes)
    keys = [key for key in _keys(store) if not used or key in places]
    try:
        done, wrong = export_entries(store, keys, file)
    except OSError as error:
        fail(f"cannot write {file}: {error.strerror or error}")
    _carried(store, done, wrong, f"written to {file}", as_json=as_json)


@cache.command(name="import")
@docs_needed
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def import_(*, docs: Path, defines: tuple[str, ...], file: Path, as_json: bool) -> None:
    """Add the entries in FILE, which export wrote, to the store of the notes in DOCS.

    Every entry is verified. Damaged entries, and files with other names, are left out, and the exit
    code is then 1.
    """
    store = _open(read_notes(docs, defines))
    try:
        done, wrong = import_entries(store, file)
    except OSError as error:
        fail(f"cannot read {file}: {error.strerror or error}")
    _carried(store, done, wrong, f"taken into {store.name}", as_json=as_json)


def _carried(
    store: Store, done: list[str], wrong: dict[str, str], what: str, *, as_json: bool
) -> None:
    say_warnings(store)
    if as_json:
        answer({"entries": done, "left_out": wrong})
    else:
        for name, why in wrong.items():
            say(f"{clean_line(name)}: {why}; left out")
        say(f"{counted(len(done), 'entry', 'entries')} {what}")
    sys.exit(1 if wrong else 0)


def _open(notes: PageRequests) -> Store:
    return open_store(notes.settings.cache, notes.base)


def _keys(store: Store) -> dict[str, None]:
    """All keys. Entries at a URL are fetched at once."""
    keys = dict.fromkeys(store.keys())
    store.prepare(keys)
    return keys


def _damage(store: Store, key: str) -> str:
    try:
        store.has(key)
    except (DamagedEntryError, OSError) as error:
        return str(error)
    return ""


def _is_newer(store: Store, key: str) -> bool:
    try:
        store.has(key)
    except NewerEntryError:
        return True
    except (DamagedEntryError, OSError):
        return False
    return False


def _entry(store: Store, key: str, documents: list[str]) -> dict[str, Any]:
    """The facts about an entry for the list."""
    info: EntryInfo | None = None
    damaged = ""
    try:
        info = store.info(key)
        size = info.bytes if info else 0
    except (DamagedEntryError, OSError) as error:
        damaged, size = str(error), len(_bytes(store, key))
    return {
        "key": key,
        "text": _text(info) if info else None,
        "model": info.label or "given weights" if info else None,
        "revision": _revision(info) if info else None,
        "provenance": dict(info.provenance) if info else {},
        "shape": list(info.shape) if info else None,
        "bytes": size,
        "used_by": documents,
        "damaged": damaged,
    }


def _bytes(store: Store, key: str) -> bytes:
    try:
        return store.read(key) or b""
    except (DamagedEntryError, OSError):
        return b""


def _text(info: EntryInfo) -> str:
    """The text of a request; of a picture alone, the beginning of its digest."""
    image = info.request.get("image")
    text = str(info.request.get("text", ""))
    if not text and isinstance(image, dict):
        return f"picture {short(str(image.get('sha256', '')))}"
    return text


def _revision(info: EntryInfo) -> str | None:
    """The revision of the source: the commit if there is one, else the declared revision."""
    source = info.request.get("source", {})
    found = info.provenance.get("commit") or source.get("revision") or source.get("version")
    return None if found is None else str(found)


def _row(entry: dict[str, Any]) -> tuple[str, ...]:
    documents = entry["used_by"]
    more = len(documents) - _DOCUMENTS_SHOWN
    used = ", ".join(documents[:_DOCUMENTS_SHOWN]) + (f" and {more} more" if more > 0 else "")
    if entry["damaged"]:
        return (short(entry["key"]), f"damaged: {entry['damaged']}", "", "", "", used)
    return (
        short(entry["key"]),
        brief(entry["text"]),
        clean_line(entry["model"]),
        clean_line(entry["revision"] or "–")[:_REVISION_SHOWN],
        size_of(entry["bytes"]),
        used or "–",
    )


def _table(heading: tuple[str, ...], rows: Iterable[tuple[str, ...]], right: int) -> None:
    """Print columns, one of which is aligned to the right."""
    lines = [heading, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heading))]
    for line in lines:
        cells = (
            cell.rjust(width) if column == right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        click.echo("  ".join(cells).rstrip())


def _what(request: Request | None) -> str:
    return f"{model_name(request)}  {brief(request.subject)}: " if request else ""
