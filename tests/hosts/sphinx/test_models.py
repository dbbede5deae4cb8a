"""Real models on pages, and the messages when a model cannot run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup

from tests.conftest import FOX
from tests.core.tiny_models import save

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.models


def site(
    folder: Path, models: dict[str, dict[str, str]], page: str, *, before: str = "", **env: str
) -> tuple[str, BeautifulSoup]:
    """Build a project in a process of its own. Return the output and the page."""
    (folder / "conf.py").write_text(
        f'extensions = ["sphinx_attention"]\nattention_model = "m"\nattention_models = {models!r}\n'
    )
    (folder / "index.rst").write_text(f"P\n=\n\n{page}\nThe rest.\n", encoding="utf-8")
    code = (
        f"import sys\n{before}\nfrom sphinx.cmd.build import build_main\nbuild_main(sys.argv[1:])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "-q", str(folder), str(folder / "out")],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "HF_HUB_OFFLINE": "1", **env},
    )
    html = (folder / "out" / "index.html").read_text(encoding="utf-8")
    return done.stderr, BeautifulSoup(html, "html.parser")


def the_warning(output: str, folder: Path, line: int) -> tuple[str, str]:
    """The message and the subtype of the only warning, which must have a line."""
    (warning,) = [text for text in output.splitlines() if "WARNING" in text]
    found = re.fullmatch(r"(.*):(\d+): WARNING: (.*) \[attention\.(\w+)\]", warning)
    assert found, warning
    assert found[1] == str(folder / "index.rst")
    assert int(found[2]) == line
    return found[3], found[4]


def test_a_missing_folder(tmp_path: Path) -> None:
    output, soup = site(tmp_path, {"m": {"path": "no/where"}}, f".. attention:: {FOX}\n")
    message, kind = the_warning(output, tmp_path, 4)
    assert kind == "model"
    assert "no/where" in message
    assert message.split("“")[0][:40] in soup.find(class_="attention-placeholder").text
    assert "The rest." in soup.text


def test_no_network(tmp_path: Path) -> None:
    page = f".. attention:: {FOX}\n   :model: org/unheard-of\n"
    output, soup = site(tmp_path, {}, page, HF_HOME=str(tmp_path / "hub"))
    message, kind = the_warning(output, tmp_path, 4)
    assert kind == "network"
    assert "org/unheard-of" in message
    assert "HF_HUB_OFFLINE" in message
    assert soup.find(class_="attention-placeholder")


def test_a_text_longer_than_the_model_takes_spares_the_others(tmp_path: Path, minilm: Path) -> None:
    long = "word " * 700
    page = f".. attention:: {FOX}\n\n.. attention:: {long.strip()}\n"
    output, soup = site(tmp_path, {"m": {"path": str(minilm)}}, page)
    message, kind = the_warning(output, tmp_path, 6)
    assert kind == "text"
    assert "702" in message  # The number counts [CLS] and [SEP].
    assert "512" in message
    assert len(soup.find_all("figure", class_="attention-figure")) == 1


@pytest.mark.parametrize("package", ["torch", "transformers"])
def test_a_package_that_is_not_installed(tmp_path: Path, minilm: Path, package: str) -> None:
    output, soup = site(
        tmp_path,
        {"m": {"path": str(minilm)}},
        f".. attention:: {FOX}\n",
        before=f"sys.modules[{package!r}] = None",
    )
    message, kind = the_warning(output, tmp_path, 4)
    assert kind == "install"
    assert "pip install" in message
    assert "sphinx-attention[models]" in message
    assert soup.find(class_="attention-placeholder")


def test_the_builtin_model_needs_no_torch(tmp_path: Path) -> None:
    page = f".. attention:: {FOX}\n   :model: builtin\n"
    names = ("torch", "transformers", "tokenizers", "safetensors", "huggingface_hub")
    without = f"sys.modules |= dict.fromkeys({names})"
    output, soup = site(tmp_path, {}, page, before=without)
    assert not output
    assert soup.find("figure").find(class_="attention-model").text == "builtin"
    words = [word.text for word in soup.select(".attention-word")]
    assert words == ["<start>", *FOX.split()]


def test_the_builtin_model_in_another_dtype_needs_torch(tmp_path: Path) -> None:
    """NumPy computes the model in single precision alone."""
    (tmp_path / "conf.py").write_text('extensions = ["sphinx_attention"]\n')
    (tmp_path / "index.rst").write_text(f"P\n=\n\n.. attention:: {FOX}\n   :model: builtin\n")
    code = "import sys\nsys.modules['torch'] = None\n"
    code += "from sphinx_attention.hosts.cli import main\nmain()"
    command = [sys.executable, "-c", code, "capture", str(tmp_path)]
    done = subprocess.run(
        [*command, "--dtype", "bfloat16"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert 'pip install "sphinx-attention[models]"' in done.stderr
    done = subprocess.run([*command, "--device", "cuda"], capture_output=True, check=False)
    assert done.returncode == 0


def test_a_model_without_attention(tmp_path: Path) -> None:
    save("mamba", tmp_path / "mamba")
    output, soup = site(tmp_path, {"m": {"path": "mamba"}}, ".. attention:: the cat sat\n")
    message, kind = the_warning(output, tmp_path, 4)
    assert kind == "model"
    assert "attention" in message
    assert soup.find(class_="attention-placeholder")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("   :layer: 6\n", "there is no layer 6, expected 0 to 5"),
        ("   :head: 12\n", "there is no head 12, expected 0 to 11"),
        ("   :focus: cat\n", "invalid value 'cat' for focus: there is no such token"),
        ("   :part: cross\n", "has no cross attention; it has encoder"),
        ("   :target: le renard\n", "target"),
    ],
)
def test_what_this_model_does_not_have(
    tmp_path: Path, minilm: Path, options: str, says: str
) -> None:
    output, _ = site(tmp_path, {"m": {"path": str(minilm)}}, f".. attention:: {FOX}\n{options}")
    message, kind = the_warning(output, tmp_path, 4)
    assert kind == "option"
    assert says in message


def test_a_pair_of_sentences(tmp_path: Path, minilm: Path) -> None:
    page = ".. attention:: the cat sat\n   :pair: it purred\n   :focus: it\n"
    output, soup = site(tmp_path, {"m": {"path": str(minilm)}}, page)
    assert not output
    words = [word.text for word in soup.select(".attention-word")]
    assert words == ["[CLS]", "the", "cat", "sat", "[SEP]", "it", "pu", "##rred", "[SEP]"]


def test_a_generated_target_is_named(tmp_path: Path) -> None:
    save("t5", tmp_path / "t5")
    page = ".. attention:: the cat sat\n   :part: cross\n"
    output, soup = site(tmp_path, {"m": {"path": "t5"}}, page)
    assert not output
    assert "the model wrote the decoder’s text" in soup.find(class_="attention-footer").text


def test_a_target_shows_the_cross_attention_by_default(tmp_path: Path) -> None:
    save("t5", tmp_path / "t5")
    page = ".. attention:: the cat sat\n   :target: a dog\n"
    output, soup = site(tmp_path, {"m": {"path": "t5"}}, page)
    assert not output
    texts = [t.text for t in soup.select('[data-side="query"] .attention-word')]
    assert "dog" in texts
    assert "cross attention" in soup.find(class_="attention-footer").text


def test_the_parts_of_an_encoder_decoder_model(tmp_path: Path) -> None:
    save("t5", tmp_path / "t5")
    page = "".join(
        f".. attention:: the cat sat\n   :target: a dog\n   :part: {part}\n\n"
        for part in ("encoder", "decoder", "cross")
    )
    output, soup = site(tmp_path, {"m": {"path": "t5"}}, page)
    assert not output
    assert "the model wrote" not in soup.text
    encoder, decoder, cross = soup.find_all("figure", class_="attention-figure")
    assert not encoder.select("[data-side]")
    assert not decoder.select("[data-side]")
    queries = len(cross.select('[data-side="query"]'))
    keys = len(cross.select('[data-side="key"]'))
    assert "cross attention" in cross.find(class_="attention-footer").text
    assert "cross attention, over: the cat sat, and: a dog." in cross.find("desc").text
    assert keys == len(encoder.select("[data-token]"))
    assert queries == len(decoder.select("[data-token]"))


def test_a_file_of_the_notes_that_hides_transformers(tmp_path: Path) -> None:
    (tmp_path / "transformers.py").write_text("raise SystemExit(1)\n")
    before = f"sys.path.insert(0, {str(tmp_path)!r})"
    output, soup = site(tmp_path, {"m": {"path": "m"}}, f".. attention:: {FOX}\n", before=before)
    message, kind = the_warning(output, tmp_path, 4)
    assert kind == "install"
    assert f"{tmp_path / 'transformers.py'} is found in the place of the package" in message
    assert soup.find(class_="attention-placeholder")


def test_a_text_of_mostly_unknown_tokens(tmp_path: Path) -> None:
    save("bert", tmp_path / "bert")
    page = ".. attention:: the quick fox\n\n.. attention:: 狐 が 跳 fox the\n"
    for _ in range(2):
        # A build that has the numbers in its store says so, too.
        output, soup = site(tmp_path, {"m": {"path": "bert"}}, page)
        message, kind = the_warning(output, tmp_path, 6)
        assert kind == "text"
        assert "3 of 5 tokens are [UNK]" in message
        assert len(soup.find_all("figure", class_="attention-figure")) == 2


def test_a_model_that_loads_is_named(tmp_path: Path) -> None:
    save("bert", tmp_path / "bert")
    (tmp_path / "conf.py").write_text(
        'extensions = ["sphinx_attention"]\nattention_models = {"mine": {"path": "bert"}}\n'
    )
    (tmp_path / "index.rst").write_text(f"P\n=\n\n.. attention:: {FOX}\n   :model: mine\n")
    command = [sys.executable, "-m", "sphinx", str(tmp_path), str(tmp_path / "out")]
    first, second = (
        subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(2)
    )
    assert "loading mine\n" in first
    assert "loading mine" not in second
