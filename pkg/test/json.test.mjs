// JSON by one's own functions, and problems (RFC 9457) that go with errors.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { isBodyError, isStatusError, Session } from "dualfetch";

import { serve } from "./server.mjs";

const PROBLEM = "Application/Problem+JSON; charset=utf-8";

let server;
before(async () => {
  const problem = (body, type = PROBLEM) => (response) => response.writeHead(402, { "content-type": type }).end(body);
  server = await serve({
    "/echo": (response, { body }) => response.writeHead(200, { "content-type": "application/json" }).end(body),
    "/day": (response) => response.writeHead(200, { "content-type": "application/json" }).end('\ufeff{"day":"2026-11-26"}'),
    "/problem": problem(
      '\ufeff{"type":"../credit?x#y","title":"Out of\\ncredit","status":403,"detail":"It costs 50.","instance":"urn:uuid:7","balance":30}',
    ),
    "/terminal": problem(String.raw`{"title":"\u001b[2Jgone\u009b","detail":"safe\u202Etxt.exe\u2066\u2028é\u007f"}`),
    "/odd": problem('{"type":1,"title":null,"status":"403","detail":["d"],"instance":{}}'),
    "/list": problem("[1]"),
    "/cut": problem('{"title":'),
    "/other": problem('{"title":"t"}', "application/json"),
    "/large": problem(JSON.stringify({ pad: "x".repeat(60 * 1024), title: "last" })),
    "/too-large": problem(JSON.stringify({ pad: "x".repeat(64 * 1024), title: "last" })),
  });
});
after(() => server.close());

const thrown = (path) =>
  new Session({ raiseForStatus: true }).get(server.url + path).then(
    () => assert.fail("no error"),
    (reason) => reason,
  );

test("a problem goes with the error of its status, and its words with the message", async () => {
  const error = await thrown("/problem");
  assert(isStatusError(error));
  assert.deepEqual(error.problem, {
    type: `${server.url}/credit?x#y`,
    title: "Out of\ncredit",
    status: 403,
    detail: "It costs 50.",
    instance: "urn:uuid:7",
    balance: 30,
  });
  assert.equal(error.message, `status 402: Out of credit: It costs 50. (${server.url}/problem)`);
  assert.match(error.body, /"balance":30/);
  assert.equal((await thrown("/large")).problem.title, "last");
});

test("the words of a problem are shown without what a terminal obeys", async () => {
  const error = await thrown("/terminal");
  const words = "\ufffd[2Jgone\ufffd: safe\ufffdtxt.exe\ufffd é\ufffd";
  assert.equal(error.message, `status 402: ${words} (${server.url}/terminal)`);
  assert.equal(error.problem.title, "\x1b[2Jgone\x9b", "what was sent is kept as it is");
});

test("members of a problem that are of another type count as left out", async () => {
  const error = await thrown("/odd");
  assert.deepEqual(error.problem, { type: "about:blank" });
  assert.match(error.message, /the body starts/);
});

test("what is no problem is none", async () => {
  for (const path of ["/list", "/cut", "/other", "/too-large"]) {
    const error = await thrown(path);
    assert.equal(error.problem, null, path);
    assert.match(error.message, /the body starts/, path);
  }
});

test("JSON is read and written by the functions that one gives, the nearest one first", async () => {
  const dated = (text) => JSON.parse(text, (name, value) => (name === "day" ? new Date(value) : value));
  const stringifyJson = (value) => JSON.stringify(value, (_, one) => (typeof one === "bigint" ? Number(one) : one));
  const session = new Session({ parseJson: dated, stringifyJson });
  assert((await (await session.get(`${server.url}/day`)).json()).day instanceof Date);
  assert.deepEqual(await (await session.post(`${server.url}/echo`, { json: [1n] })).json(), [1]);

  const extended = session.extend({ parseJson: () => "extended" });
  assert.equal(await (await extended.get(`${server.url}/day`)).json(), "extended");
  assert.equal(await (await extended.get(`${server.url}/day`, { parseJson: () => "call" })).json(), "call");
  assert.equal(await (await extended.get(`${server.url}/day`)).json({ parseJson: async () => "reader" }), "reader");
  assert.equal(await (await session.post(`${server.url}/echo`, { json: 1, stringifyJson: () => "2" })).json(), 2);
  for await (const { response } of extended.fetchAll([`${server.url}/day`, { url: `${server.url}/day`, parseJson: () => "extended" }])) {
    assert.equal(await response.json(), "extended");
  }
});

test("what such a function throws is told by its error", async () => {
  const session = new Session();
  const fault = new RangeError("not today");
  const fail = () => {
    throw fault;
  };
  const read = (await session.get(`${server.url}/day`)).json({ parseJson: fail });
  await assert.rejects(read, (error) => isBodyError(error) && error.code === "json" && error.cause === fault);
  const sent = session.post(`${server.url}/echo`, { json: 1, stringifyJson: fail });
  await assert.rejects(sent, (error) => error.code === "invalid_option" && error.option === "json" && error.cause === fault);
  await assert.rejects(session.post(`${server.url}/echo`, { json: 1, stringifyJson: () => 1 }), { code: "invalid_option", option: "json" });
  await assert.rejects(session.get(server.url, { parseJson: "text" }), { code: "invalid_option", option: "parseJson" });
});
