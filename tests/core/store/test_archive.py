"""Archives made by hand: only sound entries are imported."""

from __future__ import annotations

import io
import os
import tarfile
from typing import TYPE_CHECKING

import pytest

from sphinx_attention.core.store.archive import export_entries, import_entries
from sphinx_attention.core.store.base import MemoryStore
from sphinx_attention.core.store.entry import pack
from sphinx_attention.core.store.folder import FolderStore
from tests.core.entries import REQUEST, attention

if TYPE_CHECKING:
    from pathlib import Path

KEY, DATA = REQUEST.key, pack(REQUEST, attention())
NAME = f"{KEY[:2]}/{KEY[2:]}.attn"


def member(name: str = NAME, data: bytes = DATA, **fields: object) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for field, value in fields.items():
        setattr(info, field, value)
    padding = bytes(-len(data) % 512)
    return info.tobuf(tarfile.GNU_FORMAT) + data + padding


def taken(file: Path, *members: bytes, store: FolderStore | None = None):
    file.write_bytes(b"".join(members) + bytes(1024))
    return import_entries(store or MemoryStore(), file)


def test_a_sound_member_is_taken(tmp_path: Path) -> None:
    assert taken(tmp_path / "x.tar", member()) == ([KEY], {})


@pytest.mark.parametrize(
    "name", [f"../{NAME}", f"/{NAME}", f"./{NAME}", NAME.upper(), NAME + "\n", "a/b.attn", "é"]
)
def test_other_names_are_refused(tmp_path: Path, name: str) -> None:
    done, wrong = taken(tmp_path / "x.tar", member(name), member())
    assert done == [KEY]
    assert len(wrong) == 1


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE]
)
def test_other_kinds_are_refused(tmp_path: Path, kind: bytes) -> None:
    store = FolderStore(tmp_path / "store")
    forged = member(data=b"", type=kind, linkname="/etc/passwd")
    done, wrong = taken(tmp_path / "x.tar", forged, store=store)
    assert (done, list(wrong)) == ([], [NAME])
    assert list(store.keys()) == []


@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.GNUTYPE_SPARSE, tarfile.CONTTYPE])
@pytest.mark.parametrize("size", [1 << 40, 1 << 60])
def test_a_huge_member_is_refused(tmp_path: Path, kind: bytes, size: int) -> None:
    file = tmp_path / "x.tar"
    info = tarfile.TarInfo(NAME)
    info.size, info.type = size, kind
    # The file is as large as its header says, and consists of a hole.
    file.write_bytes(info.tobuf(tarfile.GNU_FORMAT))
    if size < 1 << 41:
        os.truncate(file, size + 512)
    done, wrong = import_entries(MemoryStore(), file)
    assert done == []
    assert any("bytes" in why or "kind" in why for why in wrong.values())


@pytest.mark.parametrize(
    "kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK]
)
@pytest.mark.parametrize("size", [1 << 40, -512])
def test_headers_that_announce_too_much_or_too_little(
    tmp_path: Path, kind: bytes, size: int
) -> None:
    info = tarfile.TarInfo("x")
    info.size, info.type = size, kind
    header = info.tobuf(tarfile.GNU_FORMAT)
    done, wrong = taken(tmp_path / "x.tar", member(), header, member())
    assert done in ([KEY], [KEY, KEY])
    assert wrong


@pytest.mark.parametrize("size", [-512, -1024, -1])
def test_a_negative_size_ends_the_reading(tmp_path: Path, size: int) -> None:
    info = tarfile.TarInfo(NAME)
    info.size = size
    done, wrong = taken(tmp_path / "x.tar", member(), info.tobuf(tarfile.GNU_FORMAT))
    assert done == [KEY]
    assert wrong


def test_a_damaged_member_is_not_counted_where_the_store_has_a_sound_one(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    store.put(REQUEST, attention())
    done, wrong = taken(tmp_path / "x.tar", member(data=DATA[:-1]), store=store)
    assert (done, wrong) == ([], {NAME: "its checksum is wrong"})
    assert store.get_bytes(KEY) == DATA


def test_a_sound_member_replaces_a_damaged_entry(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    store.write(KEY, DATA[:-1])
    assert taken(tmp_path / "x.tar", member(), store=store) == ([KEY], {})
    assert store.get_bytes(KEY) == DATA


@pytest.mark.posix
def test_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.tar")
    with pytest.raises(OSError, match="not a regular file"):
        import_entries(MemoryStore(), tmp_path / "x.tar")


def test_a_compressed_archive_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "x.tar.gz"
    with tarfile.open(file, "w:gz") as tar:
        info = tarfile.TarInfo(NAME)
        info.size = len(DATA)
        tar.addfile(info, io.BytesIO(DATA))
    done, wrong = import_entries(MemoryStore(), file)
    assert done == []
    assert "no tar that export wrote" in wrong[file.name]


def test_an_exported_archive_can_be_imported(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    store.put(REQUEST, attention())
    assert export_entries(store, [KEY], tmp_path / "x.tar") == ([KEY], {})
    other = FolderStore(tmp_path / "other")
    assert import_entries(other, tmp_path / "x.tar") == ([KEY], {})
    assert other.get_bytes(KEY) == DATA
