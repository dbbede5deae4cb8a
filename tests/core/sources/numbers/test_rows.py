"""Bodies of directives: matrices and captions, and the forms that a matrix may have."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sphinx_attention.core.errors import AttentionError
from sphinx_attention.core.request import MatrixSource, Request
from sphinx_attention.core.sources.matrix import fits, leading_rows, misplaced_rows, read

if TYPE_CHECKING:
    from sphinx_attention.core.attention import Attention

TOKENS = ("the", "cat")
HALVES = [[0.5, 0.5], [0.3, 0.7]]
"""The sentence of every body below."""


def rows(body: str, text: str = "the cat", **kind: object) -> Attention:
    """The weights of a body that is only a matrix."""
    lines = body.splitlines()
    assert leading_rows(lines, text.split()) == len(lines)
    return read(Request(MatrixSource(text=body, **kind), text))  # type: ignore[arg-type]


CAPTIONS = [
    "Layer 5, head 11",
    "Head 11",
    "Head 5.11",
    "Head 5.11.",
    "Heads 5.11 and 0.2",
    "Heads 5.11, 0.2",
    "Heads 3, 4, 5 and 7.",
    "In 2018",
    "In 2018, 2019",
    "2 of 72 heads",
    "60 steps.",
    "6 layers, 12 heads, 384 dimensions",
    "0.447 of head 5.11",
    "50% of the weight",
    "*Head 11*",
    "5.11: the head of *fox* and *dog*",
    "Layer 5\nhead 11",
    "What all tokens of this head look back at, as shown in\n2018.",
    "[CLS] takes 0.9",
    "[1] Vaswani et al. 2017",
    "(a) The first, 0.5",
    "A caption\nwith 1 0",
    "- item",
    "- 1 item",
    "# A heading",
    "the 2",
    "The cat 9 lives",
    ".. note:: 1",
    "| A line\n| block",
    "Vaswani et al. (2017), section 3.2.1",
    "12 heads",
    "Step 1",
    "GPT-2",
    "x = 1",
    "Head 11\n\nA legend of 2 words.",
    "“cat” 0.9",
    "“cat” 0.9, “dog” 0.1",
    "Weights of 0.5 and 0.3",
    "3.2.1",
    "10:30",
    "2018–2019",
    "§ 3.2",
    "Fig. 2",
    "Fig. 3.1, 3.2",
    "cat 9",
    "The cat, 0.9 of its weight",
    "tensor",
    "array (a)",
    "-",
    "",
]


@pytest.mark.parametrize("body", CAPTIONS)
def test_a_caption_with_numbers_is_not_a_matrix(body: str) -> None:
    lines = body.splitlines()
    assert leading_rows(lines) == 0
    assert leading_rows(lines, TOKENS) == 0
    assert leading_rows(lines, ["Head", "11", "In", "2018", "the"]) == 0
    assert misplaced_rows(lines) is None


MATRICES = {
    "plain": "0.5 0.5\n0.3 0.7",
    "commas": "0.5, 0.5\n0.3, 0.7",
    "trailing commas": "0.5, 0.5,\n0.3, 0.7,",
    "semicolons": "0.5; 0.5\n0.3; 0.7",
    "semicolons and decimal commas": "0,5; 0,5\n0,3; 0,7",
    "tabs": "0.5\t0.5\n0.3\t0.7",
    "lists": "[[0.5, 0.5], [0.3, 0.7]]",
    "a list a line": "[0.5, 0.5]\n[0.3, 0.7]",
    "a list a line, with commas": "[[0.5, 0.5],\n [0.3, 0.7]]",
    "tuples": "((0.5, 0.5), (0.3, 0.7))",
    "braces": "{{0.5, 0.5}, {0.3, 0.7}}",
    "NumPy": "[[0.5 0.5]\n [0.3 0.7]]",
    "NumPy, dots": "[[ .5  .5]\n [ .3  .7]]",
    "array": "array([[0.5, 0.5],\n       [0.3, 0.7]], dtype=float32)",
    "np.array": "weights = np.array([[0.5, 0.5], [0.3, 0.7]])",
    "tensor": "tensor([[0.5000, 0.5000],\n        [0.3000, 0.7000]])",
    "gradient": "tensor([[0.5, 0.5],\n        [0.3, 0.7]], grad_fn=<SoftmaxBackward0>)",
    "device": "tensor([[0.5, 0.5], [0.3, 0.7]], device='cuda:0', dtype=torch.float16)",
    "TensorFlow": "tf.Tensor(\n[[0.5 0.5]\n [0.3 0.7]], shape=(2, 2), dtype=float32)",
    "eager TensorFlow": "<tf.Tensor: shape=(2, 2), dtype=float32, numpy=\n"
    "array([[0.5, 0.5],\n       [0.3, 0.7]], dtype=float32)>",
    "JAX": "Array([[0.5, 0.5],\n       [0.3, 0.7]], dtype=float32)",
    "MATLAB": "[0.5 0.5; 0.3 0.7]",
    "MATLAB, named": "A = [0.5, 0.5; 0.3, 0.7];",
    "rows in a line": "0.5 0.5; 0.3 0.7",
    "percent": "50% 50%\n30% 70%",
    "percent apart": "50 % 50 %\n30 % 70 %",
    "percent, TeX": "50\\% 50\\%\n30\\% 70\\%",
    "fractions": "1/2 1/2\n3/10 7/10",
    "fractions of one character": "½ ½\n3/10 7/10",
    "exponents": "5e-1 5E-1\n3.0e-01 7.0e-01",
    "Markdown table": "| 0.5 | 0.5 |\n| 0.3 | 0.7 |",
    "Markdown table with a header": "|  | the | cat |\n|---|:---:|---:|\n| the | 0.5 | 0.5 |\n"
    "| **cat** | 0.3 | 0.7 |",
    "Markdown table without bars": "the | cat\n--- | ---\n0.5 | 0.5\n0.3 | 0.7",
    "grid table": "+-----+-----+\n| 0.5 | 0.5 |\n+-----+-----+\n| 0.3 | 0.7 |\n+-----+-----+",
    "grid table with a header": "+-----+-----+-----+\n|     | the | cat |\n+=====+=====+=====+\n"
    "| the | 0.5 | 0.5 |\n+-----+-----+-----+\n| cat | 0.3 | 0.7 |\n+-----+-----+-----+",
    "simple table": "===  ===\n0.5  0.5\n0.3  0.7\n===  ===",
    "simple table with a header": "===  ===  ===\n.    the  cat\n===  ===  ===\nthe  0.5  0.5\n"
    "cat  0.3  0.7\n===  ===  ===",
    "box table": "┌─────┬─────┐\n│ 0.5 │ 0.5 │\n│ 0.3 │ 0.7 │\n└─────┴─────┘",
    "LaTeX": "\\begin{pmatrix}\n0.5 & 0.5 \\\\\n0.3 & 0.7\n\\end{pmatrix}",
    "labels": "the 0.5 0.5\ncat 0.3 0.7",
    "labels with colons": "the: 0.5 0.5\ncat: 0.3 0.7",
    "labels before lists": "the [0.5, 0.5]\ncat [0.3, 0.7]",
    "labels of other case": "The 0.5 0.5\nCat 0.3 0.7",
    "labels after": "0.5 0.5 the\n0.3 0.7 cat",
    "a header": "the cat\n0.5 0.5\n0.3 0.7",
    "a header and labels": "     the  cat\nthe  0.5  0.5\ncat  0.3  0.7",
    "a data frame": "          the       cat\nthe  0.500000  0.500000\ncat  0.300000  0.700000",
    "a data frame that counts": "     0    1\n0  0.5  0.5\n1  0.3  0.7",
    "a data frame that is measured": "     0    1\n0  0.5  0.5\n1  0.3  0.7\n[2 rows x 2 columns]",
    "comments": "# by hand\n0.5 0.5  # the\n0.3 0.7  # cat",
    "a code block": "```text\n0.5 0.5\n0.3 0.7\n```",
    "East Asian commas": "0.5，0.5\n0.3，0.7",
    "East Asian percent": "50％ 50％\n30％ 70％",
    "Arabic digits": "٠٫٥ ٠٫٥\n٠٫٣ ٠٫٧",
    "R": "     [,1] [,2]\n[1,]  0.5  0.5\n[2,]  0.3  0.7",
    "numbered rows": "0: 0.5 0.5\n1: 0.3 0.7",
    "a name and a colon": "weights: [[0.5, 0.5], [0.3, 0.7]]",
    "a list of rows": "- 0.5 0.5\n- 0.3 0.7",
    "lists in a line": "[0.5, 0.5], [0.3, 0.7]",
    "a bar after the label": "the | 0.5 0.5\ncat | 0.3 0.7",
    "mathematics": "$0.5$ $0.5$\n$0.3$ $0.7$",
    "bold and code": "*0.5* `0.5`\n0.3 **0.7**",
    "signs": "+0.5 +0.5\n+0.3 +0.7",
}


@pytest.mark.parametrize("body", MATRICES.values(), ids=MATRICES)
def test_forms_of_a_matrix(body: str) -> None:
    one = rows(body)
    assert_allclose(one.weights[0, 0], HALVES, atol=1e-7)
    assert [token.text for token in one.key_tokens] == ["the", "cat"]
    assert not one.masked.any()
    assert fits(body, TOKENS)


@pytest.mark.parametrize("mark", ["-", "·", "–", "−", "—"])
def test_masked_cells_are_masked_and_not_zero(mark: str) -> None:
    one = rows(f"1.0 {mark} {mark}\n0.5 0.5 {mark}\n0.2 0.3 0.5", "a b c")
    assert_allclose(one.weights[0, 0], [[1, 0, 0], [0.5, 0.5, 0], [0.2, 0.3, 0.5]], atol=1e-7)
    assert one.masked[0].tolist() == [[False, True, True], [False, False, True], [False] * 3]
    assert one.causal


def test_masked_cells_take_no_part_in_the_softmax() -> None:
    one = rows("5 -\n0 1.0986123", scores="logits")
    assert_allclose(one.weights[0, 0], [[1, 0], [0.25, 0.75]], atol=1e-6)
    assert one.masked[0].tolist() == [[False, True], [False, False]]


def test_minus_signs_of_typography() -> None:
    one = rows("0 −1.0986123\n–1.0986123 0", scores="logits")
    assert_allclose(one.weights[0, 0], [[0.75, 0.25], [0.25, 0.75]], atol=1e-6)


def test_the_lower_half_is_enough_where_later_keys_are_masked() -> None:
    one = rows("1.0\n0.4 0.6\n0.2 0.3 0.5", "a b c", causal=True)
    assert_allclose(one.weights[0, 0], [[1, 0, 0], [0.4, 0.6, 0], [0.2, 0.3, 0.5]], atol=1e-7)
    assert one.causal
    with pytest.raises(AttentionError, match="add the option causal"):
        rows("1.0\n0.4 0.6\n0.2 0.3 0.5", "a b c")


HEADS = {
    "blank lines": "1 0\n0 1\n\n0.5 0.5\n0.3 0.7",
    "titles": "Head 0:\n1 0\n0 1\n\nHead 1:\n0.5 0.5\n0.3 0.7",
    "titles, no blank line": "head 0\n1 0\n0 1\nhead 1\n0.5 0.5\n0.3 0.7",
    "labels": "the 1 0\ncat 0 1\n\nthe 0.5 0.5\ncat 0.3 0.7",
    "NumPy": "[[[1.  0. ]\n  [0.  1. ]]\n\n [[0.5 0.5]\n  [0.3 0.7]]]",
    "tensor": "tensor([[[1.0, 0.0],\n         [0.0, 1.0]],\n\n        [[0.5, 0.5],\n         [0.3, 0.7]]])",
    "a batch of one": "tensor([[[[1.0, 0.0], [0.0, 1.0]],\n\n [[0.5, 0.5], [0.3, 0.7]]]])",
    "list below list": "[[1, 0], [0, 1]]\n\n[[0.5, 0.5], [0.3, 0.7]]",
    "tables": "| 1 | 0 |\n| 0 | 1 |\n\n| 0.5 | 0.5 |\n| 0.3 | 0.7 |",
}


@pytest.mark.parametrize("body", HEADS.values(), ids=HEADS)
def test_several_heads(body: str) -> None:
    one = rows(body)
    assert_allclose(one.weights, [[[[1, 0], [0, 1]], HALVES]], atol=1e-7)


@pytest.mark.parametrize(
    ("body", "text", "labels"),
    [
        ("“New York” 0.5 0.5\nsleeps 0.3 0.7", "", ["New York", "sleeps"]),
        ("| New York | 0.5 | 0.5 |\n| sleeps | 0.3 | 0.7 |", "", ["New York", "sleeps"]),
        ("the 0.5 0.5\ncat 0.3 0.7", "", ["the", "cat"]),
        ("1 0.5 0.5\n2 0.3 0.7", "1 2", ["1", "2"]),
        ("1 2\n0.5 0.5\n0.3 0.7", "1 2", ["1", "2"]),
        ("# 0.5 0.5\n! 0.3 0.7", "# !", ["#", "!"]),
    ],
)
def test_labels_name_the_tokens_where_nothing_else_does(
    body: str, text: str, labels: list[str]
) -> None:
    one = rows(body, text)
    assert [token.text for token in one.query_tokens] == labels
    assert_allclose(one.weights[0, 0], HALVES, atol=1e-7)


CAPTIONED = [
    ("0.5 0.5\n0.3 0.7\n\nLayer 5, head 11", 2),
    ("0.5 0.5\n0.3 0.7\nThe caption of the figure.", 2),
    ("the 0.5 0.5\ncat 0.3 0.7\nThe caption, on head 5.11 of 72.", 2),
    ("[[0.5, 0.5], [0.3, 0.7]]\n\n60 steps.", 1),
    ("tensor([[0.5, 0.5],\n        [0.3, 0.7]])\n\nIn 2018.", 2),
    ("| 0.5 | 0.5 |\n| 0.3 | 0.7 |\n\nA caption.\n\nA legend with 1 0.", 2),
    ("# a comment\n\n0.5 0.5\n0.3 0.7\n\nA caption.", 4),
]


@pytest.mark.parametrize(("body", "count"), CAPTIONED)
def test_text_after_a_matrix_is_its_caption(body: str, count: int) -> None:
    lines = body.splitlines()
    assert leading_rows(lines, TOKENS) == count
    request = Request(MatrixSource(text="\n".join(lines[:count])), "the cat")
    assert_allclose(read(request).weights[0, 0], HALVES, atol=1e-7)


@pytest.mark.parametrize(
    "body",
    [
        "A caption.\n\n0.5 0.5\n0.3 0.7",
        "A caption.\n\n[[0.5, 0.5], [0.3, 0.7]]",
        "A caption.\n\nAnd more.\n\n0.5 0.5\n0.3 0.7",
        "A caption.\n\nthe 0.5 0.5\ncat 0.3 0.7",
    ],
)
def test_a_matrix_below_its_caption_is_found(body: str) -> None:
    lines = body.splitlines()
    assert leading_rows(lines, TOKENS) == 0
    assert misplaced_rows(lines, TOKENS) == (4 if "more" in body else 2)


@pytest.mark.parametrize(
    "body",
    [
        "A caption.\n\n| 0.5 | 0.5 |\n| 0.3 | 0.7 |",
        "A caption.\n\n::\n\n   0.5 0.5\n   0.3 0.7",
        "A caption.\n\n.. code-block:: text\n\n   0.5 0.5\n   0.3 0.7",
        "A caption.\n\nHead 11 of 72.\nHead 12 of 72.",
    ],
)
def test_a_legend_may_hold_numbers(body: str) -> None:
    assert leading_rows(body.splitlines(), TOKENS) == 0
    assert misplaced_rows(body.splitlines(), TOKENS) is None


REFUSED = [
    ("0,5 0,5\n0,3 0,7", 1, "write 0.5 with a point"),
    ("0,5, 0,5\n0,3, 0,7", 1, "write 0.5 with a point"),
    ("0.5 0.5\n0.3 o.7", 2, "'o.7' is not a number"),
    ("0.5 0.5\n0.3", 2, "row 1 has 1 numbers, row 0 has 2"),
    ("0.5 0.5\n0.3 0.7\n0.1", 3, "row 2 has 1 numbers"),
    ("0.5 0.5\n0.3 0.8", 2, "row 1 sums to 1.100"),
    ("# by hand\n\n0.5 0.5\n0.3 0.8", 4, "row 1 sums to 1.100"),
    ("0.5 0.5\n0.3 nan", 2, "row 1, column 1 is not a finite number (nan)"),
    ("0.5 0.5\ninf 0.7", 2, "row 1, column 0 is not a finite number (infinity)"),
    ("1.0 -inf\n0.3 0.7", 1, "write - where a key is masked"),
    ("1.5 -0.5\n0.3 0.7", 1, "if these are logits, set the option scores to logits"),
    ("1 0\n0 1\n\n0.5 0.5\n0.3 0.9", 5, "head 1, row 1 sums to 1.200"),
    ("1 0\n0 1\n\n0.5 0.5", 4, "different numbers of rows: 2, 1"),
    ("0.5 0.5\n0.3 .", 2, "'.' is not a number; write - where a key is masked"),
    ("| 0.5 | 0.5 |\n| 0.3 |  |", 2, "a cell is empty; write -"),
    ("0.5 ... 0.5\n0.3 ... 0.7", 1, "the matrix is shortened"),
    ("[[0.5, ..., 0.5], [0.3, ..., 0.7]]", 1, "set_printoptions"),
    ("[[0.5, 0.5],\n [0.3, 0.7]", 1, "the bracket '[' is not closed"),
    ("[[0.5, 0.5],\n [0.3]]", 2, "this list has 1 entries, and the first beside it 2"),
    ("[[0.5, 0.5],\n [0.3, x]]", 2, "'x' is not a number"),
    ("[[0.5, 0.5], 0.3]", 1, "numbers and lists stand side by side"),
    ("[[[[[[[[0.5]]]]]]]]", 1, "nested more than 6 deep"),
    ("the 0.5 0.5\ndog 0.3 0.7", 2, "row 1 is labelled 'dog', and token 1 is 'cat'"),
    ("cat 0.5 0.5\nthe 0.3 0.7", 1, "row 0 is labelled 'cat', and token 0 is 'the'"),
    ("the 0.5 0.5\n0.3 0.7", 2, "this row has no label"),
    ("the cat sat\n0.5 0.5\n0.3 0.7", 1, "the header names 3 columns, and the rows have 2"),
    ("Head 1\n0.5 0.5\n0.3 0.7", 1, "this is head 0, and not head 1"),
    ("1 -\n0.3 0.7\n\n1 0\n0.3 0.7", 4, "masks other keys than head 0"),
    ("- -\n0.3 0.7", 1, "row 0 sums to 0.000"),
    ("1/0 1/2\n0.3 0.7", 1, "'1/0' is not a number"),
    ("half 0.5\n0.3 0.7", 1, "'half' is not a number"),
    ("50 50\n30 70", 1, "these look like percent"),
    ("0.5 0.3\n0.5 0.7", 1, "looks transposed"),
    ("0.5 0.5", None, "one weight a word is one row"),
    ("0.5 x 0.5", 1, "'x' is not a number"),
    ("0.5 0.5\n\n0.3 0.7", None, "remove the blank lines between the rows"),
    ("the -> the 0.5, cat 0.5\ncat -> the 0.3, cat 0.7", 1, "is not a number"),
    ("the: {the: 0.5, cat: 0.5}", 1, "is not a number"),
    ("matrix: 0.5 0.5 0.3 0.7", None, "not square: 1 rows of 4 numbers"),
    ("0.5 0.5\n0.3 0.7 <- cat looks at itself", 2, "'<-' is not a number"),
    ("1 1\n1 1", 1, "whole numbers look like counts: divide each row by its sum"),
    ("2018", None, "if the number is a caption, write it in the option caption"),
    ("0.5\n0.5", None, "one weight a word is one row"),
    ("the 0.5\ncat 0.5", None, "one weight a word is one row"),
    ("the: 0.5, cat: 0.5", 1, "'the:' is not a number"),
    ("0.5 (the) 0.5 (cat)", 1, "'(the)' is not a number"),
    ("{'the': 0.5, 'cat': 0.5}", 1, "is not a number"),
    ('{"tokens": ["the", "cat"], "weights": [[0.5, 0.5], [0.3, 0.7]]}', 1, "is not a number"),
    ("0.5:0.5\n0.3:0.7", 1, "'0.5:0.5' is not a number"),
    ("0.5/0.5\n0.3/0.7", 1, "'0.5/0.5' is not a number"),
    ("0.5 0.5 / 0.3 0.7", 1, "'/' is not a number"),
    ("2×2 Matrix{Float64}:\n 0.5  0.5\n 0.3  0.7", None, "is labelled '2×2'"),
    ("1. 0.5 0.5\n2. 0.3 0.7", None, "not square: 2 rows of 3 numbers"),
    ("0.5 0.5 0.1\n0.3 0.7 0.2", None, "not square: 2 rows of 3 numbers"),
]


@pytest.mark.parametrize(("body", "line", "says"), REFUSED)
def test_the_rest_is_refused_with_its_line(body: str, line: int | None, says: str) -> None:
    with pytest.raises(AttentionError) as caught:
        rows(body)
    assert says in caught.value.message
    if line is not None:
        assert caught.value.line == line


@pytest.mark.parametrize(
    "body",
    [
        *(
            piece * 5_000
            for piece in ("[", "[[", "( ", "{{", "- ", "= ", "1,", "1[", '"', "| ", "[1,")
        ),
        *(piece * 5_000 + "x" for piece in ("1", "=", ")", " ", "a.", "\\\\", "1/", "0.5 ")),
        *(
            piece * 2_000
            for piece in ("[\n\n", "[[1\n\n", "Head 1\n\n", "A caption.\n\n", "0.5 x\n")
        ),
    ],
    ids=lambda body: ascii(body[:12]),
)
def test_every_body_is_read_in_linear_time(body: str) -> None:
    """The time grows with the length of a body, not with its square.

    These bodies once took minutes.
    """
    begin = time.process_time()
    lines = body.splitlines()
    leading_rows(lines, TOKENS)
    misplaced_rows(lines, TOKENS)
    fits(body, TOKENS)
    assert time.process_time() - begin < 4


def test_a_large_body_is_read_quickly() -> None:
    weights = np.random.default_rng(0).dirichlet(np.ones(200), size=200)
    body = "\n".join(" ".join(f"{w:.6f}" for w in row) for row in weights)
    assert_allclose(rows(body, " ".join("w" * 200)).weights[0, 0], weights, atol=1e-6)
