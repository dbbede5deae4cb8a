"""A page shows right numbers or says that it has none, whatever happens to its store."""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from sphinx_attention.core.capture.library import Library
from sphinx_attention.core.errors import AttentionError
from sphinx_attention.core.store.entry import DamagedEntryError, pack
from sphinx_attention.core.store.folder import FolderStore
from tests import course
from tests.core.entries import REQUEST, attention, request

if TYPE_CHECKING:
    from collections.abc import Sequence

FIGURES = 12
CONF = f'extensions = ["sphinx_attention"]\nattention_cache = "../store"\n{course.CONF}'


def notes(folder: Path, figures: int = FIGURES) -> Path:
    """A project beside its store."""
    folder.mkdir(parents=True)
    (folder / "conf.py").write_text(CONF)
    (folder / "course_model.py").write_text(course.FUNCTION)
    text = "".join(f".. attention:: sentence number {n} of them\n\n" for n in range(figures))
    (folder / "index.rst").write_text(f"P\n=\n\n{text}")
    return folder


def command(docs: Path, *options: str) -> list[str]:
    out = docs.parent / f"{docs.name}-out"
    return [sys.executable, "-m", "sphinx", "-E", "-q", *options, str(docs), str(out)]


def page(docs: Path) -> str:
    return (docs.parent / f"{docs.name}-out" / "index.html").read_text(encoding="utf-8")


def figures(docs: Path) -> int:
    return len(BeautifulSoup(page(docs), "html.parser").find_all("figure", "attention-figure"))


def built(arguments: Sequence[str], **options: object) -> str:
    """Run the command. Return the warnings as one text."""
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stderr
    return str(done.stderr)


def contents(store: Path) -> dict[str, bytes]:
    return {str(p.relative_to(store)): p.read_bytes() for p in store.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, bytes]]:
    """The page and the store of a build without disturbances."""
    docs = notes(tmp_path_factory.mktemp("undisturbed") / "notes")
    assert built(command(docs, "-W")) == ""
    assert figures(docs) == FIGURES
    store = contents(docs.parent / "store")
    assert len(store) == FIGURES
    return page(docs), store


def can_mount() -> bool:
    """Whether this machine allows mounts in a namespace of their own."""
    probe = ["unshare", "-rm", "sh", "-c", "mount -t tmpfs none /tmp"]
    with contextlib.suppress(FileNotFoundError):
        return subprocess.run(probe, capture_output=True, check=False).returncode == 0
    return False


def refused(docs: Path, mount: str, error: str) -> list[str]:
    """A build whose store the system refuses. A real mount is used if this machine allows one."""
    build = command(docs)
    if can_mount():
        store = docs.parent / "store"
        store.mkdir(exist_ok=True)
        return ["unshare", "-rm", "sh", "-c", f'{mount} && shift && exec "$@"', "sh", store, *build]
    patched = (
        "import errno, os, sys\n"
        "from sphinx.cmd.build import main\n"
        "from sphinx_attention.core.store import folder\n"
        "def refuse(*_):\n"
        f"    raise OSError(errno.{error}, os.strerror(errno.{error}))\n"
        "folder.write_atomically = refuse\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    return [sys.executable, "-c", patched, *build[3:]]


# Several builds at once


@pytest.mark.slow
def test_concurrent_builds_can_share_a_store(
    tmp_path: Path, undisturbed: tuple[str, dict[str, bytes]]
) -> None:
    docs = [notes(tmp_path / f"notes{n}") for n in range(3)]
    builds = [
        subprocess.Popen(command(d, "-W", "-j", "2"), stderr=subprocess.PIPE, text=True)
        for d in docs
    ]
    for build in builds:
        _, message = build.communicate()
        assert (build.returncode, message) == (0, "")
    for d in docs:
        assert page(d) == undisturbed[0]
    assert contents(tmp_path / "store") == undisturbed[1]


def test_readers_see_whole_entries_while_others_write(tmp_path: Path) -> None:
    """Two processes write the same few entries again and again while a third reads them."""
    code = (
        "import sys, pathlib\n"
        "from sphinx_attention.core.store.folder import FolderStore\n"
        "from tests.core.entries import attention, request\n"
        "store, given = FolderStore(pathlib.Path(sys.argv[1])), attention(size=40)\n"
        "print(flush=True)\n"
        "while True:\n"
        "    for n in range(3):\n"
        "        store.put(request(str(n)), given)\n"
    )
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        for _ in range(2)
    ]
    try:
        for writer in writers:
            assert writer.stdout is not None
            writer.stdout.readline()
        store, keys = FolderStore(tmp_path), [request(str(n)).key for n in range(3)]
        while not all(store.has(key) for key in keys):
            assert all(writer.poll() is None for writer in writers)
        assert all(store.has(key) for _ in range(500) for key in keys)
    finally:
        for writer in writers:
            writer.kill()
            writer.communicate()


