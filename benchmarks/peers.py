"""BertViz's three views of the same weights, and the scripts that its pages load from a network."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from .plan import MODEL, SCRIPTS

VIEWS = ("head", "model", "neuron")

BESIDE = {"arcs": "head", "heads": "head", "matrix": "head", "grid": "model", "steps": "neuron"}
"""The view of BertViz with which each of our views is compared; by default its head view."""

# The addresses in BertViz's pages, and the path of each script in a package of npm. npm has no
# jQuery 2.0.0. Version 2.1.0 is the next one, and the pages use nothing that differs.
_SCRIPTS = {
    "require.js/2.3.6/require.min.js": ("requirejs@2.3.6", "require.js"),
    "d3/5.7.0/d3.min.js": ("d3@5.7.0", "dist/d3.min.js"),
    "jquery/2.0.0/jquery.min.js": ("jquery@2.1.0", "dist/jquery.min.js"),
}


class PeerError(Exception):
    """A requirement of a comparison is missing. The message says what to do."""


def fetch_scripts(folder: Path = SCRIPTS) -> dict[str, Path]:
    """Fetch the scripts by npm, once, each to its path in the content network.

    Raises:
        PeerError: npm is missing, or cannot fetch a package.
    """
    found = {path: folder / path for path in _SCRIPTS}
    missing = [path for path, place in found.items() if not place.is_file()]
    if missing and not shutil.which("npm"):
        raise PeerError("npm is needed to fetch d3, jQuery and RequireJS, which BertViz asks for")
    for path in missing:
        package, inside = _SCRIPTS[path]
        with tempfile.TemporaryDirectory() as name:
            command = ["npm", "pack", "--silent", "--pack-destination", name, package]
            done = subprocess.run(command, check=False, capture_output=True, text=True)
            archives = list(Path(name).glob("*.tgz"))
            if done.returncode or len(archives) != 1:
                raise PeerError(f"npm could not fetch {package}: {done.stderr.strip()[-200:]}")
            with tarfile.open(archives[0]) as archive:
                member = archive.extractfile(f"package/{inside}")
                if member is None:
                    raise PeerError(f"{package} holds no {inside}")
                found[path].parent.mkdir(parents=True, exist_ok=True)
                found[path].write_bytes(member.read())
    return found


def attention_of(view: str, text: str) -> dict[str, Any]:
    """The input of a view: the attention of all-MiniLM-L6-v2 over a text, or the model itself."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    model = AutoModel.from_pretrained(MODEL, attn_implementation="eager").eval()
    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    if view == "neuron":
        return {"model": _bundled(model), "tokenizer": tokenizer, "text": text}
    given = tokenizer(text, return_tensors="pt")
    with torch.inference_mode():
        attentions = model(**given, output_attentions=True).attentions
    return {
        "attention": attentions,
        "tokens": tokenizer.convert_ids_to_tokens(given["input_ids"][0].tolist()),
    }


def _bundled(model: Any) -> Any:
    """The same weights in BertViz's copy of BERT, which its neuron view needs."""
    from bertviz.transformers_neuron_view import BertConfig, BertModel

    config = json.loads((MODEL / "config.json").read_text())
    bundled = BertModel(
        BertConfig(
            vocab_size_or_config_json_file=config["vocab_size"],
            hidden_size=config["hidden_size"],
            num_hidden_layers=config["num_hidden_layers"],
            num_attention_heads=config["num_attention_heads"],
            intermediate_size=config["intermediate_size"],
            output_attentions=True,
        )
    )
    bundled.load_state_dict(model.state_dict())
    return bundled.eval()


def draw(view: str, given: dict[str, Any]) -> str:
    """The HTML of one page."""
    import torch

    if view == "neuron":
        from bertviz.neuron_view import show

        with torch.inference_mode():
            html = show(
                given["model"],
                "bert",
                given["tokenizer"],
                given["text"],
                display_mode="light",
                html_action="return",
            )
        return str(html.data)
    import bertviz

    drawn = bertviz.head_view if view == "head" else bertviz.model_view
    return str(drawn(given["attention"], given["tokens"], html_action="return").data)
