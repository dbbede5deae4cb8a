"""A tag becomes a release only if the version and the changelog agree with the tag."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import sphinx_attention
from scripts import check_release
from tests.test_package import ROOT

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def ready(tmp_path: Path) -> Path:
    """A project whose version 1.2.3 may be released."""
    version = tmp_path / check_release.VERSION_FILE
    version.parent.mkdir(parents=True)
    version.write_text('__version__ = "1.2.3"\n', encoding="utf-8")
    changelog = "# Changelog\n\n## [Unreleased]\n\n## [1.2.3] - 2026-12-01\n\n## [1.2.2] - 2026-1\n"
    (tmp_path / "CHANGELOG.md").write_text(changelog, encoding="utf-8")
    return tmp_path


def test_a_tag_that_agrees_is_released(ready: Path) -> None:
    assert check_release.problems("v1.2.3", ready) == []


@pytest.mark.parametrize(
    ("tag", "says"),
    [
        ("1.2.3", ["invalid tag '1.2.3': expected a v and a version"]),
        ("v1.2", ["invalid tag 'v1.2': expected a v and a version"]),
        ("v1.2.3; rm -rf ~", ["invalid tag 'v1.2.3; rm -rf ~'"]),
        ("v1.2.4", ["says '1.2.3' and the tag says '1.2.4'", "has no section for 1.2.4"]),
        ("v1.2.2", ["says '1.2.3' and the tag says '1.2.2'", "invalid date '2026-1'"]),
        ("v1.2.3rc1", ["the tag says '1.2.3rc1'", "has no section for 1.2.3rc1"]),
    ],
)
def test_a_disagreement_is_reported(ready: Path, tag: str, says: list[str]) -> None:
    found = check_release.problems(tag, ready)
    assert len(found) == len(says)
    for problem, part in zip(found, says, strict=True):
        assert part in problem


def test_the_check_finds_the_version_of_the_package() -> None:
    """The check on this project finds at most that the changelog is not ready."""
    found = check_release.problems(f"v{sphinx_attention.__version__}", ROOT)
    assert not any("version.py" in problem for problem in found)


def test_the_command(ready: Path) -> None:
    (ready / "scripts").mkdir()
    shutil.copy(check_release.__file__, ready / "scripts")
    command = [sys.executable, str(ready / "scripts" / "check_release.py")]
    done = subprocess.run([*command, "v1.2.3"], capture_output=True, text=True, check=True)
    assert done.stdout == "1.2.3\n"
    done = subprocess.run([*command, "v9.9.9"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.count("error: ") == 2
