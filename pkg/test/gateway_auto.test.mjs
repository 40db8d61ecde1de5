// A gateway that is used where a page is told nothing of why a request fails. What a page is told is what the `fetch` here
// rejects with.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, beforeEach, test } from "node:test";

import { Session } from "dualfetch";

import { fakes } from "./fake.mjs";
import { gateway, problem } from "./gateway.mjs";
import { gate as holding, serve, until } from "./server.mjs";

const KEY = "df_not-to-be-seen";
const PAGE = "https://page.example";
const CLOSED = "http://closed.example";
const OPEN = "http://open.example";
const OPAQUE = "Failed to fetch";

let target, gate;
/** What was asked for: `direct` of the targets, and with which fields, `gateway` of the gateway. */
let asked;
/** Takes away what tells a page from Node. */
let unbecomePage;
/** Which origins a page may not read. */
let closed;

before(async () => {
  becomePage();
  target = await serve({
    "/": (response) => response.writeHead(200, { "content-type": "text/html" }).end("<title>A title</title>"),
  });
  gate = await gateway();
});
after(async () => {
  unbecomePage();
  await gate.close();
  await target.close();
});
beforeEach(() => {
  [asked, closed] = [{ direct: [], gateway: [] }, [CLOSED]];
  gate.next.length = 0;
});

/** Makes this look like a page to the package. */
function becomePage() {
  const globals = { location: new URL(`${PAGE}/app/`), navigator: { userAgent: "Mozilla/5.0" }, Window: class Window {} };
  const before = Object.fromEntries(Object.keys(globals).map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)]));
  for (const [name, value] of Object.entries(globals)) Object.defineProperty(globalThis, name, { value, configurable: true });
  unbecomePage = () => {
    for (const [name, own] of Object.entries(before)) {
      delete globalThis[name];
      if (own !== undefined) Object.defineProperty(globalThis, name, own);
    }
  };
}

/** What a page's `fetch` does. */
const fetch = async (url, init) => {
  const { origin, pathname, search } = new URL(url);
  if (pathname === "/fetch") {
    asked.gateway.push({ url, init });
    const to = new URL(search, `${gate.url}/fetch`);
    const inner = new URL(to.searchParams.get("url"));
    to.searchParams.set("url", new URL(inner.pathname, target.url).href);
    const answer = await globalThis.fetch(to, init);
    const headers = new Headers(answer.headers);
    if (headers.has("dualfetch-url")) headers.set("dualfetch-url", inner.href);
    return new Response(answer.body, { status: answer.status, headers });
  }
  asked.direct.push({ url, init });
  if (closed.includes(origin)) throw new TypeError(OPAQUE);
  return globalThis.fetch(new URL(pathname, target.url), init);
};
const making = (options) => new Session({ fetch, ...options });
const saying = (words) => (thrown) => thrown.code === "network" && thrown.message.includes(OPAQUE) && thrown.message.includes(words) && !thrown.message.includes(KEY);
const counts = () => [asked.direct.length, asked.gateway.length];

test("what can be had by itself is", async () => {
  const session = making({ gateway: "auto" });
  assert.equal(await (await session.get(OPEN)).text(), "<title>A title</title>");
  assert.deepEqual(counts(), [1, 0]);
});

test("what a page may not read is had through the gateway of its own origin, at once from then on", async () => {
  const session = making({ gateway: "auto" });
  const response = await session.get(`${CLOSED}/`);
  assert.deepEqual([response.url, response.attempts, await response.text()], [`${CLOSED}/`, 1, "<title>A title</title>"]);
  assert.equal(asked.gateway[0].url, `${PAGE}/fetch?url=${encodeURIComponent(`${CLOSED}/`)}&wrapped=true`);
  assert.deepEqual(counts(), [1, 1]);
  await session.head(`${CLOSED}/`);
  assert.equal((await session.title(`${CLOSED}/`)).title, "A title");
  assert.deepEqual(counts(), [1, 3]);
  // Another session learns it anew.
  const rows = [];
  for await (const { title, error } of making({ gateway: { auto: true } }).titles([OPEN, CLOSED])) rows.push([title, error]);
  assert.deepEqual(rows, [["A title", null], ["A title", null]]);
});

