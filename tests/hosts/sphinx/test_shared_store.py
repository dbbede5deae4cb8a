"""Notes that are built with a store of several machines."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import pytest
from bs4 import BeautifulSoup

from tests.course import CONF, FUNCTION
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Project
    from tests.s3 import Bucket

PAGES = {
    "index.rst": "P\n=\n\n.. attention:: the quick brown fox\n\n.. toctree::\n   :glob:\n\n   p*\n",
    **{f"p{n}.rst": f"P{n}\n==\n\n.. attention:: sentence {n} of them\n" for n in range(7)},
}


def notes(project: Callable[..., Project], function: str = FUNCTION) -> Project:
    sys.modules.pop("course_model", None)
    return project({**PAGES, "course_model.py": function}, CONF)


def build(made: Project, **options: Any) -> None:
    """Build the projects in turn, with fresh caches for each."""
    made.build(**options)
    for app in made.apps:
        app.cleanup()
    made.apps.clear()


def figures(made: Project) -> list[str]:
    pages = (made.folder / "_build" / "html").glob("*.html")
    soups = [BeautifulSoup(p.read_text(encoding="utf-8"), "html.parser") for p in sorted(pages)]
    return [str(figure) for soup in soups for figure in soup.select("figure.attention-figure")]


def entries(made: Project) -> int:
    return len(list((made.folder / "_attention").glob("??/*.attn")))


@pytest.mark.parametrize("mode", ["auto", "frozen"])
def test_one_machine_captures_and_another_reads(
    project: Callable[..., Project], bucket: Bucket, mode: str
) -> None:
    first = notes(project)
    build(first, strict=True, confoverrides={"attention_cache": bucket.url})
    second = notes(project, "raise SystemExit('a model was loaded')")
    cache = {"attention_cache": bucket.url, "attention_mode": mode}
    build(second, strict=True, parallel=2, confoverrides=cache)
    assert figures(second) == figures(first)
    assert len(figures(second)) == entries(second) == len(PAGES)
    # From then on, the folder alone is enough.
    elsewhere = {**cache, "attention_cache": "s3://no-such-bucket/at/all"}
    build(second, strict=True, freshenv=True, confoverrides=elsewhere)
    assert figures(second) == figures(first)


def test_a_store_that_is_down_is_one_warning_and_the_pages_are_right(
    project: Callable[..., Project], bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = notes(project)
    build(first, strict=True)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    second = notes(project)
    build(second, parallel=2, confoverrides={"attention_cache": bucket.url})
    assert second.warnings.count("WARNING") == 1
    assert re.search(
        rf"WARNING: the shared store {bucket.url} cannot be read: Could not connect to the "
        rf"endpoint URL: .*; going on with {second.folder}/_attention alone \[attention\.store\]",
        second.warnings,
    )
    assert figures(second) == figures(first)
    assert entries(second) == len(PAGES)


def test_a_missing_package_is_one_warning_and_the_pages_are_right(
    project: Callable[..., Project], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    made = notes(project)
    build(made, confoverrides={"attention_cache": "s3://bucket/notes"})
    assert made.warnings.count("WARNING") == 1
    assert "pip install 'sphinx-attention[s3]'" in made.warnings
    assert "[attention.install]" in made.warnings
    assert len(figures(made)) == entries(made) == len(PAGES)


def test_a_damaged_remote_entry_is_one_warning_and_replaced(
    project: Callable[..., Project], bucket: Bucket
) -> None:
    from sphinx_attention.core.store.remote import RemoteStore

    first = notes(project)
    cache = {"attention_cache": bucket.url}
    build(first, strict=True, confoverrides=cache)
    remote = RemoteStore(bucket.url)
    key = next(iter(remote.keys()))
    data = remote.read(key)
    assert data is not None
    remote.write(key, data[:-3])
    second = notes(project)
    build(second, confoverrides=cache)
    assert second.warnings.count("WARNING") == 1
    assert f"{remote.location(key)}: its checksum is wrong; computed again" in second.warnings
    assert figures(second) == figures(first)
    assert remote.get_bytes(key) == data


def test_the_frozen_warning_names_both_places(
    project: Callable[..., Project], bucket: Bucket
) -> None:
    made = notes(project)
    build(made, confoverrides={"attention_cache": bucket.url, "attention_mode": "frozen"})
    assert made.warnings.count("[attention.frozen]") == len(PAGES)
    places = f"{bucket.url} (with {made.folder}/_attention before it)"
    assert made.warnings.count(f"is not in the store {places}, and") == len(PAGES)
    assert "commit the folder" not in made.warnings
