"""Folders without a usable model, and hostile folders: each is refused, and no code runs."""

from __future__ import annotations

import json
import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sphinx_attention.core.attention import Attention
from sphinx_attention.core.authoring.declarations import find_source
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.request import Request
from sphinx_attention.core.sources import open_source
from sphinx_attention.core.sources.huggingface.loading import quiet
from tests.core import tiny_models
from tests.core.sources.huggingface.folders import (
    POINTER,
    Hostile,
    ask,
    change,
    configured,
    copy,
    cut,
    header,
    index,
    link,
    move,
    only,
    pointer,
    refused,
    secret,
    text,
    with_steps,
    without,
)

pytestmark = pytest.mark.models

Tiny = Callable[[str], Path]


DOUBLE = {"type": "Replace", "pattern": {"String": "a"}, "content": "aa"}
TWICE = {"Sequence": {"id": "A", "type_id": 0}}
TEMPLATE = {
    "type": "TemplateProcessing",
    "single": [TWICE, TWICE],
    "pair": [TWICE],
    "special_tokens": {},
}
WORDS = ("tokenizer.json", "tokenizer_config.json")
FILLER = "c" * 64

MISTAKES: list[tuple[str, Callable[[Path], object], str]] = [
    ("a file of llama.cpp", only("m.Q4_K_M.gguf"), "holds GGUF files, made for llama.cpp"),
    ("an adapter alone", only("adapter_config.json"), "is a PEFT adapter"),
    ("an adapter beside", text("adapter_config.json", "{}"), "holds adapter_config.json, a PEFT"),
    ("diffusers", only("model_index.json"), "a pipeline of diffusers"),
    ("the output of a Trainer", only("checkpoint-500/config.json"), "name the folder checkpoint-500"),
    ("sentence-transformers", only("0_Transformer/config.json"), "name the folder 0_Transformer"),
    ("an empty folder", only(), "holds no config.json"),
    ("no weights", without("model.safetensors"), "has no weights"),
    ("no tokenizer", without(*WORDS), "has no tokenizer"),
    ("half a tokenizer", without("tokenizer.json"), "has no tokenizer"),
    ("weights by LFS", pointer("model.safetensors"), "model.safetensors in the folder models/m is a pointer of Git LFS"),
    ("tokenizer by LFS", pointer("tokenizer.json"), "tokenizer.json in the folder models/m is a pointer of Git LFS"),
    ("configuration by LFS", pointer("config.json"), "run `git lfs pull`"),
    ("a download that was cut short", cut, "is cut short: it has"),
    ("weights of another kind", text("model.safetensors", "PK\3\4" + "x" * 99), "is not a safetensors file"),
    ("a header that is no header", header(b"[1, 2]"), "its header is damaged"),
    ("a header of wrong types", header({"w": {"dtype": "F32", "shape": ["a"], "data_offsets": [0, 4]}}), "its header is damaged"),
    ("a header nested too deeply", header(b"[" * 100_000), "its header is damaged"),
    ("no JSON", text("config.json", "{'model_type': 'bert'}"), "config.json in the folder models/m is not JSON (line 1)"),
    ("a list", text("config.json", "[]"), "holds a list, not a JSON object"),
    ("nested too deeply", text("config.json", '{"a":' * 100_000), "nested too deeply"),
    ("a number too long", text("config.json", '{"a": ' + "9" * 9000 + "}"), "is not JSON"),
    ("no type", text("config.json", '{"hidden_size": 8}'), "model_type"),
    ("a type that nobody knows", configured(model_type="bret"), "'bret'"),
    ("a type that is not a text", configured(model_type=[1]), "m "),
    ("sizes of another model", configured(hidden_size=64), "do not have the shapes that config.json"),
    ("layers of another model", configured(num_hidden_layers=6), "lack"),
    ("heads that do not divide", configured(num_attention_heads=5), "cannot be loaded"),
    ("ten million layers", configured(num_hidden_layers=10**7), "num_hidden_layers: 10,000,000; at most 10,000"),
    ("endless layers", configured(num_hidden_layers=1e308), "num_hidden_layers"),
    ("a hundred thousand layers", configured(num_hidden_layers=10**5), "num_hidden_layers: 100,000"),
    ("nine thousand layers", configured(num_hidden_layers=9000), "far larger than its weights"),
    ("a giant", configured(hidden_size=10**9, intermediate_size=10**9), "far larger than its weights"),
    ("many heads", configured(num_attention_heads=10**6), "cannot be loaded"),
    ("not a number", configured(hidden_size=float("nan")), "m "),
    ("a text for a number", configured(hidden_size="many"), "m "),
    ("nothing for a number", configured(num_hidden_layers=None), "m "),
    ("below zero", configured(num_hidden_layers=-3, hidden_size=-1), "m "),
    ("code of its own", configured(auto_map={"AutoConfig": "c.C", "AutoModel": "c.M"}, model_type="own"), "comes with code of its own"),
    ("a tokenizer of nothing", text("tokenizer.json", "{}"), "m "),
    ("a tokenizer nested too deeply", text("tokenizer.json", "[" * 100_000), "m "),
    ("a tokenizer of another form", text("tokenizer.json", '{"version": 1, "model": [NaN]}'), "m "),
    ("a tokenizer's settings of another form", text("tokenizer_config.json", "[1]"), "m "),
    ("a text that doubles", with_steps("normalizer", *[DOUBLE] * 100), "makes a text more than 10,000 times as long"),
    ("bytes of bytes", with_steps("pre_tokenizer", *[{"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}] * 60), "the pre_tokenizer of the tokenizer"),
    ("tokens that double", with_steps("post_processor", *[TEMPLATE] * 40), "the post_processor of the tokenizer"),
    ("a vocabulary elsewhere by the settings", secret, "as its vocab_file; every file that it names has to lie"),
    ("pickled shards", lambda f: move(f, "weights.bin"), "names 'weights.bin' as weights"),
    ("pickled shards in capitals", lambda f: move(f, "weights.SAFETENSORS"), "as weights; every file"),
    ("shards elsewhere", lambda f: index(f, "../../x.safetensors") or (f / "model.safetensors").unlink(), "names '../../x.safetensors'"),
    ("shards at the root", lambda f: index(f, "/x.safetensors"), "names '/x.safetensors'"),
    ("shards that are not there", lambda f: index(f, "x.safetensors") or (f / "model.safetensors").unlink(), "names x.safetensors, which is not there"),
    ("an index of nothing", text("model.safetensors.index.json", "{}"), "has no weight_map"),
    ("an index of wrong types", text("model.safetensors.index.json", '{"weight_map": {"w": [1]}}'), "names '[1]'"),
    ("weights named by the configuration", configured(transformers_weights="weights.bin"), "names 'weights.bin' as weights"),
    ("weights elsewhere by the configuration", configured(transformers_weights="../m.safetensors"), "as weights; every file"),
    ("a link out of the folder", lambda f: link(f, "model.safetensors"), "model.safetensors in the folder models/m is a link to a file outside"),
    ("a vocabulary elsewhere", lambda f: link(f, "tokenizer.json"), "is a link to a file outside"),
    ("a link in a circle", lambda f: (f / "vocab.txt").symlink_to("vocab.txt"), "vocab.txt in the folder models/m cannot be read"),
    ("a pipe", lambda f: os.mkfifo(f / "vocab.txt"), "is not a regular file"),
    ("an endless device", lambda f: (f / "vocab.txt").symlink_to("/dev/zero"), "is a link to a file outside"),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "says"), [m[1:] for m in MISTAKES], ids=[m[0] for m in MISTAKES])
def test_folders_that_are_no_model(
    tiny_model: Tiny, tmp_path: Path, spoil: Callable[[Path], object], says: str
) -> None:
    folder = copy(tiny_model("bert"), tmp_path / "m")
    spoil(folder)
    message = refused(folder)
    assert says in message
    assert "m" in message


def test_a_hostile_pickle_is_never_opened(
    tiny_model: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = copy(tiny_model("bert"), tmp_path / "m")
    weights = move(folder, "weights.bin")
    weights.write_bytes(pickle.dumps(Hostile()))
    import torch

    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("torch.load was called")

    monkeypatch.setattr(torch, "load", never)
    assert "weights.bin" in refused(folder)
    assert not Path("hostile-code-ran").exists()


def test_code_in_the_folder_never_runs(tiny_model: Tiny, tmp_path: Path) -> None:
    folder = copy(tiny_model("bert"), tmp_path / "m")
    mark = tmp_path / "ran"
    (folder / "own.py").write_text(f"import pathlib\npathlib.Path({str(mark)!r}).touch()\n")
    change(folder, auto_map={"AutoConfig": "own.C", "AutoModel": "own.M"})
    path = folder / "tokenizer_config.json"
    own = {**json.loads(path.read_text()), "auto_map": {"AutoTokenizer": ["own.T", "own.T"]}}
    path.write_text(json.dumps(own))
    # transformers knows this type of model, and takes its own class.
    assert isinstance(ask(folder), Attention)
    assert not mark.exists()
    assert "own" not in sys.modules


def test_shards_of_safetensors_are_fine(tiny_model: Tiny, tmp_path: Path) -> None:
    folder = copy(tiny_model("bert"), tmp_path / "m")
    expected = ask(folder)
    import safetensors.torch as files

    weights = files.load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names = sorted(weights)
    mapped = {}
    for n, part in enumerate((names[::2], names[1::2])):
        file = f"model-0000{n + 1}-of-00002.safetensors"
        files.save_file({name: weights[name] for name in part}, folder / file, {"format": "pt"})
        mapped |= dict.fromkeys(part, file)
    body = {"metadata": {"total_size": 1}, "weight_map": mapped}
    (folder / "model.safetensors.index.json").write_text(json.dumps(body))
    answer = ask(folder)
    assert isinstance(answer, Attention)
    assert isinstance(expected, Attention)
    assert (answer.weights == expected.weights).all()


def test_links_within_the_hubs_cache_are_fine(
    tiny_model: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files of a snapshot are links to blobs. A downloaded folder may link to the cache."""
    repository = tmp_path / "hub" / "models--org--m"
    blobs = copy(tiny_model("bert"), repository / "blobs")
    snapshot = repository / "snapshots" / ("a" * 40)
    elsewhere = tmp_path / "elsewhere"
    for folder in (snapshot, elsewhere):
        folder.mkdir(parents=True)
        for blob in blobs.iterdir():
            (folder / blob.name).symlink_to(blob)
    assert isinstance(ask(snapshot), Attention)
    assert "is a link" in refused(elsewhere)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    assert isinstance(ask(elsewhere), Attention)


def test_files_that_are_not_read_may_be_anything(tiny_model: Tiny, tmp_path: Path) -> None:
    folder = copy(tiny_model("bert"), tmp_path / "m")
    for name in ("tf_model.h5", "rust_model.ot", "pytorch_model.bin", "consolidated.safetensors"):
        (folder / name).write_text(POINTER)
    (folder / "README.md").symlink_to("/nowhere/README.md")
    (folder / "onnx").mkdir()
    assert isinstance(ask(folder), Attention)


def test_a_folder_that_is_a_link(tiny_model: Tiny, tmp_path: Path) -> None:
    (tmp_path / "m").symlink_to(tiny_model("bert"))
    assert isinstance(ask(tmp_path / "m"), Attention)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("mine", "there is no folder models/m; did you mean 'mien'?"),
        ("quite-another", "there is no folder models/m"),
        ("no/where", "nor no, the folder that it should be in"),
        ("llama.gguf", "is a GGUF file, made for llama.cpp"),
        ("weights.bin", "is a file; name the folder that holds it"),
    ],
)
def test_no_folder(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / "mien").mkdir()
    for file in ("llama.gguf", "weights.bin"):
        (tmp_path / file).touch()
    assert says in refused(tmp_path / name)


def test_a_tokenizer_larger_than_the_vocabulary(tiny_model: Tiny, tmp_path: Path) -> None:
    folder = copy(tiny_model("bert"), tmp_path / "m")
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    size = len(tokenizer)
    tokenizer.add_tokens(["zebra"])
    tokenizer.save_pretrained(folder)
    assert isinstance(ask(folder, "the fox"), Attention)
    answer = ask(folder, "the zebra")
    assert isinstance(answer, AttentionError)
    assert f"has {size + 1:,} tokens, the model {size:,}" in answer.message
    assert "“zebra”" in answer.message


def test_a_text_of_mostly_unknown_tokens_is_drawn_with_a_warning(tiny_model: Tiny) -> None:
    answer = ask(tiny_model("bert"), "狐 が 跳 fox the")
    assert isinstance(answer, Attention)
    assert "3 of 5 tokens are [UNK]" in answer.provenance["warning"]


def test_a_pattern_that_backtracks_forever(tiny_model: Tiny, tmp_path: Path) -> None:
    """The tokenizer stops with a panic of Rust, which is no Exception."""
    folder = copy(tiny_model("bert"), tmp_path / "m")
    path = folder / "tokenizer.json"
    own = json.loads(path.read_text())
    own["normalizer"] = None
    own["pre_tokenizer"] = {
        "type": "Split",
        "pattern": {"Regex": "(a|aa)+$"},
        "behavior": "Isolated",
        "invert": False,
    }
    path.write_text(json.dumps(own))
    answer = ask(folder, "a" * 60 + "!")
    assert isinstance(answer, AttentionError)
    assert "PanicException" in answer.message
    assert answer.trace


@pytest.mark.parametrize("raised", [SystemExit(3), RecursionError(), MemoryError()])
def test_whatever_loading_raises(
    tiny_model: Tiny, monkeypatch: pytest.MonkeyPatch, raised: BaseException
) -> None:
    import transformers

    def explode(*_: Any, **__: Any) -> None:
        raise raised

    monkeypatch.setattr(transformers.AutoConfig, "from_pretrained", explode)
    assert isinstance(ask(tiny_model("bert")), AttentionError)


def test_an_interrupt_passes(tiny_model: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    import transformers

    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(transformers.AutoConfig, "from_pretrained", interrupt)
    with pytest.raises(KeyboardInterrupt):
        ask(tiny_model("bert"))


_T5 = {
    "d_model": 32,
    "d_kv": 8,
    "d_ff": 48,
    "num_layers": 2,
    "num_decoder_layers": 3,
    "num_heads": 4,
    "decoder_start_token_id": 0,
}
_HALF = {
    **tiny_models.ENCODER_DECODER,
    "is_decoder": True,
    "is_encoder_decoder": False,
    "use_cache": False,
}
_PICTURES = {**tiny_models.SIZES, "image_size": 16, "patch_size": 4}
_SOUND = {"conv_dim": [8, 8], "conv_kernel": [3, 3], "conv_stride": [2, 2]}


@pytest.mark.parametrize(
    ("name", "settings", "part"),
    [
        ("T5EncoderModel", _T5, "encoder"),
        ("UMT5EncoderModel", _T5, "encoder"),
        ("BartForCausalLM", {**_HALF, "max_position_embeddings": 64}, "decoder"),
        ("MarianForCausalLM", {**_HALF, "max_position_embeddings": 64}, "decoder"),
        ("IBertModel", {**tiny_models.SIZES, "max_position_embeddings": 64}, "encoder"),
    ],
)
def test_classes_that_only_the_entry_architectures_names(
    tmp_path: Path, name: str, settings: dict[str, Any], part: str
) -> None:
    import torch
    import transformers

    words = tiny_models.wordpiece() if name == "IBertModel" else tiny_models.unigram()
    kind = getattr(transformers, name)
    torch.manual_seed(3)
    with quiet():
        model = kind(kind.config_class(**settings, vocab_size=len(words))).eval()
        model.save_pretrained(tmp_path)
        words.save_pretrained(tmp_path)
        model.set_attn_implementation("eager")
        inputs = words("the quick brown fox", return_tensors="pt")
        with torch.no_grad():
            expected = model(**inputs, output_attentions=True).attentions
    answer = ask(tmp_path)
    assert isinstance(answer, Attention), answer
    assert answer.part == part
    for layer, weights in zip(answer.weights, expected, strict=True):
        assert abs(layer - weights[0].numpy()).max() < 2e-5


@pytest.mark.parametrize(
    ("name", "settings", "says"),
    [
        ("ViTModel", _PICTURES, "takes pictures, not text"),
        ("CLIPVisionModel", _PICTURES, "takes pictures, not text"),
        ("WhisperModel", {**tiny_models.ENCODER_DECODER, "num_mel_bins": 8, "vocab_size": 50}, "takes sound"),
        ("Wav2Vec2Model", {**tiny_models.SIZES, **_SOUND, "num_feat_extract_layers": 2}, "takes sound"),
    ],
)  # fmt: skip
def test_models_of_pictures_and_of_sound(
    tmp_path: Path, name: str, settings: dict[str, Any], says: str
) -> None:
    import transformers

    kind = getattr(transformers, name)
    with quiet():
        kind(kind.config_class(**settings)).save_pretrained(tmp_path)
    # The folder has no tokenizer, as such models have none.
    assert says in refused(tmp_path)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("checkpoints/mien", "did you mean the folder 'checkpoints/mine'?"),
        ("checkpoints/quite-another", "or declare a path"),
        ("all-MiniLM-L6-v2", "did you mean 'sentence-transformers/all-MiniLM-L6-v2'?"),
        ("org/all-MiniLM-L6-v2", "or declare a path"),
    ],
)
def test_a_missing_id_comes_with_a_suggestion(tmp_path: Path, name: str, says: str) -> None:
    folder = tmp_path / "checkpoints" / "mine"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    source = find_source(name, {}, tmp_path)
    with open_source(source) as runner:
        ((_, answer),) = runner.run([Request(source, "the fox")])
    assert isinstance(answer, AttentionError)
    assert answer.problem is Problem.NETWORK
    assert answer.message.endswith(says)
