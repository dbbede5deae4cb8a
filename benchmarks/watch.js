// Runs in a page before its own scripts, and records when the elements of interest appear.
(() => {
  const look = LOOK;
  const bench = window.bench = {load: null, painted: null, drawn: null, ready: new Map(),
                                decoded: 0, hovers: [], armed: false};
  addEventListener("load", () => { bench.load = performance.now(); });
  const frame = () => {
    if (!document.querySelector(look.mark)) return requestAnimationFrame(frame);
    bench.drawn = performance.now();
    requestAnimationFrame(() => { bench.painted = performance.now(); });
  };
  requestAnimationFrame(frame);
  if (look.ready) {
    new MutationObserver((records) => {
      for (const { target } of records) {
        const root = target.matches(look.ready) && target.closest(look.root);
        if (root && !bench.ready.has(root)) bench.ready.set(root, performance.now());
      }
    }).observe(document, { attributes: true, attributeFilter: ["role"], subtree: true });
    const Inflate = window.DecompressionStream;
    window.DecompressionStream = function (format) { bench.decoded++; return new Inflate(format); };
  }
  bench.inView = () => [...document.querySelectorAll(look.root)].filter((root) => {
    const { top, bottom } = root.getBoundingClientRect();
    return bottom > 0 && top < innerHeight;
  });
  // The time when all figures on the screen answer. Before the load event, a part of the page may
  // be missing, and asking for positions would slow down the page.
  bench.answers = () => {
    if (!look.ready) return bench.drawn;
    if (bench.load === null) return null;
    const times = bench.inView().map((root) => bench.ready.get(root) ?? NaN);
    const last = Math.max(...times);
    return times.length && !Number.isNaN(last) ? last : null;
  };
  bench.gaveUp = () => bench.load !== null && bench.inView().some((root) => root.matches(".attention-figure--static"));
  bench.farthest = () => Math.max(0, ...[...bench.ready.keys()].map(
    (root) => root.getBoundingClientRect().top - innerHeight));
  const onScreen = ([x, y]) => x >= 0 && y >= 0 && x < innerWidth && y < innerHeight;
  // Points spread evenly over all elements that are on the screen and not covered.
  bench.points = (elements, cells, most) => {
    const centres = [];
    for (const element of elements) {
      const { left, top, width, height } = element.getBoundingClientRect();
      const point = [left + width / 2, top + height / 2];
      if (onScreen(point) && element.contains(document.elementFromPoint(...point))) centres.push(point);
    }
    const within = [];
    for (const field of cells) {
      const { left, top, right, bottom } = field.getBoundingClientRect();
      const [width, height] = [Math.min(right, innerWidth) - left, Math.min(bottom, innerHeight) - top];
      for (let i = 1; i < 60; i++) {
        const point = [left + (width * i) / 60, top + (height * ((i * 7) % 60)) / 60];
        if (onScreen(point)) within.push(point);
      }
    }
    const some = (points, count) => Array.from({ length: Math.min(count, points.length) },
      (_, i) => points[Math.floor((i * points.length) / count)]);
    const half = within.length ? Math.ceil(most / 2) : most;
    return [...some(centres, half), ...some(within, most - Math.min(half, centres.length))];
  };
  // This listener runs before those of the page, so the time until the next frames includes them.
  const arrived = (event) => {
    if (!bench.armed) return;
    bench.armed = false;
    requestAnimationFrame(() => requestAnimationFrame(() => {
      bench.hovers.push(performance.now() - event.timeStamp);
    }));
  };
  // A cell is no element. Over cells, the pointer only moves.
  for (const type of ["pointerover", "pointermove"]) addEventListener(type, arrived, true);
  bench.elements = () => {
    let count = 0;
    for (const root of [...document.querySelectorAll(look.root)].slice(0, 1)) {
      count += root.querySelectorAll("*").length + 1;
    }
    return count;
  };
})();