# Refusals by the system


@pytest.mark.slow
def test_a_full_disk(tmp_path: Path, undisturbed: tuple[str, dict[str, bytes]]) -> None:
    docs = notes(tmp_path / "notes")
    # Some of the entries fit. A copy outlives the mount.
    mount = f'mount -t tmpfs -o size=28k none "$1" && trap "cp -r $1 {tmp_path}/kept" EXIT'
    message = built(refused(docs, mount, "ENOSPC"))
    assert message.count("WARNING") == 1
    assert re.search(
        r"index\.rst:\d+: WARNING: cannot write to the store .*: No space left on device; what was "
        r"computed is shown on this build's pages and computed again by the next "
        r"\[attention\.store\]",
        message,
    )
    assert page(docs) == undisturbed[0]
    # With free space, the next build completes the store without a message.
    assert built(command(docs, "-W")) == ""
    assert page(docs) == undisturbed[0]
    assert contents(tmp_path / "store") == undisturbed[1]


@pytest.mark.slow
def test_a_read_only_store(tmp_path: Path, undisturbed: tuple[str, dict[str, bytes]]) -> None:
    few = notes(tmp_path / "few", 2)
    built(command(few, "-W"))
    before = contents(tmp_path / "store")
    docs = notes(tmp_path / "notes")
    mount = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1"'
    message = built(refused(docs, mount, "EROFS"))
    assert message.count("WARNING") == 1
    assert re.search(
        r"cannot write to the store .*: Read-only file system; .*\[attention\.store\]", message
    )
    assert page(docs) == undisturbed[0]
    assert contents(tmp_path / "store") == before
    # Entries that exist need no writing, and so no warning.
    assert "WARNING" not in built(refused(few, mount, "EROFS"))


# Damaged entries


@pytest.mark.slow
def test_a_store_of_a_newer_version(
    tmp_path: Path, undisturbed: tuple[str, dict[str, bytes]]
) -> None:
    docs = notes(tmp_path / "notes")
    store = tmp_path / "store"
    for name, data in undisturbed[1].items():
        (store / name).parent.mkdir(parents=True, exist_ok=True)
        (store / name).write_bytes(data[:7] + b"\x02" + data[8:] + b"what is new")
    before = contents(store)
    message = built(command(docs))
    assert message.count("WARNING") == 1
    assert re.search(
        r"index\.rst:\d+: WARNING: .*store/.*: it was written by a newer sphinx-attention \(format 2, "
        r"this version reads format 1; pip install --upgrade sphinx-attention\); left as it is, as "
        rf"are {FIGURES - 1} more; computed again, for this build alone \[attention\.store\]",
        message,
    )
    assert page(docs) == undisturbed[0]
    assert contents(store) == before
    message = built(command(docs, "-D", "attention_mode=frozen"))
    assert figures(docs) == 0
    assert "left as it is, as are" in message
    assert message.count("newer sphinx-attention") == FIGURES + 1
    assert contents(store) == before


