import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync } from "node:zlib";
import { MASKED } from "../../src/data/model";
import { bytesOf, decode, type Header, parse } from "../../src/data/payload";
import { CODES, HEADER, planes, sampled } from "../sample";

function pack(header: Header, codes: Uint16Array): Buffer {
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  const { high, low } = planes(codes);
  return Buffer.concat([length, text, high, low]);
}

/** Decodes base 85 one digit at a time. */
function text(bytes: Buffer): string {
  const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%()*+,-./:;=?@[]^_|~";
  let out = "";
  for (let i = 0; i < bytes.length; i += 4) {
    const count = Math.min(4, bytes.length - i);
    const padded = Buffer.concat([bytes.subarray(i, i + count), Buffer.alloc(4 - count)]);
    const number = BigInt(padded.readUInt32BE());
    for (let power = 4n; power >= 4n - BigInt(count); power--) {
      out += digits[Number((number / 85n ** power) % 85n)];
    }
  }
  return out;
}

test("a packed payload is decoded to the same data", async () => {
  const packed = text(deflateSync(pack(HEADER, CODES), { level: 9 }));
  const { header, high, low } = await decode(packed);
  assert.deepEqual(header, HEADER);
  assert.deepEqual([...high].map((byte, i) => byte * 256 + low[i]!), [...CODES]);
});

test("white space and quotes around the text are ignored", async () => {
  const packed = text(deflateSync(pack(HEADER, CODES)));
  assert.equal((await decode(`\n"${packed}";\n`)).low.length, CODES.length);
});

test("tokens beyond ASCII", async () => {
  const header = { ...HEADER, queries: ["<b>", "fuß", "狐"] };
  const packed = text(deflateSync(pack(header, CODES)));
  assert.deepEqual((await decode(packed)).header.queries, ["<b>", "fuß", "狐"]);
});

test("another version and missing bytes are refused", () => {
  const later = { ...HEADER, version: 2 } as unknown as Header;
  assert.throws(() => parse(pack(later, CODES)), /version 2/);
  assert.throws(() => parse(pack(HEADER, CODES).subarray(0, -1)), /cut short/);
});

test("scores follow the codes, in thousandths", () => {
  const header = { ...HEADER, headScores: ["previous", "induction"] };
  const scores = planes([125, 980, 0xffff, 2000]);
  const bytes = Buffer.concat([pack(header, CODES), scores.high, scores.low]);
  assert.deepEqual(parse(bytes).scores, { previous: [0.125, 0.98], induction: [null, 2] });
});

test("heads are found by the order in the header", () => {
  const moved = Uint16Array.from([...CODES.slice(9), ...CODES.slice(0, 9)]);
  const model = sampled(parse(pack({ ...HEADER, order: [1, 0] }, moved)));
  assert.equal(model.code(0, 0, 1, 2), 447);
  assert.equal(model.code(0, 1, 2, 2), 334);
});

test("codes are found by layer, head, query and key", () => {
  const model = sampled(parse(pack(HEADER, CODES)));
  assert.equal(model.code(0, 0, 1, 2), 447);
  assert.equal(model.code(0, 1, 2, 2), 334);
  assert.equal(model.code(0, 1, 1, 2), MASKED);
});

test("text in base 85", () => {
  // The expected text is that of Python's `base64.b85encode`, in the letters of our alphabet.
  const samples: [string, number[]][] = [
    ["W@Z@P", [102, 111, 120, 32]],
    ["W@Z@PY5", [102, 111, 120, 32, 106]],
    ["W@Z@PYIO", [102, 111, 120, 32, 106, 117]],
    ["W@Z@PYISV", [102, 111, 120, 32, 106, 117, 109]],
    ["W@Z@PYISXJ", [102, 111, 120, 32, 106, 117, 109, 112]],
    ["_NsC0", [255, 255, 255, 255]],
    ["000000R", [0, 0, 0, 0, 1]],
  ];
  for (const [text, bytes] of samples) {
    assert.deepEqual([...bytesOf(`\n"${text}";\n`)], bytes);
    assert.deepEqual([...bytesOf(text)], bytes);
  }
});

test("tensors are four planes of bytes each", () => {
  const header: Header = {
    ...HEADER,
    tensors: [
      { name: "scale", shape: [1] },
      { name: "queries", shape: [1, 2, 1, 1] },
    ],
  };
  // 0.125 is 3e000000, 1.5 is 3fc00000 and -2 is c0000000. The least significant byte comes first.
  const planes = [0, 0, 0, 0x3e, ...[0, 0], ...[0, 0], ...[0xc0, 0], ...[0x3f, 0xc0]];
  const bytes = Buffer.concat([pack(header, CODES), Buffer.from(planes)]);
  const model = sampled(parse(bytes));
  assert.deepEqual([...model.tensor("scale")!.data], [0.125]);
  assert.deepEqual([...model.tensor("queries")!.data], [1.5, -2]);
  assert.deepEqual(model.tensor("queries")!.shape, [1, 2, 1, 1]);
  assert.equal(model.tensor("keys"), undefined);
  assert.equal(model.code(0, 1, 2, 2), 334);
  assert.throws(() => parse(bytes.subarray(0, -1)), /cut short/);
});

test("the first weight of a row is read from the remainder of its sum", () => {
  const M = 1001;
  // The Python tests write the same rows.
  const rows = [2 + 8, 250, 249, M, 250, 249, M - 247 + 8, 250, M];
  const header: Header = { ...HEADER, shape: [1, 1, 3, 3], heads: ["3"], remainders: 8 };
  const { code } = sampled({ header, ...planes(Uint16Array.from(rows)), scores: {}, rest: new Uint8Array() });
  const read = [0, 1, 2].map((query) => [0, 1, 2].map((key) => code(0, 0, query, key)));
  assert.deepEqual(read, [[503, 250, 249], [MASKED, 250, 249], [503, 250, MASKED]]);
});

test("a difference of 0.001 is no masked key", () => {
  const header: Header = { ...HEADER, shape: [1, 1, 1, 3], heads: ["3"], queries: ["a"], signed: true };
  const { code } = sampled({ header, ...planes([1001, 2001, 0]), scores: {}, rest: new Uint8Array() });
  assert.deepEqual([0, 1, 2].map((key) => code(0, 0, 0, key)), [1, MASKED, -1000]);
});