test("another gateway than the page's own may stand in", async () => {
  const session = making({ gateway: { url: "https://gateway.example/at/", auto: true, key: KEY } });
  // There is none at that path.
  await assert.rejects(session.get(CLOSED), { code: "proxy" });
  const own = making({ gateway: { url: "https://gateway.example", auto: true, key: KEY } });
  await own.get(CLOSED);
  assert.deepEqual(asked.gateway.map(({ url }) => new URL(url).origin), ["https://gateway.example"]);
});

test("the key goes to the gateway alone", async () => {
  const session = making({ gateway: { url: "auto", auto: true, key: KEY } });
  await session.get(OPEN);
  await session.get(CLOSED);
  const fields = (calls) => calls.map(({ init }) => new Headers(init.headers).get("authorization"));
  assert.deepEqual([fields(asked.direct), fields(asked.gateway)], [[null, null], [`Bearer ${KEY}`]]);
  gate.next.push((response) => problem(response, 403, { code: "denied", detail: "denied" }));
  const thrown = await session.get(CLOSED).catch((reason) => reason);
  assert.equal(thrown.code, "denied");
  assert.ok(!`${thrown.stack}${JSON.stringify(thrown)}`.includes(KEY));
});

test("a request that may have arrived is not sent a second time", async () => {
  const session = making({ gateway: "auto" });
  for (const verb of ["post", "put", "patch", "delete", "options"]) {
    await assert.rejects(session[verb](CLOSED), (thrown) => thrown.code === "network" && thrown.message.includes(OPAQUE), verb);
  }
  assert.deepEqual(counts(), [5, 0]);
  // Nor does it go there because others did.
  await session.get(CLOSED);
  await assert.rejects(session.post(CLOSED), { code: "network" });
  assert.deepEqual(counts(), [7, 1]);
});

test("what the gateway would not pass on stays away from it", async () => {
  const session = making({ gateway: "auto" });
  const own = [{ headers: { authorization: "x" } }, { auth: { bearer: "t" } }, { headers: { cookie: "a=b" } }, { credentials: "include" }, { mode: "same-origin" }];
  for (const options of own) await assert.rejects(session.get(CLOSED, options), saying("not sent through the gateway: "));
  assert.deepEqual(counts(), [own.length, 0]);
  await assert.rejects(session.get("http://user:pass@closed.example/"), { code: "network" });
  assert.equal(asked.gateway.length, 0);
});

test("a field that is no page's to send unasked keeps a request away from the gateway, and is named", async () => {
  const session = making({ gateway: "auto" });
  const secrets = [{ "x-api-key": "secret" }, { "X-Custom": "1" }, { accept: "a".repeat(129) }, { "content-language": "a;b(c" }, { range: "bytes=-5" }, { "if-none-match": '"1"' }];
  for (const headers of secrets) {
    const [name] = Object.keys(headers);
    await assert.rejects(session.get(CLOSED, { headers }), saying(`not sent through the gateway: headers.${name.toLowerCase()}`));
  }
  await session.get(CLOSED);
  // Nor do they go there because others did.
  for (const headers of secrets) await assert.rejects(session.get(CLOSED, { headers }), { code: "network" });
  assert.deepEqual(counts(), [2 * secrets.length + 1, 1]);
  const all = JSON.stringify(asked.gateway.map(({ init }) => [...new Headers(init.headers)]));
  assert.ok(!all.includes("secret") && !all.includes("x-"), all);
  await session.get(CLOSED, { headers: { accept: "text/html, */*;q=0.8", "accept-language": "de-DE, de;q=0.9", range: "bytes=5-" } });
  await session.get(CLOSED, { headers: { range: "bytes=5-", "if-range": '"1"', "last-event-id": "7" } });
  assert.equal(asked.gateway.length, 3);
});

test("a fault in a fetch of the caller's own sends nothing to the gateway", async () => {
  let calls = 0;
  const own = () => {
    calls += 1;
    return undefined.headers;
  };
  for (const fault of [own, async () => own()]) {
    await assert.rejects(new Session({ gateway: "auto", fetch: fault }).get(CLOSED), (thrown) => thrown.cause instanceof TypeError && !/gateway/.test(thrown.message));
  }
  assert.equal(calls, 2);
  for (const words of ["Failed to fetch", "Failed to fetch (closed.example)", "NetworkError when attempting to fetch resource.", "Load failed"]) {
    let sent = 0;
    const session = new Session({ gateway: "auto", fetch: async () => Promise.reject((sent++, new TypeError(words))) });
    await assert.rejects(session.get(CLOSED), { code: "network" });
    assert.equal(sent, 2, words);
  }
});

