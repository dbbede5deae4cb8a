"""Notes that are built without a model and without a network."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from sphinx_attention.core.request import FunctionSource, Request
from tests.course import CONF, FUNCTION

ROOT = Path(__file__).parents[3]
PAGE = "P\n=\n\nOne that is there.\n\n.. attention:: the quick brown fox\n"
MISSING = "\nOne that is not.\n\n.. attention:: jumps over the dog\n   :view: matrix\n"
SOURCE = FunctionSource("course", "course_model:attention")
KEY = Request(SOURCE, "jumps over the dog").key


# A figure that is missing in the store


def lacking(project, monkeypatch: pytest.MonkeyPatch, cwd: Path) -> str:
    """The output of a frozen build, for a figure that was added after the capture."""
    made = project({"index.rst": PAGE, "course_model.py": FUNCTION}, CONF)
    made.build(strict=True)
    made.write({"index.rst": PAGE + MISSING, "course_model.py": "raise SystemExit('loaded')"})
    monkeypatch.chdir(cwd)
    made.build(confoverrides={"attention_mode": "frozen"})
    assert made.warnings.count("WARNING") == 1
    page = BeautifulSoup(made.html(), "html.parser")
    assert len(page.select("figure.attention-figure")) == 1
    (placeholder,) = page.select(".attention-placeholder")
    command = re.search(r"`(sphinx-attention .*?)`", made.warnings)
    assert command is not None
    assert command[1] in placeholder.text
    # Sphinx colours its first messages, before it reads the setting.
    return re.sub(r"\x1b\[[0-9;]*m", "", made.warnings)


def test_a_missing_figure_is_one_located_warning_with_the_command_to_run(
    project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = lacking(project, monkeypatch, tmp_path)
    index = tmp_path / "project0" / "index.rst"
    assert message == (
        f"{index}:10: WARNING: the attention of course over “jumps over the dog” is not in the "
        f"store {index.parent / '_attention'}, and attention_mode is 'frozen', so that no model "
        "runs. Where the model can run (`pip install 'sphinx-attention[models]'`), run "
        f"`sphinx-attention capture project0 --only {KEY[:12]}`, and commit the folder "
        "[attention.frozen]\n"
    )


@pytest.mark.parametrize(("below", "named"), [("project0", "."), ("elsewhere", "{tmp}/project0")])
def test_the_command_names_the_folder_as_a_shell_needs_it(
    project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, below: str, named: str
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "project0").mkdir()
    message = lacking(project, monkeypatch, tmp_path / below)
    folder = named.format(tmp=tmp_path)
    assert f"`sphinx-attention capture {folder} --only {KEY[:12]}`" in message


@pytest.mark.slow
def test_the_command_can_be_pasted(tmp_path: Path) -> None:
    """The path of the folder has a space. The command fills the store for the next build."""
    docs = tmp_path / "my notes"
    docs.mkdir()
    (docs / "conf.py").write_text(f'extensions = ["sphinx_attention"]\n{CONF}')
    (docs / "index.rst").write_text(f"P\n=\n{MISSING}")
    (docs / "course_model.py").write_text(FUNCTION)
    build = [sys.executable, "-m", "sphinx", "-E", "-q", "-W", "-D", "attention_mode=frozen"]
    build += [str(docs), str(tmp_path / "out")]
    first = subprocess.run(build, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert first.returncode != 0
    command = re.search(r"`sphinx-attention (capture .*?)`", first.stderr)
    assert command is not None
    main = "from sphinx_attention.hosts.cli import main; main()"
    subprocess.run(
        f'"$PYTHON" -c "{main}" {command[1]}',
        shell=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHON": sys.executable},
        capture_output=True,
        check=True,
    )
    second = subprocess.run(build, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (second.returncode, second.stderr) == (0, "")


# Without torch, transformers and network


def without_network() -> list[str]:
    """The beginning of a command that runs without any network interface.

    The test fails, and does not skip, on a machine that does not allow this.
    """
    for prefix in (["unshare", "-rn"], ["unshare", "-n"], ["sudo", "-n", "unshare", "-n"]):
        try:
            done = subprocess.run([*prefix, "true"], capture_output=True, check=False)
        except FileNotFoundError:
            continue
        if done.returncode == 0:
            return prefix
    pytest.fail(
        "this machine allows no network namespace (`unshare -rn true`), which is how this test "
        "takes the network away. In Docker, run with --security-opt seccomp=unconfined or "
        "--privileged; on Ubuntu, sysctl kernel.apparmor_restrict_unprivileged_userns=0; or let "
        "`sudo -n unshare -n true` work"
    )


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with this package's wheel, its dependencies and the tools of the notes."""
    folder = tmp_path_factory.mktemp("alone")
    wheel = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "dist")]
    subprocess.run(wheel, cwd=ROOT, check=True, capture_output=True)
    (built,) = (folder / "dist").glob("*.whl")
    make = [sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")]
    subprocess.run(make, check=True)
    python = folder / "venv" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    done = subprocess.run(
        [*pip, str(built), "furo", "myst-parser"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    where = [python, "-P", "-c", "import sphinx_attention; print(sphinx_attention.__file__)"]
    assert str(folder) in subprocess.run(where, capture_output=True, text=True, check=True).stdout
    for name in ("torch", "transformers", "tokenizers", "huggingface_hub", "fsspec", "scipy"):
        found = subprocess.run([python, "-c", f"import {name}"], capture_output=True, check=False)
        assert found.returncode == 1, name
    return python


WATCHED = """
import sys
log = open(sys.argv.pop(1), "a", buffering=1)
def watch(event, arguments):
    if event in {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}:
        print(event, arguments, file=log)
sys.addaudithook(watch)
from sphinx.cmd.build import main
sys.exit(main(sys.argv[1:]))
"""


def frozen(python: Path, docs: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Build without a network, and check that no code tries to reach a network."""
    reported = docs.parent / "log"
    out = docs.parent / "frozen"
    options = ("-E", "-q", "-W", "-D", "attention_mode=frozen", *options)
    done = subprocess.run(
        [*without_network(), python, "-P", "-c", WATCHED, reported, *options, docs, out],
        cwd=docs.parent,
        env={k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "HF_HUB_OFFLINE"}},
        capture_output=True,
        text=True,
        check=False,
    )
    assert reported.read_text() == ""
    return done


def ordinary(docs: Path) -> None:
    """Build with models. Afterwards the store is full."""
    out = docs.parent / "ordinary"
    command = [sys.executable, "-m", "sphinx", "-E", "-q", "-W", str(docs), str(out)]
    done = subprocess.run(command, cwd=docs.parent, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def figures(folder: Path) -> dict[str, list[str]]:
    """The whole markup of every figure, by page."""
    found = {}
    for page in sorted(folder.rglob("*.html")):
        soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
        if drawn := [str(figure) for figure in soup.select("figure.attention-figure")]:
            found[page.relative_to(folder).as_posix()] = drawn
    return found


@pytest.mark.slow
def test_the_isolated_command_has_no_network(alone: Path) -> None:
    code = (
        "import socket\n"
        "print([name for _, name in socket.if_nameindex() if name != 'lo'])\n"
        "try:\n"
        "    socket.create_connection(('192.0.2.1', 80), 2)\n"
        "except OSError as error:\n"
        "    print(error.strerror)\n"
    )
    command = [*without_network(), str(alone), "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\nNetwork is unreachable\n"


@pytest.mark.slow
def test_a_small_project_builds_from_its_store_alone(alone: Path, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "conf.py").write_text(f'extensions = ["sphinx_attention", "myst_parser"]\n{CONF}')
    (docs / "index.rst").write_text(f"{PAGE}\n.. toctree::\n\n   second\n")
    (docs / "second.md").write_text("# S\n\n```{attention} a b c\n:view: heads\n```\n")
    (docs / "course_model.py").write_text(FUNCTION)
    ordinary(docs)
    (docs / "course_model.py").unlink()
    done = frozen(alone, docs, "-j", "2")
    assert (done.returncode, done.stderr) == (0, "")
    assert figures(tmp_path / "frozen") == figures(tmp_path / "ordinary")
    assert len(figures(tmp_path / "frozen")) == 2
    # The missing figure is reported, and -W makes the build fail.
    (docs / "index.rst").write_text(f"{PAGE}{MISSING}\n.. toctree::\n\n   second\n")
    done = frozen(alone, docs)
    assert done.returncode == 1
    assert re.search(
        rf"index\.rst:10: WARNING: .*`sphinx-attention capture docs --only {KEY[:12]}`", done.stderr
    )


@pytest.mark.slow
def test_a_first_figure_of_the_builtin_model_needs_only_the_package(
    alone: Path, tmp_path: Path
) -> None:
    """The store is empty, and the model runs without PyTorch and without a network."""
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "conf.py").write_text(
        'extensions = ["sphinx_attention", "myst_parser"]\nattention_model = "builtin"\n'
    )
    (docs / "index.rst").write_text(
        "P\n=\n\n.. attention:: the quick brown fox\n\n.. toctree::\n\n   second\n"
    )
    (docs / "second.md").write_text(
        "# S\n\n```{attention-figure} the sun and the moon and\n:view: steps\n:focus: and\n```\n"
    )
    code = "import sys; from sphinx.cmd.build import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [*without_network(), alone, "-P", "-c", code, "-q", "-W", docs, tmp_path / "out"],
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    drawn = figures(tmp_path / "out")
    assert {page: len(found) for page, found in drawn.items()} == {
        "index.html": 1,
        "second.html": 1,
    }
    figure = BeautifulSoup(drawn["index.html"][0], "html.parser")
    assert figure.find(class_="attention-model").text == "builtin"
    words = [word.text for word in figure.select(".attention-word")]
    assert words == ["<start>", "the", "quick", "brown", "fox"]
    # The next build reads the committed entry.
    assert len(list((docs / "_attention").rglob("*.attn"))) == 2


@pytest.mark.slow
def test_the_command_draws_a_first_figure_in_two_seconds(alone: Path, tmp_path: Path) -> None:
    command = alone.with_name("sphinx-attention")
    render = [command, "render", "the quick brown fox", "-o", tmp_path / "fox.svg"]
    subprocess.run(render, check=True, capture_output=True)
    before = os.times()
    done = subprocess.run(render, check=True, capture_output=True, text=True)
    after = os.times()
    # This is processor time, which takes half a second. The machine may have other work.
    spent = [after.children_user - before.children_user]
    spent.append(after.children_system - before.children_system)
    assert sum(spent) < 2
    assert "arcs, builtin, layer" in done.stderr
    assert (tmp_path / "fox.svg").read_text(encoding="utf-8").startswith("<?xml")


def test_a_missing_text_of_the_builtin_model_needs_no_package(project) -> None:
    made = project(
        {"index.rst": "P\n=\n\n.. attention:: a b\n"},
        'attention_model = "builtin"\nattention_mode = "frozen"\n',
    )
    made.build()
    assert "pip install" not in made.warnings
    assert "To compute it, run `sphinx-attention capture " in made.warnings


@pytest.mark.slow
@pytest.mark.models
@pytest.mark.usefixtures("minilm")
def test_the_example_notes_build_from_their_store_alone(alone: Path, tmp_path: Path) -> None:
    docs = tmp_path / "example_docs"
    left_out = shutil.ignore_patterns("_build", "_attention", "__pycache__")
    shutil.copytree(ROOT / "example_docs", docs, ignore=left_out)
    # Pages of the notes show texts from other places of the repository.
    pages = [*docs.glob("*.md"), *docs.glob("*.rst")]
    written = "".join(page.read_text(encoding="utf-8") for page in pages)
    for name in re.findall(r"include(?:\}|::) \.\./(\S+)", written):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    models = tmp_path / ".models"
    models.symlink_to(ROOT / ".models")
    ordinary(docs)
    models.unlink()
    done = frozen(alone, docs)
    assert (done.returncode, done.stderr) == (0, "")
    here = figures(tmp_path / "ordinary")
    assert sum(map(len, here.values())) >= 10
    assert figures(tmp_path / "frozen") == here
