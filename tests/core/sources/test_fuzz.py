"""Any body, file or function gives an attention or an `AttentionError`."""

from __future__ import annotations

import io
import json
import sys
import tempfile
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save as safetensors

from sphinx_attention.core.attention import Attention
from sphinx_attention.core.errors import AttentionError
from sphinx_attention.core.request import FunctionSource, MatrixSource, Request
from sphinx_attention.core.sources import function, matrix

pytestmark = pytest.mark.slow

quick = settings(max_examples=250, deadline=None, derandomize=True, database=None)

WORDS = (
    "0.5 1 0 1/2 1/0 50% - · −1 nan inf -inf 1e308 -1e308 0,5 ½ ² ٣ １ the cat # x … ... [ ] ( ) { } "
    "[[ ]] | & \\\\ ; , = +---+ === |---| tensor([ array([[ grad_fn=<S>) “ dtype=float32) np.array( "
    "``` :: % _ 1_0"
)
ODD = [
    "Head 1",
    '"',
    "\t",
    "\n",
    "\n\n",
    "\u2028",
    "\x0b",
    "9" * 400,
    "\ud800",
    "\0",
    "1" * 5000 + "x",
]
PIECES = st.sampled_from([*WORDS.split(), *ODD])
BODIES = st.lists(PIECES | st.text(max_size=3), max_size=40).map(" ".join) | st.lists(
    PIECES, max_size=30
).map("".join)


def checked(request: Request, read: Any) -> None:
    """Check that the result is an attention whose rows sum to 1, or an error with a message."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            one = read(request)
        except AttentionError as error:
            one = error
    if isinstance(one, AttentionError):
        assert one.message
        assert "\n" not in one.message
        assert len(one.message) < 1000
        return
    assert isinstance(one, Attention)
    assert np.isfinite(one.weights).all()
    np.testing.assert_allclose(one.weights.sum(axis=-1), 1, atol=0.011)


@quick
@given(BODIES, st.sampled_from(["", "the cat", "a", "1 2"]), st.booleans(), st.booleans())
def test_bodies(body: str, text: str, causal: bool, logits: bool) -> None:
    lines = body.splitlines()
    count = matrix.leading_rows(lines, text.split())
    assert 0 <= count <= len(lines)
    below = matrix.misplaced_rows(lines)
    assert below is None or 0 <= below < len(lines)
    matrix.fits(body, text.split())
    scores: Any = "logits" if logits else "weights"
    source = MatrixSource(text="\n".join(lines[:count]), causal=causal, scores=scores)
    checked(Request(source, text), matrix.read)
    checked(Request(MatrixSource(text=body, causal=causal, scores=scores), text), matrix.read)


ROWS = [[0.5, 0.5], [0.3, 0.7]]


def _saved(save: Any, *args: Any, **named: Any) -> bytes:
    out = io.BytesIO()
    save(out, *args, **named)
    return out.getvalue()


WHOLE = {
    "npy": _saved(np.save, np.array(ROWS)),
    "npz": _saved(
        np.savez_compressed,
        weights=np.array(ROWS),
        tokens=np.array(["a", "b"]),
        masked=np.eye(2) < 0,
    ),
    "json": json.dumps({"weights": ROWS, "tokens": ["a", "b"], "special": [True, False]}).encode(),
    "csv": b",a,b\na,0.5,0.5\nb,0.3,0.7\n",
    "safetensors": safetensors({"weights": np.array(ROWS)}, {"tokens": '["a", "b"]'}),
}


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """A file with some bytes changed, removed, or inserted."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        what = draw(st.sampled_from(["flip", "cut", "put", "end", "large"]))
        if what == "flip" and data:
            data[at] ^= 1 << draw(st.integers(0, 7))
        elif what == "cut":
            del data[at : at + draw(st.integers(1, 20))]
        elif what == "put":
            data[at:at] = draw(
                st.binary(max_size=8) | PIECES.map(lambda p: p.encode(errors="replace"))
            )
        elif what == "large":
            data[at : at + 4] = b"\xff\xff\xff\x7f"
        else:
            del data[at:]
    return bytes(data)


@pytest.mark.parametrize("kind", WHOLE)
def test_files(kind: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"w.{kind}"

        @quick
        @given(damaged(WHOLE[kind]) | st.binary(max_size=200), st.booleans(), st.booleans())
        def check(data: bytes, logits: bool, sentence: bool) -> None:
            path.write_bytes(data)
            source = MatrixSource(
                path=path.name, file=str(path), scores="logits" if logits else "weights"
            )
            checked(Request(source, "the cat" if sentence else ""), matrix.read)

        check()


class Raising:
    """An object that raises at every access."""

    def __getattribute__(self, name: str) -> Any:
        if name == "__class__":
            return Raising
        raise RuntimeError(name)

    __len__ = __iter__ = __array__ = __repr__ = __str__ = __bool__ = __eq__ = __hash__ = (  # type: ignore[assignment]
        lambda self, *args, **options: 1 / 0
    )


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.builds(Raising)
    | st.just(np.array(ROWS))
    | st.just(np.array([["a", None]], dtype=object))
    | st.just(np.full((2, 2), 1e308))
    | st.just(10**400),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.sampled_from(["tokens", "weights", "masked", "special", "x"]), inner)
    ),
    max_leaves=8,
)
ANSWERS = (
    VALUES
    | st.tuples(st.just(["a", "b"]), VALUES)
    | st.fixed_dictionaries(
        {"tokens": st.just(["a", "b"]) | VALUES, "weights": st.just(ROWS) | VALUES},
        optional={"key_tokens": VALUES, "masked": VALUES, "special": VALUES},
    )
)


def test_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("authors_fuzz")
    monkeypatch.setitem(sys.modules, "authors_fuzz", module)

    @quick
    @given(ANSWERS)
    def check(answer: Any) -> None:
        module.f = lambda _text: answer  # type: ignore[attr-defined]
        checked(Request(FunctionSource("mine", "authors_fuzz:f"), "a b"), function.read)

    check()
