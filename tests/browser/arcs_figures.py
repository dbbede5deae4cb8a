"""What the tests of the view arcs read from a page."""

from __future__ import annotations

CENTRES = """id => {
  const figure = document.getElementById(id), svg = figure.querySelector("svg");
  const at = p => { const q = new DOMPoint(p.x, p.y).matrixTransform(svg.getScreenCTM()); return [q.x, q.y]; };
  const words = [...figure.querySelectorAll(".attention-word")].map(word => {
    const box = word.getBoundingClientRect();
    // The box grows where a letter hangs over its own width, as the j of many a font does.
    const [start, end] = [word.getStartPositionOfChar(0), word.getEndPositionOfChar(word.getNumberOfChars() - 1)];
    return {left: box.left, right: box.right, top: box.top, middle: (at(start)[0] + at(end)[0]) / 2};
  });
  const paths = [...figure.querySelectorAll(".attention-edge")].map(path => {
    const length = path.getTotalLength();
    const points = Array.from({length: 241}, (_, i) => at(path.getPointAtLength(length * i / 240)));
    return {query: +path.dataset.query, key: +path.dataset.key, points};
  });
  return {words, paths, top: svg.getBoundingClientRect().top};
}"""


SHOWN = """id => {
  const figure = document.getElementById(id), text = s => [...figure.querySelectorAll(s)];
  return {
    edges: text(".attention-edges .attention-edge").map(e => [e.dataset.query, e.dataset.key,
      e.getAttribute("d"), e.getAttribute("stroke-width"), e.getAttribute("class")]),
    words: text(".attention-word").map(e => e.getAttribute("x")),
    squares: text(".attention-squares").map(e => e.childElementCount && [e.getAttribute("aria-label"), e.innerHTML])
      .filter(e => e),
    stretched: text(".attention-word").map(e => e.hasAttribute("textLength") ? 1 : 0),
    weights: text(".attention-weight").map(e => e.textContent).filter(t => t),
    scores: text(".attention-scores").map(e => e.outerHTML.replace(/ tabindex="0"| role="region"| aria-label="[^"]*"/g, "")),
    size: [figure.getBoundingClientRect().height, figure.querySelector("svg").getBoundingClientRect().top],
  };
}"""
