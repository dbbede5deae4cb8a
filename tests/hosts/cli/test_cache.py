"""`sphinx-attention cache`: list, check, prune, export and import."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sphinx_attention.core.capture.recompute import WEIGHT, compare
from sphinx_attention.core.store.entry import pack
from sphinx_attention.core.store.folder import FolderStore
from tests.core.entries import attention, request

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hosts.cli.notes import Notes


@pytest.fixture
def filled(notes: Notes) -> Notes:
    notes.write({"index": ["a b c", "d e"], "more": ["a b c"]})
    notes.run("capture", str(notes.folder))
    return notes


def key_of(notes: Notes, text: str) -> str:
    entries = notes.run("cache", "list", str(notes.folder), "--json").json["entries"]
    (key,) = (one["key"] for one in entries if one["text"] == text)
    return str(key)


def cut(notes: Notes, key: str) -> None:
    notes.path(key).write_bytes(notes.path(key).read_bytes()[:-3])


def alter(notes: Notes, key: str, by: float) -> None:
    """Write a sound entry of the same request with other first weights."""
    from sphinx_attention.hosts.sphinx.collect import collect

    store = FolderStore(notes.store)
    (requested,) = {r for _, r in collect(notes.folder, {}) if r.key == key}
    found = store.get(key)
    assert found is not None
    weights = found.weights.copy()
    weights[0, 0, 0, :2] += [by, -by]
    from dataclasses import replace

    store.put(requested, replace(found, weights=weights))


# list


def test_the_list_has_a_row_an_entry(filled: Notes) -> None:
    answer = filled.run("cache", "list", str(filled.folder))
    heading, *rows = answer.out.splitlines()
    assert heading.split() == ["key", "text", "model", "revision", "size", "used", "by"]
    size = len(filled.path(key_of(filled, "a b c")).read_bytes())
    row = next(r for r in rows if "a b c" in r).split("  ")
    assert [cell.strip() for cell in row if cell] == [
        key_of(filled, "a b c")[:12],
        "a b c",
        "counting",
        "1",
        f"{size / 1000:.1f} kB",
        "index, more",
    ]
    assert len(rows) == 2
    assert "2 entries, " in answer.err


def test_the_list_marks_unused_and_damaged_entries(filled: Notes) -> None:
    key = key_of(filled, "d e")
    cut(filled, key)
    filled.write({"index": ["d e"]})
    entries = filled.run("cache", "list", str(filled.folder), "--json").json["entries"]
    by_key = {one["key"]: one for one in entries}
    assert by_key[key]["damaged"] == "its checksum is wrong"
    assert by_key[key]["used_by"] == ["index"]
    assert [one["used_by"] for one in entries if one["text"] == "a b c"] == [[]]
    assert "damaged: its checksum is wrong" in filled.run("cache", "list", str(filled.folder)).out


def test_control_characters_of_an_entry_do_not_reach_the_terminal(filled: Notes) -> None:
    requested = request("\x1b[2J gone")
    FolderStore(filled.store).write(requested.key, pack(requested, attention()))
    assert "\x1b" not in filled.run("cache", "list", str(filled.folder)).out


# check


def test_entries_that_are_right_pass(filled: Notes) -> None:
    answer = filled.run("cache", "check", str(filled.folder), "--json").json
    assert len(answer["checked"]) == 2
    assert (answer["different"], answer["damaged"], answer["missing"]) == ({}, {}, [])
    assert (
        len(
            filled.run("cache", "check", str(filled.folder), "--sample", "1", "--json").json[
                "checked"
            ]
        )
        == 1
    )


def test_entries_that_differ_or_are_damaged_are_reported(filled: Notes) -> None:
    alter(filled, key_of(filled, "a b c"), 0.01)
    cut(filled, key_of(filled, "d e"))
    before = filled.entries()
    answer = filled.run("cache", "check", str(filled.folder), code=1)
    assert "a b c: 2 weights differ, by 0.01" in answer.out
    assert "(0.0, 'a' to 'a': " in answer.out
    assert "d e: its checksum is wrong" in answer.out
    assert "1 computed again, 1 different, 1 damaged" in answer.err
    assert filled.entries() == before


def test_differences_of_rounding_are_ignored(filled: Notes) -> None:
    alter(filled, key_of(filled, "a b c"), 1 / 16000)
    filled.run("cache", "check", str(filled.folder))


def test_entries_that_cannot_be_recomputed_are_reported(filled: Notes) -> None:
    (filled.counting.folder / "counting_source.py").write_text("")
    from tests.core.counting import forget

    forget()
    answer = filled.run("cache", "check", str(filled.folder), "--json", code=1).json
    assert all("it cannot be computed" in why for why in answer["different"].values())
    assert len(answer["different"]) == 2


def test_reported_differences() -> None:
    from dataclasses import replace

    one = attention()
    assert compare(one, one) == ""
    for gap, differs in ((WEIGHT * 0.9, False), (WEIGHT * 1.1, True), (np.nan, True)):
        weights = one.weights.astype(np.float64).copy()
        weights[1, 2, 3, 1] += gap
        message = compare(one, replace(one, weights=weights))
        assert bool(message) == differs
        assert not differs or "(1.2, '🦊' to '</script>'" in message
    assert "other keys" in compare(one, replace(one, masked=np.zeros_like(one.masked)))
    assert "shape" in compare(one, replace(one, weights=one.weights[:1], layer_names=()))
    other = tuple(replace(t, text=t.text + "!") for t in one.query_tokens)
    assert "its tokens are" in compare(one, replace(one, query_tokens=other, key_tokens=other))


# prune


def test_prune_removes_what_no_document_uses(filled: Notes) -> None:
    gone, kept = key_of(filled, "a b c"), key_of(filled, "d e")
    filled.write({"index": ["d e"]})
    dry = filled.run("cache", "prune", str(filled.folder), "--dry-run")
    assert dry.out.split() == [gone[:12]]
    assert "1 would be removed, 1 kept" in dry.err
    assert len(filled.entries()) == 2
    left = filled.path(kept).with_name(".left.tmp")
    left.write_text("")
    import os

    os.utime(left, (0, 0))
    answer = filled.run("cache", "prune", str(filled.folder), "--json").json
    assert answer == {"removed": [gone], "kept": 1, "swept": 1}
    assert list(filled.entries()) == [kept]


def test_prune_does_not_take_all_when_no_figure_is_found(filled: Notes) -> None:
    filled.write({"index": []})
    answer = filled.run("cache", "prune", str(filled.folder), code=1)
    assert "no figure was found" in answer.err
    assert len(filled.entries()) == 2


def test_prune_keeps_entries_of_a_newer_version(filled: Notes) -> None:
    key = key_of(filled, "a b c")
    filled.path(key).write_bytes(b"attnfig\xff" + bytes(60))
    filled.write({"index": ["d e"]})
    assert filled.run("cache", "prune", str(filled.folder), "--json").json["removed"] == []


def test_prune_keeps_a_shared_store_without_the_option(filled: Notes) -> None:
    shared = filled.folder.parent / "shared"
    conf = f'attention_cache = "file://{shared}"\n'
    filled.write({"index": ["a b c", "d e"]}, conf)
    filled.run("capture", str(filled.folder), "--refresh")
    assert len(list(shared.glob("??/*.attn"))) == 2
    filled.write({"index": ["d e"]}, conf)
    filled.run("cache", "prune", str(filled.folder))
    assert (len(filled.entries()), len(list(shared.glob("??/*.attn")))) == (1, 2)
    filled.run("cache", "prune", str(filled.folder), "--shared")
    assert len(list(shared.glob("??/*.attn"))) == 1


# export, import


def other(notes: Notes) -> Notes:
    """The same notes in another folder, with an empty store."""
    from tests.hosts.cli.notes import Notes as Kind

    made = Kind(notes.folder.parent / "other", notes.counting)
    made.write({"index": ["a b c", "d e"]})
    return made


def test_an_export_can_be_imported(filled: Notes, tmp_path: Path) -> None:
    file, again = tmp_path / "x.tar", tmp_path / "y.tar"
    filled.run("cache", "export", str(filled.folder), str(file))
    filled.run("cache", "export", str(filled.folder), str(again))
    assert file.read_bytes() == again.read_bytes()
    target = other(filled)
    answer = target.run("cache", "import", str(target.folder), str(file))
    assert "2 entries taken into" in answer.err
    assert target.entries() == filled.entries()
    assert (
        len(target.run("cache", "import", str(target.folder), str(file), "--json").json["entries"])
        == 2
    )
    assert not list(tmp_path.glob(".*"))


def test_export_of_used_entries_alone(filled: Notes, tmp_path: Path) -> None:
    filled.write({"index": ["d e"]})
    folder, file = str(filled.folder), str(tmp_path / "x.tar")
    assert filled.run("cache", "export", folder, file, "--used", "--json").json["entries"] == [
        key_of(filled, "d e")
    ]


def test_a_damaged_entry_is_not_exported(filled: Notes, tmp_path: Path) -> None:
    key = key_of(filled, "a b c")
    cut(filled, key)
    folder, file = str(filled.folder), str(tmp_path / "x.tar")
    answer = filled.run("cache", "export", folder, file, "--json", code=1).json
    assert answer["left_out"] == {key: "its checksum is wrong"}
    assert len(answer["entries"]) == 1


def test_damaged_or_misnamed_members_are_not_imported(filled: Notes, tmp_path: Path) -> None:
    key, kept = key_of(filled, "a b c"), key_of(filled, "d e")
    data, sound = filled.path(key).read_bytes(), filled.path(kept).read_bytes()
    file = tmp_path / "x.tar"
    name = f"{key[:2]}/{key[2:]}.attn"
    link = tarfile.TarInfo(f"{'ab' * 1}/{'c' * 62}.attn")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    with tarfile.open(file, "w:") as tar:
        members = {
            f"../{name}": data,
            f"/{name}": data,
            "conf.py": b"print('ran')",
            name: data[:-1] + b"?",
            f"{key[:2]}/{'0' * 62}.attn": data,
            f"{kept[:2]}/{kept[2:]}.attn": sound,
        }
        for each, content in members.items():
            info = tarfile.TarInfo(each)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        tar.addfile(link)
    target = other(filled)
    before = {path for path in tmp_path.rglob("*") if "other" not in str(path)}
    answer = target.run("cache", "import", str(target.folder), str(file), "--json", code=1).json
    assert answer["entries"] == [kept]
    assert len(answer["left_out"]) == 6
    assert answer["left_out"][name] == "its checksum is wrong"
    assert "another request" in answer["left_out"][f"{key[:2]}/{'0' * 62}.attn"]
    assert target.entries() == {kept: sound}
    assert {path for path in tmp_path.rglob("*") if "other" not in str(path)} == before


@pytest.mark.parametrize("share", [0.3, 0.6])
def test_a_truncated_file_is_reported(filled: Notes, tmp_path: Path, share: float) -> None:
    file = tmp_path / "x.tar"
    filled.run("cache", "export", str(filled.folder), str(file))
    used = sum(512 + -(-len(d) // 512) * 512 for d in filled.entries().values())
    file.write_bytes(file.read_bytes()[: int(used * share)])
    target = other(filled)
    answer = target.run("cache", "import", str(target.folder), str(file), code=1)
    assert "left out" in answer.err
    assert set(target.entries().items()) <= set(filled.entries().items())
    assert len(target.entries()) == (1 if share > 0.5 else 0)


def test_other_files_are_reported(filled: Notes, tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_bytes(b"no tar at all" * 100)
    answer = filled.run("cache", "import", str(filled.folder), str(tmp_path / "x.tar"), code=1)
    assert "no tar that export wrote" in answer.err
