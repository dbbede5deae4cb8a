"""Pictures that authors name: what is read, what is refused, and what pages keep."""

from __future__ import annotations

import struct
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.sources.pictures import (
    MOST_PIXELS,
    check_picture,
    decode_picture,
    keep,
    patch_tokens,
)
from tests.core.pictures import noise, written


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "BMP", "TIFF"])
def test_formats_without_loss(kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    found, warning = decode_picture(written(noise(), kind, **options), "a")
    assert warning == ""
    np.testing.assert_array_equal(np.asarray(found), np.asarray(noise()))


def test_photographs_are_turned_as_the_camera_says() -> None:
    wide = Image.new("RGB", (40, 20), "red")
    exif = Image.Exif()
    exif[0x0112] = 6
    found, _ = decode_picture(written(wide, "JPEG", exif=exif), "a")
    assert found.size == (20, 40)


def test_transparent_parts_are_white() -> None:
    clear = Image.new("RGBA", (2, 1), (10, 20, 30, 0))
    clear.putpixel((1, 0), (10, 20, 30, 255))
    found, _ = decode_picture(written(clear), "a")
    assert [found.getpixel((x, 0)) for x in (0, 1)] == [(255, 255, 255), (10, 20, 30)]


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA"])
def test_other_modes_become_colours(mode: str) -> None:
    found, _ = decode_picture(written(noise().convert(mode)), "a")
    assert found.mode == "RGB"


def test_sixteen_bits_are_scaled() -> None:
    deep = Image.fromarray(np.array([[0, 32768, 65535]], dtype=np.uint16))
    found, _ = decode_picture(written(deep), "a")
    assert [found.getpixel((x, 0))[0] for x in range(3)] == [0, 127, 255]


def test_the_first_of_several_frames_is_taken() -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    data = written(frames[0], "GIF", save_all=True, append_images=frames[1:])
    found, warning = decode_picture(data, "cat.gif")
    assert found.getpixel((0, 0))[0] > 200
    assert warning == "the picture 'cat.gif' has 2 frames, and the first one is shown"


def announced(width: int, height: int) -> bytes:
    """A PNG file that announces so many pixels and holds none."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    blank = chunk(b"IDAT", zlib.compress(b""))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + blank + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "not a picture that can be read (the file is empty)"),
        (b"hello", "expected a PNG, JPEG, WebP, GIF, BMP or TIFF file"),
        (b"<?xml version='1.0'?><svg/>", "an SVG drawing, which has no pixels; export it as PNG"),
        (b"%PDF-1.7", "a PDF document"),
        (b"version https://git-lfs.github.com/spec/v1", "a pointer of Git LFS"),
        (announced(10_000, 10_000), "10,000 × 10,000 pixels"),
        (announced(60_000, 60_000), "has too many pixels"),
        (announced(1, 30_000_000), "at most 50 times as long as the other; crop it"),
        (announced(5_100, 100), "has 5,100 × 100 pixels"),
        (announced(0, 3), "is not a picture that can be read"),
    ],
)
def test_other_files_are_refused_before_they_are_decoded(data: bytes, says: str) -> None:
    for function in (check_picture, decode_picture):
        with pytest.raises(AttentionError) as caught:
            function(data, "cat.png")
        assert caught.value.problem is Problem.PICTURE
        assert says in caught.value.message
        assert "'cat.png'" in caught.value.message


def test_the_bound_is_that_of_the_message() -> None:
    side = int(MOST_PIXELS**0.5)
    check_picture(announced(side, side), "a")
    with pytest.raises(AttentionError, match=f"at most {MOST_PIXELS:,} pixels are decoded"):
        check_picture(announced(side + 1, side + 1), "a")


@pytest.mark.parametrize("cut", [60, 200, 2000])
def test_a_file_that_is_cut_short_is_damaged(cut: int) -> None:
    with pytest.raises(AttentionError) as caught:
        decode_picture(written(noise())[:cut], "cat.png")
    assert caught.value.problem is Problem.PICTURE


def test_pillow_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(AttentionError, match="pip install pillow") as caught:
        check_picture(written(noise()), "a")
    assert caught.value.problem is Problem.INSTALL


class TestKept:
    def test_few_colours_are_kept_as_they_are(self) -> None:
        pixels = np.array([[[1, 2, 3], [9, 9, 9]], [[9, 9, 9], [200, 0, 7]]], dtype=np.uint8)
        kept = keep(pixels, 2, 1)
        np.testing.assert_array_equal(kept.palette[kept.pixels], pixels)
        assert (kept.rows, kept.columns) == (2, 1)

    def test_many_colours_become_similar_ones(self) -> None:
        across = np.linspace(0, 255, 64)
        pixels = np.stack(np.broadcast_arrays(across[:, None], across[None, :], 128.0), axis=-1)
        kept = keep(pixels.astype(np.uint8), 8, 8)
        assert len(kept.palette) <= 256
        shown = kept.palette[kept.pixels].astype(int)
        assert np.abs(shown - pixels).mean() < 8

    def test_large_pictures_become_smaller(self) -> None:
        kept = keep(np.zeros((1000, 500, 3), np.uint8), 10, 5)
        assert kept.pixels.shape == (336, 168)


def test_the_names_of_patches() -> None:
    tokens = patch_tokens(2, 3)
    assert [token.text for token in tokens] == ["0,0", "0,1", "0,2", "1,0", "1,1", "1,2"]
    assert tokens[5].patch == (1, 2)
    assert len({token.word for token in tokens}) == 6