test("the platform's own fetch is taken at its word, whatever it is", async () => {
  const platforms = globalThis.fetch;
  const session = new Session({ gateway: "auto" });
  let sent = 0;
  globalThis.fetch = async () => Promise.reject((sent++, new TypeError("in words of its own")));
  try {
    await assert.rejects(session.get(CLOSED), /could not be reached/);
  } finally {
    globalThis.fetch = platforms;
  }
  assert.equal(sent, 2);
});

test("where there is no page nothing falls back, and nothing is refused for it", async () => {
  unbecomePage();
  try {
    const session = making({ gateway: { url: "https://gateway.example", auto: true, key: KEY } });
    await assert.rejects(session.get(CLOSED), (thrown) => thrown.code === "network" && !/gateway/.test(thrown.message));
    assert.deepEqual(counts(), [1, 0]);
    const integrity = `sha256-${createHash("sha256").update("<title>A title</title>").digest("base64")}`;
    assert.equal((await session.get(OPEN, { integrity, redirect: "manual", maxRedirects: 1 })).status, 200);
    // Whatever name the engine has for the option.
    await assert.rejects(session.get(OPEN, { integrity }), (thrown) => thrown.feature === "integrity" && /set followRedirects to false/.test(thrown.message));
  } finally {
    becomePage();
  }
});

test("over HTTP/1.1 a page's session has the connections that a browser has to one server, unless it says another limit", async () => {
  const most = async (options) => {
    const held = holding();
    const own = async (url) => {
      await held.passed;
      return new Response("x", { headers: { "dualfetch-url": new URL(url).searchParams.get("url") } });
    };
    const session = new Session({ fetch: own, ...options });
    const all = Array.from({ length: 12 }, (_, at) => session.get(`http://n${at}.example/`));
    await until(() => session.figures().inFlight + session.figures().waiting === 12);
    const { inFlight } = session.figures();
    held.open();
    await Promise.all(all);
    return inFlight;
  };
  assert.equal(await most({ gateway: "http://gateway.example" }), 6);
  assert.equal(await most({ gateway: "http://gateway.example", limit: 12 }), 12);
  assert.equal(await most({ gateway: "https://gateway.example" }), 12);
});

test("the page's own origin and the gateway's are asked by themselves", async () => {
  closed = [PAGE, "https://gateway.example"];
  const session = making({ gateway: { url: "https://gateway.example", auto: true } });
  for (const origin of closed) await assert.rejects(session.get(`${origin}/x`), { code: "network" });
  assert.deepEqual(counts(), [2, 0]);
});

test("a failure that says what it is stays what it is", async () => {
  const told = Object.assign(new TypeError("fetch failed"), { cause: Object.assign(new Error("no"), { code: "ECONNREFUSED" }) });
  for (const thrown of [told, new Error("not the platform's"), new DOMException("so", "SecurityError")]) {
    const session = new Session({ gateway: "auto", fetch: async () => Promise.reject(thrown) });
    await assert.rejects(session.get(CLOSED), (reason) => reason.cause === thrown && !/gateway/.test(reason.message));
  }
});

test("an aborted request does not go on to the gateway", async () => {
  const controller = new AbortController();
  const own = (url, init) => {
    if (new URL(url).pathname === "/fetch") return fetch(url, init);
    asked.direct.push({ url, init });
    return new Promise((_, reject) => init.signal.addEventListener("abort", () => reject(new TypeError(OPAQUE))));
  };
  const session = new Session({ gateway: "auto", fetch: own });
  const get = session.get(CLOSED, { signal: controller.signal });
  await until(() => asked.direct.length === 1);
  controller.abort("enough");
  await assert.rejects(get, (thrown) => thrown === "enough");
  // What would follow the rejection has had its turn once another request has come and gone.
  await making().get(OPEN);
  assert.equal(asked.gateway.length, 0);
});

