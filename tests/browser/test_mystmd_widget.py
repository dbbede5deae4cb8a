"""The widget of mystmd, rendered as the theme of mystmd renders widgets: within a shadow tree."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

import sphinx_attention
from sphinx_attention.hosts.mystmd.page import OUTPUT, answer
from tests.browser.conftest import Watched, pressed, ready, scores

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

# This is what @myst-theme/anywidget 1.4.1 does.
PAGE = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Widgets</title><link rel="icon" href="data:,"></head>
<body style="color: rgb(10, 20, 30)"><main>
<p><span class="attention-selects:layer=2&amp;head=1&amp;pin=2"><a href="#fox">a link</a></span></p>
<figure id="fox"><img src="%(picture)s" alt="The picture"><div id="one"></div><figcaption>One</figcaption></figure>
<figure><div id="two"></div></figure>
</main>
<script type="module">
const models = %(models)s;
for (const [id, values] of Object.entries(models)) {
  const { default: widget } = await import("%(esm)s");
  const root = document.getElementById(id).attachShadow({ mode: "open" });
  const el = document.createElement("div");
  root.replaceChildren(el);
  const render = async () => (globalThis[`cleanup_${id}`] = await widget.render({ model: { get: (name) => values[name] }, el }));
  globalThis[`render_${id}`] = async () => (globalThis[`cleanup_${id}`](), await render());
  await render();
}
</script></body></html>
"""


def test_figures_live_in_the_page(
    tmp_path: Path, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    requested = [
        {
            "text": "the quick brown fox",
            "options": {"layer": "0", "head": "2"},
            "rows": [],
            "line": 1,
            "at": 2,
        },
        {"text": "a lazy dog", "options": {"view": "matrix"}, "rows": [], "line": 5, "at": 6},
    ]
    data = {
        "file": str(tmp_path / "index.md"),
        "widgets": True,
        "figures": requested,
        "marks": [],
        "checks": [],
        "fences": [],
    }
    made = answer("page", data)
    assert not made["messages"]
    pictures = [node["children"][0] for node in made["figures"]]
    widgets = [node["children"][1]["children"][0] for node in made["figures"]]
    models = dict(zip(("one", "two"), (one["model"] for one in widgets), strict=True))
    page_text = PAGE % {
        "picture": pictures[0]["url"],
        "models": json.dumps(models).replace("<", "\\u003c"),
        "esm": widgets[0]["esm"],
    }
    context = browser.new_context(viewport={"width": 1000, "height": 900})
    page = context.new_page()
    watched = Watched(page)

    def serve(route) -> None:
        path = route.request.url.removeprefix("http://notes.test/")
        if not path:
            route.fulfill(body=page_text, content_type="text/html")
        else:
            kind = "text/javascript" if path.endswith(".mjs") else "image/svg+xml"
            route.fulfill(body=(tmp_path / path).read_bytes(), content_type=kind)

    page.route("http://notes.test/**", serve)
    page.goto("http://notes.test/")
    first, second = (one["id"] for one in widgets)
    ready(page, first)
    ready(page, second)
    # The live figure stands in the place of the picture, with the colour of the page.
    assert not page.locator("img").is_visible()
    word = page.locator(f"#{first} .attention-word").first
    colour = word.evaluate("e => getComputedStyle(e).fill")
    assert re.findall(r"[\d.]+", colour)[:3] in (
        ["10", "20", "30"],
        ["0.0392157", "0.0784314", "0.117647"],
    )
    page.locator(f'#{first} [data-token="4"]').click()
    weights = sphinx_attention.attention("the quick brown fox").weights[0, 2, 4]
    shown = dict(scores(page, first))
    assert {name: float(number) for name, number in shown.items()} == pytest.approx(
        {name: weights[("<start>", "the", "quick", "brown", "fox").index(name)] for name in shown},
        abs=0.0011,
    )
    # A link of the prose selects in the figure, whose name the theme gives to the element around it.
    page.get_by_text("a link").click()
    page.wait_for_function(
        "() => document.querySelector('#fox .attention-figure').dataset.layer === '2'"
    )
    assert pressed(page, first) == [2]
    # A link of another page has its selection in the address, which the theme puts there without a load.
    page.evaluate("() => history.pushState(null, '', '/#fox&layer=1&head=3&pin=3')")
    page.evaluate("() => globalThis.render_one()")
    page.wait_for_function(
        "() => [...document.querySelectorAll('#fox .attention-figure')].some(f => f.dataset.layer === '1' && f.dataset.head === '3')"
    )
    page.evaluate("() => globalThis.cleanup_one()")
    assert page.locator("img").is_visible()
    assert (tmp_path / OUTPUT).is_dir()
    context.close()
    assert not watched.errors
