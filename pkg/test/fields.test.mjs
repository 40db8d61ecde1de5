// tests/fields.json is what tests/fields.rs holds the Rust side to.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { promisify } from "node:util";

import { contentDisposition, links, mediaType, safeFileName } from "../src/fields.js";

const cases = JSON.parse(await readFile(new URL("../../tests/fields.json", import.meta.url), "utf8"));
const base = "https://a.example/dir/page?x=1#frag";

test("Content-Disposition is read as in Rust", () => {
  for (const [value, type, isAttachment, fileName] of cases.contentDisposition) {
    const told = contentDisposition(value);
    assert.deepEqual([told.type, told.isAttachment, told.fileName], [type, isAttachment, fileName], value);
  }
  assert.equal(contentDisposition("form-data; name=x; name=y").parameters.name, "x");
  assert.equal(contentDisposition("attachment").parameters.toString, undefined);
});

test("a file name is made safe as in Rust", () => {
  for (const [given, safe] of cases.safeFileName) assert.equal(safeFileName(given), safe, JSON.stringify(given));
});

test("Link is read as in Rust", () => {
  for (const [field, expected] of cases.links) {
    const told = links(field, base).map(({ url, rels, anchor, title }) => [url, rels, anchor, title]);
    assert.deepEqual(told, expected, field);
  }
  assert.equal(links("<a>; rel=x,".repeat(10_000), base).length, 256);
  assert.equal(links("<a>; rel=x; hreflang=de; hreflang=fr", base)[0].parameters.hreflang, "de");
});

test("Content-Type is read as in Rust", () => {
  for (const [header, essence, charset] of cases.mediaType) {
    const told = mediaType(header);
    assert.deepEqual([told?.essence ?? "", told?.charset ?? null], [essence, charset], header);
  }
});

test("no field takes long", () => {
  for (const part of ["<a,", '<a;b="c,', "a;b,", '\\"', "<a>;b*=c''%", '"', ";a", "/", ",", "a/b;c=\"\\"]) {
    const long = part.repeat(20_000);
    links(long, base);
    contentDisposition(long);
    mediaType(long);
    safeFileName(long);
  }
});

test("no run of spaces within a field takes the square of its length", async () => {
  const code = `
    import { contentDisposition, links, mediaType, safeFileName } from "../src/fields.js";
    const long = " ".repeat(1 << 20);
    for (const [start, end] of [["a", "b"], ["a;b", "c=d"], ["a;b=c", "d"], ["a/b", "c"], ["a/b;c=d", "e"], ["<a", "b>;c"], ["<a>;b=c", "d"]]) {
      for (const read of [links, contentDisposition, mediaType, safeFileName]) read(start + long + end, "https://a.example/");
    }`;
  // By its square it is minutes.
  await promisify(execFile)(process.execPath, ["--input-type=module", "-e", code], { timeout: 60_000, cwd: new URL(".", import.meta.url) });
});
