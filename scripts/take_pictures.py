"""Take the README's pictures of the figure from the built example notes (run `make demo` first)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "example_docs" / "_build" / "html" / "what-attention-is.html"
FIGURE = "figure.attention-figure[data-layer='5'][data-head='11']"
MARGIN = 12


def main() -> None:
    """Write docs/images/figure-light.png and figure-dark.png."""
    finder = [sys.executable, str(ROOT / "scripts" / "find_chromium.py")]
    path = subprocess.run(finder, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for scheme in ("light", "dark"):
            context = browser.new_context(
                viewport={"width": 1100, "height": 900}, color_scheme=scheme, device_scale_factor=2
            )
            page = context.new_page()
            page.goto(PAGE.as_uri())
            figure = page.locator(FIGURE).first
            figure.scroll_into_view_if_needed()
            page.wait_for_selector(f"{FIGURE} [data-token][role=button]")
            # These elements belong to the page and not to a picture of the figure.
            figure.evaluate(
                """figure => {
                  figure.querySelector(".attention-table").style.visibility = "hidden";
                  figure.querySelector("a.headerlink")?.remove();
                }"""
            )
            box = figure.bounding_box()
            assert box is not None
            page.screenshot(
                path=ROOT / "docs" / "images" / f"figure-{scheme}.png",
                clip={
                    "x": box["x"] - MARGIN,
                    "y": box["y"] + MARGIN,
                    "width": box["width"] + 2 * MARGIN,
                    "height": box["height"] - MARGIN,
                },
            )
            context.close()
        browser.close()


if __name__ == "__main__":
    main()
