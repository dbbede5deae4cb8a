"""Images of large pictures: in the page, or as files for sites whose policy forbids ``data:``."""

from __future__ import annotations

import re
from base64 import b64decode

import pytest
from bs4 import BeautifulSoup

from tests.course import CONF, FUNCTION

TEXT = " ".join(f"w{n}" for n in range(64))
PAGE = (
    f":orphan:\n\nP\n=\n\n.. attention:: {TEXT}\n   :view: matrix\n\n"
    f".. attention:: {TEXT}\n   :view: grid\n\n.. attention:: {TEXT}\n   :view: matrix\n"
)
IMAGE = re.compile(r'xlink:href="([^"]+)"')


@pytest.mark.parametrize("parallel", [0, 3])
def test_images_become_files_when_asked(project, parallel: int) -> None:
    files = {"index.rst": "I\n=\n", "below/page.rst": PAGE, "other.rst": PAGE}
    made = project({**files, "course_model.py": FUNCTION}, CONF)
    made.build(strict=True)
    inline = [b64decode(url.split(",", 1)[1]) for url in IMAGE.findall(made.html("below/page"))]
    assert len(inline) >= 3
    assert all(image.startswith(b"\x89PNG") for image in inline)
    # Another setting makes another page with the same pictures.
    with_files = {"attention_pictures": "files"}
    made.build(strict=True, parallel=parallel, confoverrides=with_files)
    page = made.html("below/page")
    urls = IMAGE.findall(page)
    out = made.folder / "_build" / "html"
    assert all(re.fullmatch(r"\.\./_static/attention/attention-\w{16}\.png", url) for url in urls)
    assert [(out / "below" / url).read_bytes() for url in urls] == inline
    assert "data:" not in str(BeautifulSoup(page, "html.parser").select("figure svg"))
    # One file holds an image for all pages.
    written = {path.name: path.stat().st_mtime_ns for path in out.rglob("attention-*.png")}
    assert len(written) == len(set(inline))
    assert IMAGE.findall(made.html("other")) == [url.removeprefix("../") for url in urls]
    made.build(freshenv=True, confoverrides=with_files)
    assert made.html("below/page") == page
    assert {p.name: p.stat().st_mtime_ns for p in out.rglob("attention-*.png")} == written
    assert not list(out.rglob("*.tmp"))


def test_another_value_is_refused(project) -> None:
    made = project({"index.rst": "I\n=\n"}, 'attention_pictures = "file"\n')
    made.build()
    assert re.search(r"attention_pictures.*\"inline\" or \"files\"", made.warnings)
