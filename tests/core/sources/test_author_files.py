"""Files that authors name: the folders in which they may lie, and the limits of reading."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.sources.author_files import locate, read_author_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    """A test that hangs fails."""
    signal.alarm(20)
    yield
    signal.alarm(0)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """The sources with a file, and a file outside of the sources."""
    folder = tmp_path / "docs"
    (folder / "deep").mkdir(parents=True)
    (folder / "w.csv").write_text("1,0\n0,1\n")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.csv").write_text("password,hunter2\n")
    return folder


def found(docs: Path, declared: str, *roots: Path) -> Path:
    return locate(declared, docs / declared, [docs, *roots])


def test_a_file_below_the_sources(docs: Path) -> None:
    assert found(docs, "w.csv") == (docs / "w.csv").resolve()
    assert found(docs, "deep/../w.csv") == (docs / "w.csv").resolve()
    (docs / "link.csv").symlink_to(docs / "w.csv")
    assert found(docs, "link.csv") == (docs / "w.csv").resolve()


@pytest.mark.parametrize(
    "declared",
    ["../outside/secret.csv", "deep/../../outside/secret.csv", "../outside/not-there.csv"],
)
def test_a_file_outside_is_not_read(docs: Path, declared: str) -> None:
    """The message is the same whether the file exists or not."""
    with pytest.raises(AttentionError) as caught:
        found(docs, declared)
    assert caught.value.problem is Problem.MATRIX
    assert caught.value.message == (
        f"{declared} lies outside the folder of the sources, and is not read; copy the file there, "
        "or name its folder in the setting file_roots"
    )


def test_a_link_to_the_outside_is_not_followed(docs: Path) -> None:
    (docs / "link.csv").symlink_to(docs.parent / "outside" / "secret.csv")
    (docs / "folder").symlink_to(docs.parent / "outside")
    for declared in ("link.csv", "folder/secret.csv"):
        with pytest.raises(AttentionError, match="is a link to a file outside the folder"):
            found(docs, declared)


def test_a_setting_allows_more_folders(docs: Path) -> None:
    outside = docs.parent / "outside"
    assert found(docs, "../outside/secret.csv", outside) == (outside / "secret.csv").resolve()
    with pytest.raises(AttentionError, match="outside the folder"):
        found(docs, "../outside/secret.csv", docs.parent / "out")


def test_a_link_to_the_sources_is_their_folder(docs: Path) -> None:
    (docs.parent / "linked").symlink_to(docs)
    linked = docs.parent / "linked"
    assert locate("w.csv", linked / "w.csv", [linked]) == (docs / "w.csv").resolve()


def test_the_command_line_may_name_any_file(docs: Path) -> None:
    path = docs.parent / "outside" / "secret.csv"
    assert locate(str(path), path, None) == path.resolve()


@pytest.mark.parametrize("declared", ["a\0b.csv", "x" * 5000 + ".csv", "\ud800.csv", "loop.csv"])
def test_invalid_file_names(docs: Path, declared: str) -> None:
    (docs / "loop.csv").symlink_to(docs / "loop.csv")
    with pytest.raises(AttentionError) as caught:
        read_author_file(found(docs, declared), declared)
    assert len(caught.value.message) < 400
    caught.value.message.encode()


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.posix
@pytest.mark.parametrize(
    ("make", "what"), [(_pipe, "a named pipe"), (_device, "a device"), (_folder, "a folder")]
)
def test_only_regular_files_are_read(docs: Path, make: Callable[[Path], None], what: str) -> None:
    make(docs / "odd.npy")
    with pytest.raises(AttentionError, match=f"it is {what}, not a regular file"):
        read_author_file(docs / "odd.npy", "odd.npy")


def test_a_large_file_is_not_read(docs: Path) -> None:
    with (docs / "large.npy").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(AttentionError, match=r"it has 1,099,511,627,776 bytes, and 536,870,912"):
        read_author_file(docs / "large.npy", "large.npy")
    with pytest.raises(AttentionError, match="it has 8 bytes, and 4 are read at most"):
        read_author_file(docs / "w.csv", "w.csv", limit=4)
    assert read_author_file(docs / "w.csv", "w.csv", limit=8) == b"1,0\n0,1\n"


@pytest.mark.parametrize(
    ("declared", "near"), [("W.csv", "w.csv"), ("ww.csv", "w.csv"), ("w.npy", "w.csv")]
)
def test_the_nearest_name_of_a_missing_file(docs: Path, declared: str, near: str) -> None:
    with pytest.raises(AttentionError) as caught:
        read_author_file(docs / declared, declared)
    assert f"cannot be read: No such file or directory (did you mean {near}?)" in (
        caught.value.message
    )


@pytest.mark.parametrize("declared", ["https://host/w.npy", "s3://bucket/w.npy", "file:///w.npy"])
def test_an_address_is_no_file(docs: Path, declared: str) -> None:
    with pytest.raises(AttentionError, match="is an address, and only files are read"):
        found(docs, declared)


def test_a_leading_slash_means_the_folder_of_the_sources(docs: Path) -> None:
    with pytest.raises(AttentionError, match="starts at the folder of the sources"):
        read_author_file(docs / "home" / "w.csv", "/home/w.csv")


def test_a_missing_folder(docs: Path) -> None:
    with pytest.raises(AttentionError, match="the folder 'dep' is not there"):
        read_author_file(docs / "dep" / "w.csv", "dep/w.csv")
