"""The build continues and reports the failure, whatever a model, a function or an entry does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from bs4 import BeautifulSoup

from sphinx_attention.core.attention import Attention, Token
from sphinx_attention.core.capture import compute
from sphinx_attention.core.capture import library as library_module
from sphinx_attention.core.capture.library import Library
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.request import ModelSource, Request
from sphinx_attention.core.store.base import MemoryStore
from sphinx_attention.hosts.sphinx import resolved, visitors
from tests.course import CONF, FUNCTION

if TYPE_CHECKING:
    from types import ModuleType

PAGE = (
    "P\n=\n\n.. attention:: the quick brown fox\n   :name: first\n   :caption: One.\n\n"
    ".. attention:: jumps over the dog\n   :caption: Two.\n\nThe end.\n"
)


class PanicException(BaseException):
    pass


def test_a_figure_that_cannot_be_drawn_is_a_placeholder(
    project, monkeypatch: pytest.MonkeyPatch
) -> None:
    render = visitors.render_html

    def broken(figure, *arguments, **named):
        if figure.spec.request.text.startswith("the"):
            raise ZeroDivisionError("of what a stranger sent")
        return render(figure, *arguments, **named)

    monkeypatch.setattr(visitors, "render_html", broken)
    made = project({"index.rst": PAGE, "course_model.py": FUNCTION}, CONF + "numfig = True\n")
    for parallel in (0, 2):
        made.build(parallel=parallel)
        assert re.search(
            r"index\.rst:4: WARNING: drawing the figure over “the quick brown fox” failed: "
            r"ZeroDivisionError: of what a stranger sent",
            made.warnings,
        )
        assert made.warnings.count("WARNING") == 1
    page = BeautifulSoup(made.html(), "html.parser")
    assert len(page.select("figure.attention-figure")) == 1
    assert "ZeroDivisionError" in page.select_one("#first .attention-placeholder").text
    assert [c.text[:12] for c in page.select("figcaption .caption-text")] == ["One.", "Two."]
    assert "The end." in page.text


@pytest.mark.parametrize(("owner", "where"), [(resolved, "resolve_all"), (visitors, "as_generic")])
@pytest.mark.parametrize("error", [RecursionError, PanicException, MemoryError])
def test_a_figure_that_cannot_be_resolved_or_written_as_text(
    project,
    monkeypatch: pytest.MonkeyPatch,
    owner: ModuleType,
    where: str,
    error: type[BaseException],
) -> None:
    original = getattr(owner, where)
    monkeypatch.setattr(
        owner,
        where,
        lambda *a: (_ for _ in ()).throw(error()) if "fox" in str(a) else original(*a),
    )
    made = project({"index.rst": PAGE, "course_model.py": FUNCTION}, CONF)
    made.build("text")
    assert re.search(r"index\.rst:4: WARNING: .*“the quick brown fox” failed: ", made.warnings)
    assert made.warnings.count("WARNING") == 1
    text = (made.folder / "_build" / "text" / "index.txt").read_text()
    assert "No attention figure here." in text
    assert "jumps" in text


def test_an_interruption_ends_the_build(project, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(resolved, "resolve_all", interrupted)
    made = project({"index.rst": PAGE, "course_model.py": FUNCTION}, CONF)
    with pytest.raises(KeyboardInterrupt):
        made.build()


class Runner:
    """Raises at one text, in every batch that contains that text."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def run(self, requests):
        for request in requests:
            if "bad" in request.text:
                raise self.error
            words = request.text.split()
            tokens = tuple(Token(word) for word in words)
            weights = np.eye(len(words), dtype=np.float32)[None, None]
            yield (
                request,
                Attention(tokens, tokens, weights, np.zeros((1, *weights.shape[2:]), bool)),
            )


REQUESTS = [Request(ModelSource("m", id="m"), text) for text in ("a b", "bad c", "d e f", "g h")]


@pytest.mark.parametrize("error", [KeyError("num_embeddings"), SystemExit(2), PanicException("x")])
def test_one_text_that_breaks_a_model_spares_the_others(error: BaseException) -> None:
    library = Library(MemoryStore(), opener=lambda _: Runner(error))
    assert len(list(library.capture(REQUESTS))) == 4
    ((key, failure),) = library.failures.items()
    assert key == REQUESTS[1].key
    assert failure.problem is Problem.MODEL
    assert failure.message.startswith("m over “bad c” failed: ")
    assert "Traceback" in failure.trace
    for request in (REQUESTS[0], *REQUESTS[2:]):
        assert library.get(request).heads == 1


def test_a_source_that_cannot_be_opened_fails_by_name() -> None:
    def opener(_):
        raise AttributeError("'NoneType' object has no attribute 'x'")

    library = Library(MemoryStore(), opener=opener)
    list(library.capture(REQUESTS))
    assert len(library.failures) == 4
    assert {e.message for e in library.failures.values()} == {
        "m failed: AttributeError: 'NoneType' object has no attribute 'x'"
    }


@pytest.mark.parametrize(("module", "where"), [(compute, "derive"), (library_module, "pack")])
def test_errors_of_deriving_and_packing_are_reported(
    module: ModuleType, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_):
        raise IndexError("out of bounds")

    monkeypatch.setattr(module, where, broken)
    library = Library(MemoryStore(), opener=lambda _: Runner(KeyError()))
    list(library.capture(REQUESTS[:1]))
    (failure,) = library.failures.values()
    assert "“a b” failed: IndexError: out of bounds" in failure.message


def test_errors_of_reading_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_):
        raise IndexError("out of bounds")

    store = MemoryStore()
    monkeypatch.setattr(store, "open", broken)
    with pytest.raises(AttentionError, match="over “a b” failed: IndexError"):
        Library(store).get(REQUESTS[0])
