"""Runs of an author's function."""

import numpy as np

from sphinx_attention.core.attention import Attention
from sphinx_attention.core.errors import AttentionError
from sphinx_attention.core.request import FunctionSource, Request
from sphinx_attention.core.sources import open_source

SOURCE = FunctionSource("mine", "authors_own:attend")
EVEN = np.full((2, 2), 0.5)


def run(request: Request | None = None) -> Attention | AttentionError:
    request = request or Request(SOURCE, "the fox")
    with open_source(request.source) as runner:
        ((same, answer),) = runner.run([request])
    assert same is request
    return answer
