"""Pictures that authors name: how they are checked, decoded, and kept small.

A picture file may come from a stranger's pull request. Its bytes are bounded when they are read,
and its pixels before they are decoded, because a few bytes can announce billions of pixels.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from sphinx_attention.core.attention import Picture, Token
from sphinx_attention.core.boundary import reason
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.text import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

LARGEST_FILE = 32 * 2**20
"""Bytes of the largest picture file that is read."""

MOST_PIXELS = 40_000_000
"""Pixels of the largest picture that is decoded."""

_MOST_TIMES = 50
"""How many times longer one side may be than the other.

Image processors make the shorter side some hundred pixels long. A line of a million pixels would
become a picture that no memory holds.
"""

SMALLER = "save the picture with fewer pixels: models see a few hundred a side"
"""What to do with a picture file that is too large."""

_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
"""The formats that are read, by their names in Pillow. Pillow decodes all of them itself."""

_EXPECTED = "expected a PNG, JPEG, WebP, GIF, BMP or TIFF file"

_MOST_SIDE = 336
"""The most pixels on a side of the picture that is kept for pages."""

_COLOURS = 256
"""The colours of the picture that is kept for pages."""


def check_picture(data: bytes, declared: str) -> None:
    """Check that bytes are those of a picture that may be decoded, without decoding it.

    Args:
        data: the bytes of the file.
        declared: the name that the author wrote, for messages.

    Raises:
        AttentionError: the bytes are no picture of a known format, or one of too many pixels.
    """
    with _opened(data, declared):
        pass


def decode_picture(data: bytes, declared: str) -> tuple[Any, str]:
    """The picture of a file in red, green and blue, as a model is given it.

    A photograph is turned as its camera says. Transparent parts become white. Of several frames,
    the first is taken.

    Args:
        data: the bytes of the file.
        declared: the name that the author wrote, for messages.

    Returns:
        The picture as a ``PIL.Image``, and a warning for the author; empty for none.

    Raises:
        AttentionError: the bytes are no picture, or one of too many pixels.
    """
    image_ops = _pillow("ImageOps")
    with _opened(data, declared) as opened:
        frames = int(getattr(opened, "n_frames", 1))
        opened.load()
        picture = _in_colour(image_ops.exif_transpose(opened))
    many = f"the picture {quoted(declared)} has {frames} frames, and the first one is shown"
    return picture, many if frames > 1 else ""


@contextlib.contextmanager
def _opened(data: bytes, declared: str) -> Iterator[Any]:
    """A picture whose header is read and whose size is allowed.

    Raises:
        AttentionError: it is not a picture, it has too many pixels, or decoding it fails.
    """
    image = _pillow("Image")
    name = quoted(declared)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            opened = image.open(io.BytesIO(data), formats=_FORMATS)
            _check_size(opened.size, name)
            yield opened
    except AttentionError:
        raise
    except image.DecompressionBombError:
        raise _too_large(name, "too many pixels") from None
    except image.UnidentifiedImageError:
        raise AttentionError(
            Problem.PICTURE, f"{name} is not a picture that can be read{_found(data)}: {_EXPECTED}"
        ) from None
    except Exception as error:
        # Decoders raise OSError, SyntaxError, ValueError, struct.error and others.
        raise AttentionError(
            Problem.PICTURE,
            f"the picture {name} is damaged ({reason(error)}); save it again, as a PNG file",
        ) from error


def _check_size(size: tuple[int, int], name: str) -> None:
    width, height = size
    if width * height > MOST_PIXELS:
        raise _too_large(name, f"{width:,} × {height:,} pixels")
    if max(width, height) > _MOST_TIMES * min(width, height):
        raise AttentionError(
            Problem.PICTURE,
            f"the picture {name} has {width:,} × {height:,} pixels, and one side may be at most "
            f"{_MOST_TIMES} times as long as the other; crop it",
        )


def _too_large(name: str, size: str) -> AttentionError:
    return AttentionError(
        Problem.PICTURE,
        f"the picture {name} has {size}, and at most {MOST_PIXELS:,} pixels are decoded; make it "
        "smaller: models see a few hundred pixels a side",
    )


def _found(data: bytes) -> str:
    """The probable kind of a file without pixels; empty if unknown."""
    start = data[:2000].lstrip().lower()
    if not data:
        return " (the file is empty)"
    if b"<svg" in start:
        return " (it is an SVG drawing, which has no pixels; export it as PNG)"
    if start.startswith(b"%pdf"):
        return " (it is a PDF document; export it as PNG)"
    if start.startswith(b"version https://git-lfs"):
        return " (it is a pointer of Git LFS; run `git lfs pull`)"
    return ""


def _in_colour(picture: Any) -> Any:
    """A picture in red, green and blue, on white."""
    image = _pillow("Image")
    if picture.mode.startswith(("I", "F")):
        # Sixteen bits, or real numbers. Pillow itself would cut them off at 255.
        values = np.asarray(picture, dtype=np.float64)
        most = 65535.0 if picture.mode.startswith("I;16") or values.max(initial=0) > 255 else 255.0
        grey = np.clip(values / most * 255, 0, 255).astype(np.uint8)
        return image.fromarray(grey).convert("RGB")
    if picture.has_transparency_data:
        layered = picture.convert("RGBA")
        white = image.new("RGBA", layered.size, "white")
        return image.alpha_composite(white, layered).convert("RGB")
    return picture.convert("RGB")


def resized(picture: Any, side: int) -> NDArray[np.uint8]:
    """The pixels of a picture as a square, shape (side, side, 3), as ``ViTImageProcessor`` does.

    Args:
        picture: a ``PIL.Image``.
        side: the side of the square in pixels.
    """
    image = _pillow("Image")
    return np.asarray(picture.resize((side, side), image.Resampling.BILINEAR), dtype=np.uint8)


def keep(pixels: NDArray[np.uint8], rows: int, columns: int) -> Picture:
    """A picture as pages show it: small, and in few colours.

    Args:
        pixels: what the model saw, shape (height, width, 3).
        rows: the number of rows of patches.
        columns: the number of columns of patches.
    """
    image = _pillow("Image")
    picture = image.fromarray(np.ascontiguousarray(pixels))
    longest = max(picture.size)
    if longest > _MOST_SIDE:
        size = [max(1, round(side * _MOST_SIDE / longest)) for side in picture.size]
        picture = picture.resize(size, image.Resampling.LANCZOS)
    shown = np.asarray(picture)
    palette, numbers = np.unique(shown.reshape(-1, 3), axis=0, return_inverse=True)
    if len(palette) <= _COLOURS:
        found = numbers.reshape(shown.shape[:2]).astype(np.uint8)
    else:
        few = picture.quantize(_COLOURS, method=image.Quantize.MEDIANCUT)
        found = np.asarray(few)
        palette = np.array(few.getpalette("RGB"), dtype=np.uint8).reshape(-1, 3)
        palette = palette[: int(found.max()) + 1]
    return Picture(found, palette.astype(np.uint8), rows, columns)


def patch_name(row: int, column: int) -> str:
    """The name of a patch for readers: its row and its column, from 0."""
    return f"{row},{column}"


def patch_tokens(rows: int, columns: int) -> tuple[Token, ...]:
    """The patches of a grid, row by row."""
    return tuple(
        Token(patch_name(row, column), word=row * columns + column, patch=(row, column))
        for row in range(rows)
        for column in range(columns)
    )


def _pillow(module: str) -> Any:
    """A module of Pillow.

    Raises:
        AttentionError: Pillow is not installed.
    """
    import importlib  # noqa: PLC0415 - only figures of pictures come here

    try:
        return importlib.import_module(f"PIL.{module}")
    except ImportError as error:
        raise AttentionError(
            Problem.INSTALL,
            f"reading a picture needs pillow, which cannot be imported ({reason(error)}): "
            "pip install pillow",
        ) from error
