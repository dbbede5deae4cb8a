"""The style sheet alone shows on which sides a stage can be scrolled, also without timelines."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

# A stage of 300 by 120 px around a picture that is larger, without a scroll bar over its edge.
SMALL = """(() => {
  const stage = document.querySelector("#FIGURE .attention-stage");
  Object.assign(stage.style, { width: "300px", maxHeight: "120px", scrollbarWidth: "none" });
  stage.scrollIntoView({ block: "center" });
})()"""
# Without the effect, a picture has the same pixels everywhere.
SWITCH = """(() => {
  const stage = document.querySelector("#FIGURE .attention-stage");
  stage.style.animation = ON ? "" : "none";
  for (const shade of stage.querySelectorAll(".attention-shade")) shade.style.display = ON ? "" : "none";
  stage.scrollTo({ left: AT, top: AT });
  const { x, y } = stage.getBoundingClientRect();
  window.painted = false;
  requestAnimationFrame(() => requestAnimationFrame(() => { window.painted = true; }));
  return [x, y, stage.scrollWidth];
})()"""


@pytest.mark.parametrize(
    ("name", "figure", "down"), [("phone", "wide", False), ("heads-dog", "hone", True)]
)
def test_a_shadow_is_where_more_can_be_scrolled(
    open_page, name: str, figure: str, *, down: bool
) -> None:
    page = open_page(name, figure)
    page.run(SMALL.replace("FIGURE", figure))
    # The pixels of letters and lines differ where a picture fades, and of its ground where a shadow lies.
    page.run(f"document.querySelector('#{figure} .attention-picture').style.background = 'grey'")
    seen = []
    for at in (0, 60, 100_000):
        views = []
        for on in ("true", "false"):
            script = SWITCH.replace("FIGURE", figure).replace("ON", on).replace("AT", str(at))
            x, y, wide = page.run(script)
            page.wait("window.painted")
            with Image.open(BytesIO(page.driver.picture())) as picture:
                pixels = np.asarray(picture.convert("L"), int)
            x, y = round(x), round(y)
            views.append(pixels[y : y + 120, x : x + 300])
        assert wide == page.run(
            f"document.querySelector('#{figure} .attention-picture').clientWidth"
        )
        changed = np.abs(views[0] - views[1]).mean(1 if down else 0)
        # One px from each edge, and in the middle.
        seen.append(
            [bool(one > 4) for one in (changed[1], changed[len(changed) // 2], changed[-2])]
        )
    assert seen == [[False, False, True], [True, False, True], [True, False, False]]
