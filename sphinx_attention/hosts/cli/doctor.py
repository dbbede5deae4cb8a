"""``sphinx-attention doctor``: installed packages, working models, and missing parts."""

from __future__ import annotations

import os
import platform
import sys
import time
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, requires, version
from typing import TYPE_CHECKING, Any

import click
from packaging.version import Version

from sphinx_attention.core.attention import Attention
from sphinx_attention.core.capture.library import Library, is_captured
from sphinx_attention.core.errors import AttentionError
from sphinx_attention.core.request import MatrixSource, Request
from sphinx_attention.core.sources import open_source
from sphinx_attention.core.sources.builtin import builtin
from sphinx_attention.core.store import open_store
from sphinx_attention.hosts.paths import shell_word

from ._shared import answer, counted, docs_optional, json_option, read_notes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from packaging.specifiers import SpecifierSet

    from sphinx_attention.core.request import FunctionSource, ModelSource
    from sphinx_attention.hosts.notes import PageRequests

_NEEDED = (
    "sphinx-attention",
    "sphinx",
    "babel",
    "docutils",
    "jinja2",
    "markupsafe",
    "numpy",
    "packaging",
    "pillow",
    "click",
)
_EXTRAS = {
    "models": (("torch", "transformers"), "to run models other than builtin"),
    "accelerate": (("accelerate",), "for a model with a device_map"),
    "flow": (("scipy",), "for aggregate: flow"),
    "remote": (("fsspec",), "for a store at a URL"),
    "s3": (("s3fs",), "for a store on S3"),
    "cluster": (("distributed",), "to capture on a Dask cluster"),
    "render": (("typst",), "to render PNG and PDF"),
    "serve": (("sphinx-autobuild",), "to build at every change"),
}
_TRIED = "the quick brown fox"
_MYST_COMPLETE = Version("5.2")
"""From this version on, MyST passes the text on a directive's own line to the directive."""


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        about: the subject.
        found: the finding.
        ok: whether the finding is good; None if it is neither good nor bad.
        do: what to do.
    """

    about: str
    found: str
    ok: bool | None = True
    do: str = ""


@click.command()
@docs_optional
@click.option("--no-models", is_flag=True, help="Load no model.")
@json_option
def doctor(*, docs: Path | None, defines: tuple[str, ...], no_models: bool, as_json: bool) -> None:
    """Report installed packages, working models, and missing parts.

    With DOCS, the command also checks the store of those notes, and loads and runs each model that
    they declare or use. Exit code 1 if something does not work.
    """
    findings: list[Finding] = []
    for finding in _examine(docs, defines, models=not no_models):
        findings.append(finding)
        if not as_json:
            _print(finding)
    if as_json:
        answer([asdict(finding) for finding in findings])
    sys.exit(1 if any(finding.ok is False for finding in findings) else 0)


def _examine(docs: Path | None, defines: tuple[str, ...], *, models: bool) -> Iterator[Finding]:
    yield Finding("Python", f"{platform.python_version()} on {platform.platform()}")
    for name in _NEEDED:
        installed = _version(name)
        wrong = _wrong_version(name) if installed else "not installed"
        yield Finding(
            name,
            wrong or installed or "",
            ok=not wrong,
            do="pip install --upgrade sphinx-attention" if wrong else "",
        )
    yield _markdown()
    yield from _hidden()
    for extra, (names, purpose) in _EXTRAS.items():
        yield _extra(extra, names, purpose)
    if all(_version(name) for name in _EXTRAS["models"][0]):
        yield from _imported()
    offline = os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}
    yield Finding(
        "Hugging Face hub",
        "HF_HUB_OFFLINE is set: only what is downloaded already" if offline else "may be asked",
        ok=None,
    )
    if models:
        yield replace(_ask(builtin(), ", without PyTorch"), about="built-in model")
    if docs is not None:
        yield from _notes(docs, defines, models=models)


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _wrong_version(name: str) -> str:
    """The version of a package and the supported ones, if it is not supported; else empty."""
    allowed, installed = _requirements().get(name), _version(name)
    if allowed is None or installed is None or allowed.contains(installed, prereleases=True):
        return ""
    return f"{installed}; a version {allowed} is needed"


@lru_cache
def _requirements() -> dict[str, SpecifierSet]:
    """The version requirements of this package and of its extras."""
    from packaging.requirements import Requirement  # noqa: PLC0415 - slow to import

    try:
        lines = requires("sphinx-attention") or []
    except PackageNotFoundError:
        return {}
    return {one.name.lower(): one.specifier for one in map(Requirement, lines)}


def _extra(extra: str, names: tuple[str, ...], purpose: str) -> Finding:
    found = {name: _version(name) for name in names}
    install = f'pip install "sphinx-attention[{extra}]"'
    if lacking := ", ".join(name for name, number in found.items() if not number):
        return Finding(extra, f"{lacking} not installed; needed {purpose}", ok=None, do=install)
    wrong = [f"{name} {why}" for name in names if (why := _wrong_version(name))]
    if wrong:
        do = install.replace("install", "install --upgrade", 1)
        return Finding(extra, "; ".join(wrong), ok=False, do=do)
    return Finding(extra, ", ".join(f"{name} {number}" for name, number in found.items()))


def _markdown() -> Finding:
    installed = _version("myst-parser")
    if installed is None:
        return Finding("myst-parser", "not installed; needed for notes in Markdown", ok=None)
    if Version(installed) >= _MYST_COMPLETE:
        return Finding("myst-parser", installed)
    return Finding(
        "myst-parser",
        f"{installed}; before {_MYST_COMPLETE} a fence {{attention}} without options stays the "
        "admonition: write {attention-figure}",
        ok=None,
    )


def _hidden() -> Iterator[Finding]:
    """A file on ``sys.path`` that hides a package."""
    from sphinx_attention.core.sources.huggingface.packages import shadow_problem  # noqa: PLC0415

    if (shadow := shadow_problem()) is not None:
        yield Finding("sys.path", shadow.message, ok=False)


def _imported() -> Iterator[Finding]:
    """Import the packages that models need, because an installed package may be broken."""
    from sphinx_attention.core.sources.huggingface.packages import require  # noqa: PLC0415 - loads torch

    for name in _EXTRAS["models"][0]:
        try:
            require(name)
        except AttentionError as error:
            yield Finding(name, error.message, ok=False)
        else:
            if name == "torch":
                yield _device(require("torch"))


def _device(torch: Any) -> Finding:
    if torch.cuda.is_available():
        return Finding("device", torch.cuda.get_device_name())
    if getattr(torch.backends, "mps", None) and torch.backends.mps.is_available():
        return Finding("device", "Apple GPU (mps)")
    return Finding("device", f"the processor, {torch.get_num_threads()} threads")


def _notes(docs: Path, defines: tuple[str, ...], *, models: bool) -> Iterator[Finding]:
    try:
        notes = read_notes(docs, defines)
    except AttentionError as error:
        yield Finding("notes", error.message, ok=False)
        yield from _hidden()
        return
    requests = [request for _, request in notes]
    where = counted(sum(bool(requested) for requested in notes.requests.values()), "document")
    yield Finding("figures", f"{len(requests)} in {where}", ok=None)
    yield from _uses(notes)
    # conf.py may have added folders to sys.path.
    yield from _hidden()
    yield _store(docs, notes)
    if not models:
        return
    for name, source in _sources(notes).items():
        if isinstance(source, AttentionError):
            yield Finding(f"model {name}", source.message, ok=False)
        else:
            yield _ask(source)


def _uses(notes: PageRequests) -> Iterator[Finding]:
    """The decisions about the directives named `attention`: figures or admonitions."""
    for kind, figure in (("figure", True), ("admonition", False)):
        places: dict[str, list[str]] = {}
        for use in getattr(notes, "uses", ()):  # Only Sphinx has two directives of the name.
            if use.figure is figure:
                places.setdefault(use.why, []).append(use.place)
        for why, found in sorted(places.items()):
            listed = f"{counted(len(found), kind)}, because {why}: {', '.join(found)}"
            yield Finding("attention", listed, ok=None)


def _store(docs: Path, notes: PageRequests) -> Finding:
    """How many of the notes' requests the store has."""
    store = open_store(notes.settings.cache, notes.base)
    library = Library(store)
    requested = {request.key for _, request in notes if is_captured(request)}
    missing = library.missing(request for _, request in notes)
    found = f"{len(requested) - len(missing)} of {len(requested)} attentions are in {store.name}"
    fill = f"sphinx-attention capture {shell_word(docs)}" if missing else ""
    if drain_warnings := library.drain_warnings():
        more = f" (and {len(drain_warnings) - 1} more)" if len(drain_warnings) > 1 else ""
        return Finding("store", f"{found}; {drain_warnings[0].message}{more}", ok=False, do=fill)
    return Finding("store", found, ok=None if missing else True, do=fill)