test("where both ways fail, both are told", async () => {
  const session = making({ gateway: "auto" });
  gate.next.push((response) => problem(response, 502, { code: "dns", detail: "no such name", url: `${CLOSED}/`, attempts: 1 }));
  await assert.rejects(session.get(CLOSED), (thrown) => {
    assert.deepEqual([thrown.code, thrown.cause.message], ["dns", OPAQUE]);
    assert.match(thrown.message, /^no such name; by itself it failed, too: TypeError: Failed to fetch \(http:\/\/closed\.example\/\)$/);
    return true;
  });
  // What the gateway could not have is no reason to ask it at once the next time.
  await session.get(CLOSED);
  assert.deepEqual(counts(), [2, 2]);
  const offline = new Session({ gateway: "auto", fetch: async () => Promise.reject(new TypeError(OPAQUE)) });
  await assert.rejects(offline.get(CLOSED), (thrown) => {
    assert.equal(thrown.code, "network");
    assert.match(thrown.message, /the gateway https:\/\/page\.example could not be reached: TypeError: Failed to fetch; .*https:\/\/page\.example; by itself it failed, too/);
    return true;
  });
});

test("a page without a gateway is told so, and gets no other page", async () => {
  const session = making({ gateway: "auto" });
  gate.next.push((response) => response.writeHead(404, { "content-type": "text/html" }).end("<title>Not found</title>"));
  await assert.rejects(session.title(CLOSED), (thrown) => thrown.code === "proxy" && /no dualfetch gateway \(status 404/.test(thrown.message));
});

test("an origin is asked by itself again once the gateway has failed", async () => {
  const session = making({ gateway: "auto" });
  await session.get(CLOSED);
  gate.next.push((response) => problem(response, 502, { code: "connect" }));
  await assert.rejects(session.get(CLOSED), { code: "connect" });
  closed = [];
  await session.get(CLOSED);
  assert.deepEqual(counts(), [2, 2]);
});

test("no more than a thousand origins are remembered, the last ones", async () => {
  const name = (at) => `http://n${at}.example/`;
  let direct = 0;
  const own = async (url) => {
    const { pathname, searchParams } = new URL(url);
    if (pathname === "/fetch") return new Response("x", { headers: { "dualfetch-url": searchParams.get("url") } });
    direct += 1;
    throw new TypeError(OPAQUE);
  };
  const session = new Session({ gateway: "auto", fetch: own });
  for (let at = 0; at < 1001; at += 1) await session.get(name(at));
  assert.equal(direct, 1001);
  for (const at of [1000, 1]) await session.get(name(at));
  assert.equal(direct, 1001);
  await session.get(name(0));
  assert.equal(direct, 1002);
});

test("what is tried again goes both ways again", async () => {
  const session = making({ gateway: "auto", retry: { attempts: 2, backoff: 1 } });
  gate.next.push((response) => problem(response, 429, { code: "rate_limited", headers: { "retry-after": "0" } }));
  assert.equal((await session.get(CLOSED)).attempts, 2);
  assert.deepEqual(counts(), [2, 2]);
});

test("redirects are followed, whichever way is taken", async () => {
  const session = making({ gateway: "auto" });
  await assert.rejects(session.get(OPEN, { redirect: "manual" }), { code: "unsupported", feature: "redirect" });
  await assert.rejects(session.get(OPEN, { maxRedirects: 1 }), { code: "unsupported", feature: "maxRedirects" });
});

test("a WebSocket goes by itself", async () => {
  const WebSocket = fakes();
  const session = making({ gateway: "auto", WebSocket });
  const opening = session.websocket("ws://closed.example/");
  await until(() => WebSocket.made.length === 1);
  assert.equal(WebSocket.made[0].url, "ws://closed.example/");
  WebSocket.made[0].take({ open: true });
  const socket = await opening;
  const closing = socket.close();
  WebSocket.made[0].take({ close: { code: 1000, reason: "", wasClean: true } });
  await closing;
});

test("a gateway may be named by a path of the page's site", async () => {
  const session = making({ gateway: { url: "/", auto: true } });
  await session.get(CLOSED);
  assert.equal(new URL(asked.gateway[0].url).origin, PAGE);
});
