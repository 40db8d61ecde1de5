import assert from "node:assert/strict";
import { test } from "node:test";

import { Session } from "dualfetch";
import { Session as CoreSession } from "dualfetch/core";

const answer = (bytes, type) => async () => new Response(new Uint8Array(bytes), { headers: { "content-type": type } });
const latin = [0x3c, 0x70, 0x3e, 0x6e, 0x61, 0xef, 0x76, 0x65];
const shiftJis = [0x83, 0x65, 0x83, 0x58, 0x83, 0x67];

test("a body in another encoding than UTF-8 is read by the encodings' own build", async () => {
  for (const Class of [Session, CoreSession]) {
    const read = async (bytes, type) => {
      const response = await new Class({ fetch: answer(bytes, type) }).get("http://a.example/");
      return [await response.text(), response.encoding, response.encodingSource];
    };
    assert.deepEqual(await read(latin, "text/html; charset=iso-8859-1"), ["<p>naïve", "windows-1252", "content-type"]);
    assert.deepEqual(await read(shiftJis, "text/plain; charset=shift_jis"), ["テスト", "Shift_JIS", "content-type"]);
    assert.deepEqual(await read([0xc3, 0xbc], "text/plain"), ["ü", "UTF-8", "utf-8"]);
  }
});

test("a title in another encoding, named late in the page", async () => {
  const page = [..."<title>"].map((c) => c.charCodeAt(0)).concat(shiftJis, [..."</title>"].map((c) => c.charCodeAt(0)));
  const session = new Session({ fetch: answer(page, "text/html; charset=shift_jis") });
  const { title, encoding } = await session.title("http://a.example/");
  assert.deepEqual([title, encoding], ["テスト", "Shift_JIS"]);
});
