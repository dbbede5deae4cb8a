"""Builds and the store: what is captured, kept, and built again."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import FOX
from tests.course import CONF, FUNCTION
from tests.hosts.sphinx.projects import figure_tags

if TYPE_CHECKING:
    from pathlib import Path


def test_models_given_as_paths(project) -> None:
    conf = (
        "from pathlib import Path\nattention_model = Path('checkpoints/mine')\n"
        "attention_models = {'mine': {'path': Path('checkpoints/mine')}}\n"
    )
    made = project({"index.rst": "P\n=\n\nText.\n"}, conf)
    made.build(strict=True)
    made.build(strict=True)
    assert "0 added, 0 changed" in made.status


# Capture, store, and successive builds


def model_project(project, conf: str = "", **pages: str):
    files = {f"{name}.rst": text for name, text in pages.items()}
    tree = ".. toctree::\n   :glob:\n\n   *\n\n" if pages else ""
    files.setdefault("index.rst", f"I\n=\n\n{tree}.. attention:: {FOX}\n")
    return project({**files, "course_model.py": FUNCTION}, CONF + conf)


def test_a_function_of_the_authors(project) -> None:
    made = model_project(project)
    made.build(strict=True)
    (figure,) = figure_tags(made.html())
    assert figure.find(class_="attention-model").text == "course"
    stored = list((made.folder / "_attention").glob("??/*.attn"))
    assert len(stored) == 1


def test_a_second_build_captures_and_writes_nothing(project) -> None:
    made = model_project(project)
    made.build(strict=True)
    assert "capturing attention" in made.status
    out = made.folder / "_build" / "html"
    before = {p: p.stat().st_mtime_ns for p in out.rglob("*.html")}
    made.build(strict=True)
    assert "capturing attention" not in made.status
    changed = {p.name for p in out.rglob("*.html") if before.get(p) != p.stat().st_mtime_ns}
    # Sphinx writes these pages at every build.
    assert changed <= {"search.html", "genindex.html"}


def test_a_lost_store_is_filled_again_and_its_pages_are_written(project) -> None:
    made = model_project(project)
    made.build(strict=True)
    first = made.html()
    for entry in (made.folder / "_attention").glob("??/*.attn"):
        entry.unlink()
    made.build(strict=True)
    assert made.html() == first
    assert list((made.folder / "_attention").glob("??/*.attn"))


def test_a_damaged_entry_is_computed_again_with_a_warning(project) -> None:
    made = model_project(project)
    made.build(strict=True)
    first = made.html()
    (entry,) = (made.folder / "_attention").glob("??/*.attn")
    entry.write_bytes(entry.read_bytes()[:-5])
    made.build()
    assert "its checksum is wrong; computed again" in made.warnings
    assert "[attention.store]" in made.warnings
    assert made.html() == first
    made.build(strict=True)


def test_a_frozen_build_uses_the_store_and_warns_of_what_it_lacks(project) -> None:
    made = model_project(project)
    made.build(strict=True)
    text = (made.folder / "index.rst").read_text()
    (made.folder / "index.rst").write_text(f"{text}\n.. attention:: something new\n")
    (made.folder / "course_model.py").write_text("raise SystemExit('a model was loaded')")
    made.build(confoverrides={"attention_mode": "frozen"})
    assert len(figure_tags(made.html())) == 1
    assert made.warnings.count("WARNING") == 1
    assert re.search(r"index\.rst:6: WARNING: .*something new.*attention_mode", made.warnings)
    assert "[attention.frozen]" in made.warnings


def test_a_failing_text_spares_the_others(project) -> None:
    made = model_project(
        project, other="O\n=\n\n.. attention:: please refuse\n\n.. attention:: a b c\n"
    )
    made.build()
    assert re.search(r"other\.rst:4: WARNING: .*refused.*\[attention\.function\]", made.warnings)
    assert len(figure_tags(made.html("other"))) == 1
    assert len(figure_tags(made.html())) == 1
    # Failures are not stored, so the next build tries again.
    made.build()
    assert "refused" in made.warnings


@pytest.mark.slow
def test_parallel_builds_write_the_same_pages(tmp_path: Path) -> None:
    source = tmp_path / "docs"
    source.mkdir()
    (source / "course_model.py").write_text(FUNCTION)
    (source / "conf.py").write_text(
        f'extensions = ["sphinx_attention"]\n{CONF}numfig = True\nshow_warning_types = True\n'
    )
    names = [f"page{n}" for n in range(12)]
    (source / "index.rst").write_text(
        "I\n=\n\n.. toctree::\n\n" + "".join(f"   {n}\n" for n in names)
    )
    for n, name in enumerate(names):
        (source / f"{name}.rst").write_text(
            f"{name}\n{'=' * len(name)}\n\n.. attention:: {FOX} number {n}\n\n"
            f".. attention:: {FOX}\n   :caption: Again.\n\n.. attention-figure:: {FOX}\n   :layr: 1\n"
        )
    outputs = []
    for jobs in ("1", "2"):
        out = tmp_path / f"out{jobs}"
        store = tmp_path / f"store{jobs}"
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "sphinx",
                "-j",
                jobs,
                "-D",
                f"attention_cache={store}",
                str(source),
                str(out),
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr.count("[attention.option]") == 12
        assert "not safe for parallel" not in done.stderr
        outputs.append(
            {p.name: p.read_bytes() for p in out.glob("*.html")}
            | {p.name: p.read_bytes() for p in store.glob("??/*")}
        )
        assert len(list(store.glob("??/*.attn"))) == 13
    assert outputs[0] == outputs[1]


def test_a_changed_matrix_file_rebuilds_its_page(project) -> None:
    page = "P\n=\n\n.. attention-figure:: a b\n   :matrix: w.csv\n   :focus: a\n"
    made = project({"index.rst": page, "w.csv": "1,0\n0,1\n"})
    made.build(strict=True)
    made.write({"w.csv": "0.25,0.75\n0,1\n"})
    made.build(strict=True)
    assert "0.750" in made.html()


@pytest.mark.slow
def test_nothing_missing_no_torch(tmp_path: Path, minilm: Path) -> None:
    """The first build runs a real model. The second build has neither torch nor transformers."""
    (tmp_path / "conf.py").write_text(
        'extensions = ["sphinx_attention"]\nattention_model = "minilm"\n'
        f'attention_models = {{"minilm": {{"path": {str(minilm)!r}}}}}\n'
    )
    (tmp_path / "index.rst").write_text(f"P\n=\n\n.. attention:: {FOX}\n")
    code = (
        "import sys\nfrom sphinx.cmd.build import build_main\n"
        "code = build_main(['-q', '-W', '-E', '-j', '2', *sys.argv[1:]])\n"
        "print(code, sorted({'torch', 'transformers', 'tokenizers'} & set(sys.modules)))\n"
    )
    message = []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path), str(tmp_path / "out")],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "HF_HUB_OFFLINE": "1"},
        )
        message.append(done.stdout.strip().splitlines()[-1])
    assert message[0].startswith("0 [")
    assert "torch" in message[0]
    assert message[1] == "0 []"


@pytest.mark.slow
def test_a_killed_build_leaves_a_store_that_the_next_one_uses(tmp_path: Path) -> None:
    slow = FUNCTION.replace("    words =", "    import time; time.sleep(0.05)\n    words =")
    (tmp_path / "course_model.py").write_text(slow)
    (tmp_path / "conf.py").write_text(f'extensions = ["sphinx_attention"]\n{CONF}')
    (tmp_path / "index.rst").write_text(
        "P\n=\n\n" + "".join(f".. attention:: sentence number {n}\n\n" for n in range(40))
    )
    command = [sys.executable, "-m", "sphinx", "-q", "-W", str(tmp_path), str(tmp_path / "out")]
    child = subprocess.Popen(command)
    store = tmp_path / "_attention"
    while len(list(store.glob("??/*.attn"))) < 3:
        assert child.poll() is None
    child.kill()
    child.wait()
    kept = {p: p.stat().st_mtime_ns for p in store.glob("??/*.attn")}
    assert 3 <= len(kept) < 40
    subprocess.run(command, check=True)
    assert len(list(store.glob("??/*.attn"))) == 40
    assert all(p.stat().st_mtime_ns == when for p, when in kept.items())
    assert len(figure_tags((tmp_path / "out" / "index.html").read_text())) == 40
