import assert from "node:assert/strict";
import { test } from "node:test";

import { InputError, isInputError, Session } from "dualfetch";

const fetch = async () => new Response("x");
const url = "http://a.example/";

const wrong = [
  ["limit", -1, 1.5, NaN, "7", 2 ** 40, {}],
  ["limitPerHost", -1, true],
  ["timeout", 0, -1, NaN, "1s", 1e308, true],
  ["followRedirects", 1, "yes", null],
  ["maxRedirects", -1, Infinity, 2 ** 32],
  ["maxBody", -1, 0.5, "1MB"],
  ["raiseForStatus", "yes"],
  ["retry", -1, "often"],
  ["headers", "a: b", 7, [["a"]], ["ab"]],
  ["mode", "navigate", 1],
  ["credentials", "all"],
  ["cache", "yes"],
  ["referrer", 1],
  ["referrerPolicy", "some"],
  ["integrity", {}],
  ["keepalive", 1],
  ["priority", 1, "urgent"],
];

test("a session's option of the wrong kind is named", () => {
  for (const [name, ...values] of [...wrong, ["fetch", "fetch", {}], ["rate", 0, 1.5, "10", true, { requests: 0 }, { per: 0 }, { per: null }, { every: 1 }]]) {
    for (const value of values) {
      assert.throws(
        () => new Session({ [name]: value }),
        (thrown) => isInputError(thrown) && thrown instanceof InputError && thrown.code === "invalid_option" && thrown.option.startsWith(name),
        `${name}: ${String(value)}`,
      );
    }
  }
});

test("a request's option of the wrong kind is named, and nothing is sent", async () => {
  let sent = 0;
  const session = new Session({ fetch: async () => ((sent += 1), new Response("x")) });
  const own = [
    ["method", 7, ""],
    ["signal", {}, "stop"],
    ["json", undefined, () => {}, 1n, Symbol("s")],
    ["body", {}, 7],
    ["params", null, 7, true, new Date(), () => {}, [["a"]], ["ab"], new Uint8Array(2)],
  ];
  for (const [name, ...values] of [...wrong.filter(([name]) => !name.startsWith("limit")), ...own]) {
    for (const value of values) {
      if (value === undefined) continue;
      const asked = session.request(url, { method: "POST", [name]: value });
      await assert.rejects(asked, (thrown) => thrown.code === "invalid_option" && thrown.option.startsWith(name), `${name}: ${String(value)}`);
    }
  }
  await assert.rejects(session.get(url, { body: "x" }), { code: "invalid_option", option: "body" });
  await assert.rejects(session.post(url, { body: "x", json: 1 }), { code: "invalid_option", option: "json" });
  assert.equal(sent, 0);
});

test("a parameter that is no plain value is named", async () => {
  const session = new Session({ fetch });
  for (const odd of [{}, { b: 1 }, [[1]], [{}], new Date(), new Map(), () => {}, Symbol("s"), /x/]) {
    for (const params of [{ a: 1, odd }, [["odd", odd]], new Map([["odd", odd]])]) {
      await assert.rejects(session.get(url, { params }), { code: "invalid_option", option: "params.odd" }, String(odd));
      assert.throws(() => session.titles([url], { params }), { code: "invalid_option", option: "params.odd" });
    }
  }
});

test("an option that there is not is named", async () => {
  const session = new Session({ fetch });
  assert.throws(() => new Session({ limt: 5 }), { code: "invalid_option", option: "limt" });
  assert.throws(() => new Session({ timeout: { totl: 5 } }), { code: "invalid_option", option: "timeout.totl" });
  assert.throws(() => new Session({ toString: 1 }), { code: "invalid_option", option: "toString" });
  assert.throws(() => new Session(7), { code: "invalid_option" });
  await assert.rejects(session.get(url, { limit: 5 }), { code: "invalid_option", option: "limit" });
  await assert.rejects(session.title(url, { ordered: true }), { code: "invalid_option", option: "ordered" });
  assert.throws(() => session.titles([url], { body: "x" }), { code: "invalid_option", option: "body" });
  assert.throws(() => session.titles(url), { code: "invalid_option", option: "urls" });
  assert.throws(() => session.fetchAll(undefined), { code: "invalid_option", option: "requests" });
});

test("what is undefined counts as left out, and null options as none", async () => {
  const session = new Session({ fetch, limit: undefined, timeout: undefined });
  assert.equal((await session.get(url, { timeout: undefined, signal: null })).status, 200);
  assert.equal((await session.get(url, null)).status, 200);
  assert.ok(new Session({ limit: Infinity, limitPerHost: null, maxBody: null, timeout: null, retry: null }));
});

test("a URL may be anything, and what is none is an error", async () => {
  const session = new Session({ fetch });
  for (const odd of ["", "no URL", "http://127.1/", "http://0x7f000001/", "http:\\\\2130706433/", "/path", undefined, null, 7, {}, Symbol("s"), [], "http://", "\ud800"]) {
    await assert.rejects(session.get(odd), (thrown) => thrown.code === "invalid_url", String(odd));
  }
  await assert.rejects(session.get("ftp://a.example/"), { code: "unsupported_scheme" });
});

test("a password is in no error", async () => {
  const session = new Session({ fetch: () => Promise.reject(new Error("no")) });
  await assert.rejects(session.get("http://user:secret@a.example/"), (thrown) => {
    assert.match(thrown.url, /^http:\/\/a\.example\/|user:\*\*\*@/);
    return !JSON.stringify(thrown).includes("secret");
  });
});

test("options are read once, when they are handed in", async () => {
  const headers = { "x-a": "1" };
  let seen;
  const session = new Session({ headers, fetch: async (_, init) => ((seen = new Headers(init.headers)), new Response("x")) });
  headers["x-a"] = "2";
  await session.get(url);
  assert.equal(seen.get("x-a"), "1");
});

test("a rate spaces the starts evenly", async () => {
  const starts = [];
  const session = new Session({
    rate: { requests: 2, per: 40 },
    fetch: async () => (starts.push(performance.now()), new Response("x")),
  });
  const from = performance.now();
  await Promise.all([1, 2, 3, 4].map((n) => session.get(`${url}${n}`)));
  assert.equal(starts.length, 4);
  starts.forEach((at, n) => assert.ok(at - from >= n * 20 - 1, `${n}: ${at - from} ms`));
});
