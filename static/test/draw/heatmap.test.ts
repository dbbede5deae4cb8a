import assert from "node:assert/strict";
import { test } from "node:test";
import { levelOf, ramp } from "../../src/draw/heatmap";

test("logarithmic levels, by hand", () => {
  // log10(5.5) = 0.74036, log10(1.009) = 0.00389.
  assert.deepEqual([1, 0.5, 0.001, 0].map((share) => levelOf(share, "log")), [50, 38, 3, 0]);
  assert.ok(Math.abs(ramp(0.5, "log") - (0.05 + 0.95 * 0.7403627)) < 1e-6);
});
