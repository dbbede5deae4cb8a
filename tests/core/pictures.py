"""Small pictures for tests, and requests for them."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from sphinx_attention.core.request import ImageFile, Request

if TYPE_CHECKING:
    from pathlib import Path

    from sphinx_attention.core.request import Source


def noise(width: int = 70, height: int = 50, seed: int = 0) -> Image.Image:
    """A picture whose pixels all differ."""
    random = np.random.default_rng(seed)
    return Image.fromarray(random.integers(0, 256, (height, width, 3), dtype=np.uint8))


def written(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """The bytes of a picture file."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def image_file(path: Path, data: bytes) -> ImageFile:
    """A picture in a file."""
    path.write_bytes(data)
    return ImageFile(path.name, hashlib.sha256(data).hexdigest(), str(path))


def picture_request(source: Source, folder: Path, picture: Image.Image | None = None) -> Request:
    """A request for a picture."""
    data = written(noise() if picture is None else picture)
    return Request(source, "", image=image_file(folder / "cat.png", data))
