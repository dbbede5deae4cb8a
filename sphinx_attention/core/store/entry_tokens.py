"""The tokens in an entry's header, and the patches of a picture among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sphinx_attention.core.attention import Token

from .checks import UnfitError, brief, is_encodable, is_whole, need, whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LONGEST_TOKEN = 10_000
"""The most characters of a token."""

MOST_TOKENS = 1 << 17
"""The most tokens of a list."""

_LONGEST_TEXTS = 1 << 20
"""The most characters of all tokens of a list together."""

_LARGEST_SIDE = 4096
"""The most pixels on a side of a picture."""


def read_tokens(raw: Any, what: str) -> tuple[Token, ...]:
    """The tokens of a list, such as ``query_tokens``."""
    if not isinstance(raw, list) or not raw:
        raise UnfitError(f"{what} is {brief(raw)}, not a list of tokens")
    need(len(raw) <= MOST_TOKENS, f"{what} has {len(raw):,} tokens")
    tokens = []
    for number, fields in enumerate(raw):
        token = _token(fields)
        if token is None:
            raise UnfitError(f"{what}[{number}] is not a token: {brief(fields)}")
        tokens.append(token)
    together = "".join([token.text for token in tokens])
    need(len(together) <= _LONGEST_TEXTS, f"{what} have {len(together):,} characters all together")
    need(is_encodable(together), f"{what} hold half of a character")
    return tuple(tokens)


def _token(fields: Any) -> Token | None:
    """A token; None if the fields are not those of a token."""
    if not isinstance(fields, list) or len(fields) not in {4, 5}:
        return None
    text, special, word, segment, *more = fields
    if not (
        isinstance(text, str)
        and len(text) <= LONGEST_TOKEN
        and is_whole(special, 0, 1)
        and (word is None or is_whole(word, 0, _LONGEST_TEXTS))
        and is_whole(segment, 0, 1)
        and all(map(_is_patch, more))
    ):
        return None
    patch = (more[0][0], more[0][1]) if more else None
    return Token(text, special == 1, word, segment, patch)


def _is_patch(value: Any) -> bool:
    pair = isinstance(value, list) and len(value) == 2
    return pair and all(is_whole(one, 0, _LARGEST_SIDE - 1) for one in value)


def read_grid(
    raw: Any, shapes: Mapping[str, tuple[int, ...]], sides: Sequence[Sequence[Token]]
) -> tuple[int, int] | None:
    """The rows and columns of a picture's patches; None without a picture."""
    names = [name for name in shapes if name.startswith("picture.")]
    patches = [[token.patch for token in side if token.patch is not None] for side in sides]
    if raw is None:
        need(not names and not any(patches), "there are patches, and no picture")
        return None
    need(isinstance(raw, dict), "picture is", raw)
    need(len(names) == 2, "the picture has no pixels or no colours")
    pixels, palette = shapes["picture.pixels"], shapes["picture.palette"]
    need(len(pixels) == 2 and max(pixels) <= _LARGEST_SIDE, f"the picture has the shape {pixels}")
    need(palette[1:] == (3,) and palette[0] <= 256, f"colours of the shape {palette}")
    rows = whole(raw.get("rows"), "picture: rows", 1, pixels[0])
    columns = whole(raw.get("columns"), "picture: columns", 1, pixels[1])
    # This comes before the grid is listed: two numbers could announce millions of patches.
    need(rows * columns == max(map(len, patches)), "the patches are not those of the grid")
    every = [(row, column) for row in range(rows) for column in range(columns)]
    for side, tokens in zip(patches, sides, strict=True):
        first = next((n for n, token in enumerate(tokens) if token.patch is not None), 0)
        together = [token.patch for token in tokens[first : first + len(side)]]
        need(side in ([], every) and together == side, "the patches are not those of the grid")
    return rows, columns