def _sources(notes: PageRequests) -> dict[str, ModelSource | FunctionSource | AttentionError]:
    """Every source that the notes declare or use, once by name, or its error."""
    found: dict[str, ModelSource | FunctionSource | AttentionError] = {}
    for name in dict.fromkeys([*notes.settings.models, notes.settings.model]):
        if name:
            try:
                found[name] = notes.settings.source(name, notes.base)
            except AttentionError as error:
                found[name] = error
    used = [r.source for _, r in notes if not isinstance(r.source, MatrixSource)]
    return found | {source.name: source for source in used if source.name not in found}


def _ask(source: ModelSource | FunctionSource, remark: str = "") -> Finding:
    about = f"model {source.name}"
    started = time.monotonic()
    try:
        with open_source(source) as runner:
            _, got = next(iter(runner.run([Request(source, _TRIED)])))
    except AttentionError as error:
        return Finding(about, error.message, ok=False)
    if not isinstance(got, Attention):
        return Finding(about, got.message, ok=False)
    seconds = time.monotonic() - started
    return Finding(
        about,
        f"answers: {counted(got.layers, 'layer')} of {counted(got.heads, 'head')}, "
        f"{seconds:.1f} s with loading{remark}",
    )


def _print(finding: Finding) -> None:
    mark = {True: "ok", False: "!!", None: "--"}[finding.ok]
    click.echo(f"{mark}  {finding.about}: {finding.found}")
    if finding.do:
        click.echo(f"      {finding.do}")
