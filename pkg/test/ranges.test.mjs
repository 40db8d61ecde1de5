// tests/ranges.json is what both sides, this one and that of Rust, are held to.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { fingerprint, nameBeside, placeOf, read, start, write } from "../src/partial.js";
import { given, validator } from "../src/ranges.js";

const cases = JSON.parse(await readFile(new URL("../../tests/ranges.json", import.meta.url), "utf8"));

test("only what tells every byte is a validator", () => {
  for (const [fields, expected] of cases.validator) assert.equal(validator(new Headers(fields)), expected, JSON.stringify(fields));
  const twice = new Headers([["etag", '"a"'], ["etag", '"b"']]);
  assert.equal(validator(twice), null);
});

test("an answer gives what the cases say", () => {
  for (const [asked, status, fields, expected] of cases.given) {
    const { what, wrong, to, total } = given(asked, { status, headers: new Headers(fields) });
    const found = wrong !== undefined ? { wrong } : what === "part" ? { part: { to, total } } : what;
    assert.deepEqual(found, expected, JSON.stringify([asked, status, fields]));
  }
});

test("a file is known by its URL without what signs one request", () => {
  for (const [url, place, hash] of cases.places) assert.deepEqual([placeOf(url), fingerprint(url)], [place, hash], url);
});

test("the files beside are named as the cases say", () => {
  for (const [name, ending, beside] of cases.names) assert.equal(nameBeside(name, ending), beside, name);
});

test("what stands beside a part is written and read as the cases say", () => {
  for (const [known, text] of cases.state) {
    assert.deepEqual(read(text), known);
    if (known.done === null) assert.equal(write(known), text);
  }
  const old = 'dualfetch part 1\nfrom c43bfb9714c54560 4d8facef652e19fc\ntag "a"\ntotal 7\n';
  for (const text of [...cases.noState, old]) assert.equal(read(text), null, text);
});

test("a part in pieces is gone on with behind the first of them", () => {
  const known = (done, total = 10) => ({ done, total });
  for (const [state, length, at] of [
    [known(null), 5, 5],
    [known(null), 11, 0],
    [known(null, null), 11, 11],
    [known([[0, 5], [7, 9]]), 10, 5],
    [known([[7, 9]]), 10, 0],
    [known([[0, 5]]), 4, 0],
    [known([]), 10, 0],
  ]) {
    assert.equal(start(state, length), at, JSON.stringify([state, length]));
  }
});
