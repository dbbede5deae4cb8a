"""Fixtures for all tests: small Sphinx projects that are really built."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sphinx.testing.util import SphinxTestApp

from tests.notes import BuiltNotes

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
# CI sets variables that make Sphinx colour its warnings. The tests read the warnings as plain text.
os.environ["NO_COLOR"] = "1"
os.environ.pop("FORCE_COLOR", None)

pytest_plugins = ["tests.s3"]


MARKERS = {"minilm": "models", "tiny_model": "models", "bucket": "slow", "linter": "slow"}
"""Marks by fixture.

A test that uses it loads PyTorch (``models``) or starts a server (``slow``).
"""


NEEDS_MODELS = re.compile(r"^(?:import|from) (?:torch|transformers|tokenizers)\b", re.MULTILINE)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Skip a module that imports PyTorch at its top when ``-m "not models"`` selects the tests."""
    if "not models" not in config.option.markexpr or not collection_path.match("test_*.py"):
        return None
    return bool(NEEDS_MODELS.search(collection_path.read_text(encoding="utf-8"))) or None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by the fixtures that they use, before ``-m`` selects tests."""
    for item in items:
        for name in MARKERS.keys() & set(getattr(item, "fixturenames", ())):
            item.add_marker(MARKERS[name])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Write half characters (surrogates) in logs and failures as escapes.

    Tests of hostile input log half characters, and pytest-xdist ends the run at a report that is
    not valid UTF-8.
    """
    report = yield
    report.sections = [(name, _encodable(text)) for name, text in report.sections]
    if report.longrepr is not None and _encodable(text := str(report.longrepr)) != text:
        report.longrepr = _encodable(text)
    return report


def _encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


ROOTS = Path(__file__).parent / "roots"
MINILM = Path(__file__).parents[1] / ".models" / "all-MiniLM-L6-v2"
FOX = "the quick brown fox"
FOX_ROWS = """\
0.70 0.10 0.10 0.10
0.20 0.50 0.20 0.10
0.05 0.15 0.60 0.20
0.02 0.08 0.30 0.60
"""


@pytest.fixture(scope="session")
def minilm() -> Path:
    """The folder of the real pre-trained model."""
    assert MINILM.is_dir(), "run `python scripts/fetch_model.py` first (make test does)"
    return MINILM


@pytest.fixture(scope="session")
def notes(tmp_path_factory: pytest.TempPathFactory) -> BuiltNotes:
    """The example notes, built as text."""
    return BuiltNotes.build(tmp_path_factory.mktemp("notes"))


@dataclass
class Project:
    """A Sphinx project in a temporary folder, with warnings and status of the last build."""

    folder: Path
    apps: list[SphinxTestApp] = field(default_factory=list)
    warnings: str = ""
    status: str = ""

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def build(
        self, builder: str = "html", *, strict: bool = False, **options: Any
    ) -> SphinxTestApp:
        """Build the project. With `strict`, a warning is a failure."""
        for earlier in self.apps:
            earlier.cleanup()
        self.apps.clear()
        app = SphinxTestApp(builder, srcdir=self.folder, **options)
        self.apps.append(app)
        app.build()
        self.warnings = app.warning.getvalue()
        self.status = app.status.getvalue()
        assert not (strict and self.warnings), self.warnings
        return app

    def html(self, page: str = "index", builder: str = "html") -> str:
        return (self.folder / "_build" / builder / f"{page}.html").read_text(encoding="utf-8")


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Callable[..., Project]]:
    """Make a project from files. Its conf.py loads the extension, and `conf` adds lines."""
    made: list[Project] = []

    def make(files: dict[str, str], conf: str = "") -> Project:
        new = Project(tmp_path / f"project{len(made)}")
        made.append(new)
        extensions = '["sphinx_attention", "myst_parser"]'
        heading = (
            f'extensions = {extensions}\nproject = "P"\nmyst_enable_extensions = ["colon_fence"]\n'
            # Sphinx shows the types of warnings by default only since version 8.
            "show_warning_types = True\n"
        )
        new.write({"conf.py": heading + conf, **files})
        return new

    yield make
    for one in made:
        for app in one.apps:
            app.cleanup()


def indent(text: str, by: int = 3) -> str:
    """The lines of a text, indented as the body of a directive."""
    return "".join(f"{' ' * by}{line}\n" for line in text.splitlines())