def test_an_entry_cut_short_at_any_byte_is_no_picture(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.put(REQUEST, attention(layers=1, heads=1))
    path = store.path(REQUEST.key)
    whole = path.read_bytes()
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        library = Library(store)
        assert library.missing([REQUEST]) == [REQUEST]
        assert len(library.drain_warnings()) == 1
        with pytest.raises(AttentionError, match="cannot be used"):
            Library(store, "frozen").get(REQUEST)
    path.write_bytes(whole)
    assert Library(store).missing([REQUEST]) == []


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_bits_that_flip_are_no_picture(tmp_path: Path, data: st.DataObject) -> None:
    store, given_ = FolderStore(tmp_path), attention()
    entry = bytearray(pack(REQUEST, given_))
    for bit in data.draw(st.sets(st.integers(0, 8 * len(entry) - 1), max_size=9)):
        entry[bit // 8] ^= 1 << bit % 8
    store.path(REQUEST.key).parent.mkdir(exist_ok=True)
    store.path(REQUEST.key).write_bytes(entry)
    library = Library(store)
    if library.missing([REQUEST]):
        assert len(library.drain_warnings()) == 1
        with pytest.raises(DamagedEntryError):
            store.get(REQUEST.key)
    else:
        assert_allclose(library.get(REQUEST).weights, given_.weights, atol=1 / 8000)


# Killed processes

KILLER = """
import os, random, signal, sys, time
from pathlib import Path
from sphinx_attention.core.capture.library import Library
from sphinx_attention.core.request import FunctionSource, Request
from sphinx_attention.core.store.folder import FolderStore

sys.path.insert(0, sys.argv[1])
root, entries, kills = Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
source = FunctionSource("course", "course_model:attention")
requests = [Request(source, f"sentence number {n} of them") for n in range(entries)]

def capture():
    library = Library(FolderStore(root))
    for _ in library.capture(library.missing(requests)):
        pass
    assert not library.failures and not library.drain_warnings()

chance = random.Random(5)
killed = left = 0
for _ in range(kills):
    begun = len(list(FolderStore(root).keys()))
    child = os.fork()
    if not child:
        capture()
        os._exit(0)
    # Now and then while it starts, mostly while it writes.
    if chance.random() < 0.9:
        while len(list(FolderStore(root).keys())) == begun:
            pass
    time.sleep(chance.random() * 0.02)
    os.kill(child, signal.SIGKILL)
    killed += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    store = FolderStore(root)
    for key in store.keys():
        assert store.get(key) is not None
    left += sum(1 for _ in root.rglob(".*.tmp"))
    if len(list(store.keys())) > entries // 2:
        # There has to be something left to do.
        for key in chance.sample(list(store.keys()), entries // 3):
            store.delete(key)
if kills:
    print(killed, left)
capture()
"""


@pytest.mark.slow
def test_a_hundred_kills_damage_nothing(tmp_path: Path) -> None:
    docs = notes(tmp_path / "notes", 0)
    script = tmp_path / "killer.py"
    script.write_text(KILLER)

    def run(store: Path, kills: int) -> str:
        arguments = [sys.executable, str(script), str(docs), str(store), "300", str(kills)]
        done = subprocess.run(arguments, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    killed, left = map(int, run(tmp_path / "killed", 100).split())
    # Most kills hit a working process, and some hit the writing of a file.
    assert killed >= 90
    assert left > 0
    store = FolderStore(tmp_path / "killed")
    temporary = list(store.root.rglob(".*.tmp"))
    for path in temporary:
        os.utime(path, (0, 0))
    # A later run removes old temporary files.
    FolderStore(store.root).put(REQUEST, attention())
    assert not [path for path in temporary if path.exists()]
    assert store.delete(REQUEST.key)
    run(tmp_path / "whole", 0)
    assert len(contents(tmp_path / "whole")) == 300
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")


@pytest.mark.slow
def test_a_build_that_is_killed_ten_times_ends_like_an_undisturbed_one(
    tmp_path: Path, undisturbed: tuple[str, dict[str, bytes]]
) -> None:
    """Sphinx, the store and the pages together: the build is killed at random moments."""
    docs = notes(tmp_path / "notes")
    slow = course.FUNCTION.replace("    words =", "    import time; time.sleep(0.1)\n    words =")
    (docs / "course_model.py").write_text(slow)
    chance = random.Random(7)
    for _ in range(10):
        child = subprocess.Popen(command(docs), stderr=subprocess.DEVNULL)
        try:
            child.wait(chance.uniform(0.5, 2.5))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    assert built(command(docs, "-W")) == ""
    assert page(docs) == undisturbed[0]
    FolderStore(tmp_path / "store").sweep(older_than=0)
    assert contents(tmp_path / "store") == undisturbed[1]
    shutil.rmtree(tmp_path / "notes-out")
