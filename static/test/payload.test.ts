import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync } from "node:zlib";
import { modelOf } from "../src/model";
import { decode, type Header, parse } from "../src/payload";
import { CODES, HEADER, planes } from "./sample";

function pack(header: Header, codes: Uint16Array): Buffer {
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  const { high, low } = planes(codes);
  return Buffer.concat([length, text, high, low]);
}

test("what was packed comes back", async () => {
  const packed = deflateSync(pack(HEADER, CODES), { level: 9 }).toString("base64");
  const { header, high, low } = await decode(packed);
  assert.deepEqual(header, HEADER);
  assert.deepEqual([...high].map((byte, i) => byte * 256 + low[i]!), [...CODES]);
});

test("white space and quotes round the text are no matter", async () => {
  const packed = deflateSync(pack(HEADER, CODES)).toString("base64");
  assert.equal((await decode(`\n"${packed}";\n`)).low.length, CODES.length);
});

test("tokens beyond ASCII", async () => {
  const header = { ...HEADER, queries: ["<b>", "fuß", "狐"] };
  const packed = deflateSync(pack(header, CODES)).toString("base64");
  assert.deepEqual((await decode(packed)).header.queries, ["<b>", "fuß", "狐"]);
});

test("another version and missing bytes are refused", () => {
  const later = { ...HEADER, version: 2 } as unknown as Header;
  assert.throws(() => parse(pack(later, CODES)), /version 2/);
  assert.throws(() => parse(pack(HEADER, CODES).subarray(0, -1)), /cut short/);
});

test("codes are found by layer, head, query and key", () => {
  const model = modelOf(parse(pack(HEADER, CODES)));
  assert.equal(model.code(0, 0, 1, 2), 447);
  assert.equal(model.code(0, 1, 2, 2), 334);
  assert.equal(model.code(0, 1, 1, 2), 1001);
});
