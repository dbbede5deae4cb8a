"""The command line reads the pages of sites."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from sphinx_attention.hosts.cli import main
from tests.hosts.markdown.sites import MATERIAL, MKDOCS, PAGES, ZENSICAL, build, write

if TYPE_CHECKING:
    from pathlib import Path


def run(*arguments: str, code: int = 0) -> tuple[dict, str]:
    ran = CliRunner().invoke(main, [*arguments, "--json"])
    assert ran.exit_code == code, ran.output
    return json.loads(ran.stdout), ran.stderr


@pytest.mark.parametrize("program", [MKDOCS, MATERIAL, ZENSICAL], ids=lambda one: one.config)
def test_capture_fills_the_store_of_a_site(tmp_path: Path, program) -> None:
    write(tmp_path, program, cache="numbers")
    found, _ = run("capture", str(tmp_path), "--dry-run")
    assert [(one["text"], one["documents"]) for one in found["missing"]] == [
        ("the quick brown fox", ["index.md"])
    ]
    run("capture", str(tmp_path))
    found, _ = run("capture", str(tmp_path), "--dry-run")
    assert (found["missing"], found["there"]) == ([], 1)
    assert (tmp_path / "numbers").is_dir()
    frozen = build(tmp_path, program, ATTENTION_MODE="frozen")
    assert frozen.code == 0, frozen.message
    listed, _ = run("cache", "list", str(tmp_path))
    assert [one["used_by"] for one in listed["entries"]] == [["index.md"]]


def test_mistakes_are_told_and_the_rest_is_captured(tmp_path: Path) -> None:
    write(tmp_path, MKDOCS, {**PAGES, "bad.md": "\n```attention layr=1\nfox\n```\n"})
    found, message = run("capture", str(tmp_path))
    assert len(found["captured"]) == 1
    assert f"{tmp_path / 'docs' / 'bad.md'}:2: unknown option 'layr'" in message


def test_settings_of_the_command_line(tmp_path: Path) -> None:
    write(tmp_path, MKDOCS)
    run("capture", str(tmp_path), "-D", "cache=elsewhere")
    assert (tmp_path / "elsewhere").is_dir()
    assert not (tmp_path / "_attention").exists()
