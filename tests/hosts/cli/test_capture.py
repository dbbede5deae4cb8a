"""`sphinx-attention capture`: the requests that it computes or skips, and its messages."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sphinx_attention.core.capture import processes
from sphinx_attention.core.store.folder import FolderStore

if TYPE_CHECKING:
    from tests.hosts.cli.notes import Notes

pytestmark = pytest.mark.slow

TEXTS = ["a b c", "d e", "f g h i"]


def key_of(notes: Notes, text: str) -> str:
    missing = notes.run("capture", str(notes.folder), "--dry-run", "--json", "--refresh").json
    (key,) = (one["key"] for one in missing["missing"] if one["text"] == text)
    return str(key)


def test_it_fills_the_store_and_writes_no_page(notes: Notes) -> None:
    notes.write({"index": TEXTS, "more": ["a b c", "d e|merge: words"]})
    before = {path.name for path in notes.folder.iterdir()}
    answer = notes.run("capture", str(notes.folder))
    assert "4 captured, 0 in the store already" in answer.err
    assert answer.out == ""
    assert {path.name for path in notes.folder.iterdir()} == before | {"_attention"}
    assert len(notes.entries()) == 4
    # A request that occurs twice, or that derives from the same answer, is computed once.
    assert Counter(notes.counting.calls()) == Counter(TEXTS)
    again = notes.run("capture", str(notes.folder), "--json")
    assert again.json == {"captured": [], "there": 4, "failed": [], "not_stored": []}
    assert Counter(notes.counting.calls()) == Counter(TEXTS)


def test_the_notes_build_frozen_from_what_it_captured(notes: Notes) -> None:
    notes.write({"index": TEXTS})
    notes.run("capture", str(notes.folder))
    out = notes.folder.parent / "html"
    subprocess.run(
        [
            *(sys.executable, "-m", "sphinx", "-q", "-W", "-D", "attention_mode=frozen"),
            *(str(notes.folder), str(out)),
        ],
        check=True,
        env=notes.counting.environment(),
    )
    assert (out / "index.html").read_text().count('class="attention-picture') == 3
    assert len(notes.counting.calls()) == 3


def test_refresh_computes_all_again(notes: Notes) -> None:
    notes.write({"index": TEXTS})
    notes.run("capture", str(notes.folder))
    assert len(notes.run("capture", str(notes.folder), "--refresh", "--json").json["captured"]) == 3
    assert len(notes.counting.calls()) == 6


def test_only_takes_a_key_a_text_or_a_document(notes: Notes) -> None:
    notes.write({"index": TEXTS, "more": ["j k l", "m n"]})
    folder = str(notes.folder)
    key = key_of(notes, "d e")
    for only, expected in (
        (["--only", key[:12]], ["d e"]),
        (["--only", "g h"], ["d e", "f g h i"]),
        (["--only", "more"], ["d e", "f g h i", "j k l", "m n"]),
        (["--only", "a b", "--only", "m n"], ["a b c", "d e", "f g h i", "j k l", "m n"]),
    ):
        notes.run("capture", folder, *only)
        assert sorted(notes.counting.calls()) == expected
    wrong = notes.run("capture", folder, "--only", "nowhere", code=2)
    assert "no figure of the notes" in wrong.err


def test_a_dry_run_computes_nothing(notes: Notes) -> None:
    notes.write({"index": TEXTS, "more": ["d e"]})
    answer = notes.run("capture", str(notes.folder), "--dry-run")
    assert [line.split("  ", 2)[1:] for line in answer.out.splitlines()] == [
        ["counting", text] for text in TEXTS
    ]
    listed = notes.run("capture", str(notes.folder), "--dry-run", "--json").json
    assert [one["documents"] for one in listed["missing"]] == [
        ["index"],
        ["index", "more"],
        ["index"],
    ]
    assert notes.counting.calls() == []
    assert not notes.store.exists()


def test_a_failure_is_reported_with_its_documents_and_the_rest_is_captured(notes: Notes) -> None:
    notes.write({"index": ["a b c", "bad text"], "more": ["bad text"]})
    answer = notes.run("capture", str(notes.folder), code=1)
    assert "index, more: “bad text”: counting_source:attend raised ValueError" in answer.err
    assert "1 captured, 0 in the store already, 1 failed" in answer.err
    failed = notes.run("capture", str(notes.folder), "--json", code=1).json
    assert failed["there"] == 1
    assert failed["failed"][0]["documents"] == ["index", "more"]
    assert failed["failed"][0]["problem"] == "function"


def test_a_damaged_entry_is_reported_and_computed_again(notes: Notes) -> None:
    notes.write({"index": TEXTS})
    notes.run("capture", str(notes.folder))
    sound = notes.entries()
    key = next(iter(sound))
    notes.path(key).write_bytes(sound[key][:-5])
    answer = notes.run("capture", str(notes.folder))
    assert f"{notes.path(key)}: its checksum is wrong; computed again" in answer.err
    assert notes.entries() == sound


def test_a_store_that_cannot_be_written_is_reported_and_an_error(notes: Notes) -> None:
    notes.write({"index": TEXTS})
    notes.store.write_text("a file where the folder should be")
    answer = notes.run("capture", str(notes.folder), code=1)
    assert "warning: cannot write to the store" in answer.err
    assert "0 captured, 0 in the store already, 3 not stored" in answer.err


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_killed_capture_can_be_continued(notes: Notes, jobs: str) -> None:
    texts = [f"text {n} of twelve" for n in range(12)]
    notes.write({"index": texts})
    process = notes.start("capture", str(notes.folder), "--jobs", jobs, slow=0.15)
    notes.counting.wait_for(4)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    if jobs == "2":
        _wait_for_the_end_of(set(notes.counting.imports()))
    calls, stored = notes.counting.calls(), len(notes.entries())
    assert 3 <= stored < 12
    second = notes.start("capture", str(notes.folder), "--jobs", jobs, "--json")
    out, err = second.communicate(timeout=120)
    assert second.returncode == 0, err
    assert json.loads(out)["there"] == stored
    # Stored entries are not computed again. Each process may repeat the request that it was
    # computing.
    times = Counter(notes.counting.calls())
    assert set(times) == set(texts)
    assert sum(times.values()) - len(texts) == len(calls) - stored <= int(jobs)
    assert len(notes.entries()) == 12
    # A file that was being written keeps its temporary name, which nobody reads. The file stays
    # until it is old, because another process might still be writing it.
    unfinished = list(notes.store.glob("??/.*.tmp"))
    assert len(unfinished) <= int(jobs)
    assert FolderStore(notes.store).sweep(older_than=0) == len(unfinished)
    assert not list(notes.store.glob("??/.*.tmp"))


def _wait_for_the_end_of(pids: set[int]) -> None:
    """Wait until the processes of a killed command have ended by themselves."""
    until = time.monotonic() + 60
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < until
        time.sleep(0.05)


def test_jobs_compute_what_one_process_does(notes: Notes) -> None:
    notes.write({"index": [f"text {n} of six" for n in range(6)]})
    notes.run("capture", str(notes.folder))
    expected = notes.entries()
    answer = notes.run("capture", str(notes.folder), "--refresh", "--jobs", "2", "--json")
    assert sorted(answer.json["captured"]) == sorted(expected)
    assert notes.entries() == expected


def test_a_process_that_dies_is_reported(notes: Notes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_TRIES", 1)
    notes.write({"index": ["a b", "die now"]})
    answer = notes.run("capture", str(notes.folder), "--jobs", "2", code=1)
    assert "most likely because memory was short" in answer.err
    assert "fewer processes (--jobs)" in answer.err
    assert len(notes.entries()) == 1


def test_dtype_changes_the_requests_and_device_does_not(notes: Notes) -> None:
    notes.write({"index": ["a b|model: builtin", "c d"]})
    plain = notes.run("capture", str(notes.folder), "--dry-run", "--json").json["missing"]
    placed = notes.run("capture", str(notes.folder), "--dry-run", "--json", "--device", "cpu")
    assert placed.json["missing"] == plain
    half = notes.run("capture", str(notes.folder), "--dry-run", "--json", "--dtype", "bfloat16")
    assert half.err.count('"dtype": "bfloat16" in attention_models') == 1
    assert [
        one["key"] == two["key"] for one, two in zip(half.json["missing"], plain, strict=True)
    ] == [
        False,
        True,
    ]
    assert [one["documents"] for one in half.json["missing"]] == [["index"], ["index"]]
    notes.run("capture", str(notes.folder), "--dtype", "float8", code=2)


@pytest.mark.models
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_is_close_to_single_precision(notes: Notes, dtype: str) -> None:
    import numpy as np

    notes.write({"index": ["the quick brown fox|model: builtin"]})
    store = FolderStore(notes.store)
    notes.run("capture", str(notes.folder))
    (single,) = store.keys()
    notes.run("capture", str(notes.folder), "--dtype", dtype)
    (half,) = set(store.keys()) - {single}
    one, other = store.get(single), store.get(half)
    assert one is not None
    assert other is not None
    assert other.provenance["dtype"] == dtype
    gap = np.abs(one.weights - other.weights).max()
    assert 0 < gap < 3e-2


def test_settings_of_the_command_line_override_those_of_the_notes(notes: Notes) -> None:
    notes.write({"index": ["a b"]}, conf='attention_mode = "frozen"\n')
    notes.run("capture", str(notes.folder), "-D", "attention_cache=elsewhere")
    assert (notes.folder / "elsewhere").is_dir()
    assert not notes.store.exists()
    assert "is not NAME=VALUE" in notes.run("capture", str(notes.folder), "-D", "x", code=2).err


def test_processes_fill_a_shared_store(notes: Notes) -> None:
    shared = notes.folder.parent / "shared"
    notes.write({"index": TEXTS}, conf=f'attention_cache = "file://{shared}"\n')
    notes.run("capture", str(notes.folder), "--jobs", "2")
    there = {p.parent.name + p.stem: p.read_bytes() for p in shared.glob("??/*.attn")}
    assert there == notes.entries()
    assert len(there) == 3


def test_a_folder_without_notes_is_reported(notes: Notes) -> None:
    empty = notes.counting.folder / "empty"
    empty.mkdir()
    assert "has no conf.py" in notes.run("capture", str(empty), code=1).err
    (empty / "conf.py").write_text("extensions = []\n")
    (empty / "index.rst").write_text("T\n=\n")
    assert 'does not have "sphinx_attention"' in notes.run("capture", str(empty), code=1).err
    (empty / "conf.py").write_text("extensions = [\n")
    assert "Sphinx cannot read" in notes.run("capture", str(empty), code=1).err
    notes.run("capture", str(empty / "nowhere"), code=2)


def test_a_cluster_that_does_not_answer_is_reported(
    notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sphinx_attention.core.capture import dask

    monkeypatch.setattr(dask, "_CONNECT_SECONDS", 1)
    notes.write({"index": ["a b"]})
    answer = notes.run("capture", str(notes.folder), "--scheduler", "tcp://127.0.0.1:9", code=1)
    assert "the scheduler tcp://127.0.0.1:9 does not answer" in answer.err
