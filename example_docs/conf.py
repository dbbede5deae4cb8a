"""The example notes: course notes with live figures of a real model."""

import sys
from pathlib import Path

# The reference page is made from the code, by a small extension beside this file.
sys.path.insert(0, str(Path(__file__).parent / "_extensions"))
# Functions that answer with attention lie in a folder of their own.
sys.path.insert(0, str(Path(__file__).parent / "models"))

project = "Notes on attention"
author = "The sphinx-attention authors"
copyright = "the sphinx-attention authors"
language = "en"

extensions = ["myst_parser", "sphinx_attention", "reference"]
exclude_patterns = ["_build", "_attention", "_extensions"]

# `id` says what the model is, and goes into the key of everything kept in the store; `path` says
# where it lies on this machine, and does not. `make demo` puts it there.
attention_model = "minilm"
attention_models = {
    "minilm": {
        "id": "sentence-transformers/all-MiniLM-L6-v2",
        "path": "../.models/all-MiniLM-L6-v2",
    },
    "nano": {"function": "nano_gpt:attention", "version": "1"},
}

numfig = True
numfig_format = {"figure": "Figure %s"}
html_theme = "furo"
html_title = project
