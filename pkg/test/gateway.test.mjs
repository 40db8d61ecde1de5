// A session whose requests go through a gateway. The gateway is one in Node, written to what `dualfetch serve` answers.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { inspect } from "node:util";

import { isInputError, isNetworkError, isRedirectError, isTimeoutError, isUnsupportedError, Session } from "dualfetch";

import { gateway, problem } from "./gateway.mjs";
import { serve, until } from "./server.mjs";

const KEY = "df_not-to-be-seen";
const CONTENT = Buffer.from("0123456789".repeat(20_000));

let target, gate, session;
before(async () => {
  target = await serve({
    "/": (response) => response.writeHead(200, { "content-type": "text/html", "x-own": "1", "set-cookie": "a=b" }).end("<title>A title</title>"),
    "/by-key": (response) => response.writeHead(200, { vary: "Authorization" }).end(),
    "/varied": (response) => response.writeHead(200, { vary: "Accept-Language, Origin", "referrer-policy": "origin" }).end(),
    "/bare": (response) => response.writeHead(200).end("<title>Bare</title>"),
    "/echo": (response, asked) => {
      response.writeHead(200, { "content-type": "application/json", "x-method": asked.method });
      response.end(asked.method === "HEAD" ? undefined : JSON.stringify(asked));
    },
    "/redirect": (response) => response.writeHead(302, { location: "/?moved" }).end(),
    "/empty": (response) => response.writeHead(204, { "x-own": "1" }).end(),
    "/nowhere": (response) => response.writeHead(302, { "x-own": "1" }).end("<title>Nowhere</title>"),
    "/same": (response) => response.writeHead(304, { etag: '"1"' }).end(),
    "/file": (response) => response.writeHead(200, { "content-type": "text/plain", "content-length": CONTENT.length }).end(CONTENT),
    "/endless": (response) => {
      response.writeHead(200, { "content-type": "text/html" });
      response.write("<title>Endless</title>");
      const timer = setInterval(() => response.write("x".repeat(40_000)), 5);
      response.on("close", () => clearInterval(timer));
    },
    "/events": (response) => response.writeHead(200, { "content-type": "text/event-stream" }).end("id: 1\ndata: one\n\ndata: two\n\n"),
    "/cut": (response) => {
      response.writeHead(200, { "content-type": "text/plain" });
      response.write("start", () => response.destroy());
    },
    "/missing": (response) => response.writeHead(404, { "content-type": "text/plain" }).end("not here"),
  });
  gate = await gateway({ key: KEY, path: "/behind/a/path" });
  session = new Session({ gateway: { url: `${gate.url}/`, key: KEY } });
});
after(async () => {
  session.close();
  await gate.close();
  await target.close();
});
beforeEach(() => {
  gate.asked.length = gate.next.length = target.seen.length = 0;
});

/** The next answer is the gateway's own. */
const answering = (status, more) => gate.next.push((response) => problem(response, status, more));

test("a request goes to the gateway, and its answer is the target's", async () => {
  const response = await session.get(`${target.url}/redirect?a=1&b=%26#part`, { headers: { "x-asked": "yes" } });
  const [asked] = gate.asked;
  assert.equal(asked.path, "/behind/a/path/fetch");
  assert.equal(asked.url, `${target.url}/redirect?a=1&b=%26`);
  assert.equal(asked.headers["x-asked"], "yes");
  assert.deepEqual([response.status, response.url, response.redirected], [200, `${target.url}/?moved#part`, true]);
  assert.equal(response.headers.get("x-own"), "1");
  assert.equal(response.headers.get("content-type"), "text/html");
  assert.equal(await response.text(), "<title>A title</title>");
});

test("what the gateway adds to an answer is not shown as the target's", async () => {
  const { headers } = await session.get(target.url);
  const known = ["content-length", "content-type", "date", "x-own"];
  assert.deepEqual([...headers.keys()].filter((name) => !known.includes(name)), []);
  assert.equal((await session.get(`${target.url}/bare`)).headers.get("content-type"), null);
  const varied = await session.get(`${target.url}/varied`);
  assert.deepEqual(["vary", "referrer-policy"].map((name) => varied.headers.get(name)), ["Accept-Language, Origin", "origin"]);
  const keyless = await gateway();
  const plain = new Session({ gateway: keyless.url });
  for (const own of [session, plain]) {
    assert.equal((await own.get(`${target.url}/by-key`)).headers.get("vary"), "Authorization");
    assert.equal((await own.get(target.url)).headers.get("vary"), null);
  }
  plain.close();
  await keyless.close();
  assert.equal(await session.title(`${target.url}/bare`).then(({ title }) => title), await new Session().title(`${target.url}/bare`).then(({ title }) => title));
});

test("methods and bodies go along", async () => {
  for (const verb of ["post", "put", "patch", "delete"]) {
    const { method, body, headers } = await (await session[verb](`${target.url}/echo`, { json: { a: 1 } })).json();
    assert.deepEqual([method, body, headers["content-type"]], [verb.toUpperCase(), '{"a":1}', "application/json"]);
  }
  const form = new FormData();
  form.append("name", "a value");
  const echoed = await (await session.post(`${target.url}/echo`, { body: form })).json();
  assert.match(echoed.headers["content-type"], /^multipart\/form-data; boundary=/);
  assert.match(echoed.body, /a value/);
});

test("answers without a body have none", async () => {
  const head = await session.head(`${target.url}/echo`);
  assert.deepEqual([head.headers.get("x-method"), await head.text()], ["HEAD", ""]);
  for (const [path, status] of [["/empty", 204], ["/same", 304]]) {
    const response = await session.get(`${target.url}${path}`);
    assert.deepEqual([response.status, response.body, await response.text()], [status, null, ""], path);
  }
});

test("a status that a browser acts upon itself comes as what it is", async () => {
  const response = await session.get(`${target.url}/nowhere`);
  assert.deepEqual([response.status, response.ok, response.url, response.headers.get("x-own")], [302, false, `${target.url}/nowhere`, "1"]);
  assert.equal(response.headers.get("dualfetch-status"), null);
  assert.equal(await response.text(), "<title>Nowhere</title>");
  for await (const { status, title, error } of session.titles([`${target.url}/nowhere`])) assert.deepEqual([status, title, error], [302, "Nowhere", null]);
  const told = (status) => gate.next.push((response) => response.writeHead(200, { "dualfetch-url": target.url, "dualfetch-status": status }).end("log in"));
  for (const status of [301, 303, 307, 308, 407]) {
    told(status);
    const wrapped = await session.get(target.url);
    assert.deepEqual([wrapped.status, wrapped.ok, await wrapped.text()], [status, false, "log in"]);
    told(status);
    const plain = await session.fetch(target.url);
    assert.deepEqual([plain instanceof Response, plain.status, plain.ok, await plain.text()], [true, status, false, "log in"]);
  }
  told(407);
  await assert.rejects(session.get(target.url, { raiseForStatus: true }), { code: "status", status: 407, body: "log in" });
  for (const status of ["", "42", "99999", "x"]) {
    told(status);
    assert.equal((await session.get(target.url)).status, 200);
  }
});

test("the fragment that was asked for stays", async () => {
  for (const path of ["/#part", "/bare#a%20b"]) assert.equal((await session.get(target.url + path)).url, target.url + path);
  gate.next.push((response) => response.writeHead(200, { "dualfetch-url": `${target.url}/#moved` }).end());
  assert.equal((await session.get(`${target.url}/#part`)).url, `${target.url}/#moved`);
});

test("titles, pages and lists go through it", async () => {
  const urls = [target.url, `${target.url}/redirect`, `${target.url}/endless`];
  const rows = [];
  for await (const row of session.titles(urls, { ordered: true })) rows.push([row.url, row.finalUrl, row.title, row.error]);
  assert.deepEqual(rows, [
    [urls[0], `${target.url}/`, "A title", null],
    [urls[1], `${target.url}/?moved`, "A title", null],
    [urls[2], urls[2], "Endless", null],
  ]);
  assert.equal((await session.page(target.url)).title, "A title");
  for await (const { response, error } of session.fetchAll(urls.slice(0, 2))) {
    assert.equal(error, null);
    assert.equal(await response.text(), "<title>A title</title>");
  }
  assert.equal(gate.asked.length, 6);
});

test("events, downloads and saved bodies go through it", async () => {
  const data = [];
  const source = session.eventSource(`${target.url}/events`, { maxAttempts: 1 });
  for await (const event of source) {
    data.push(event.data);
    if (data.length === 2) break;
  }
  assert.deepEqual(data, ["one", "two"]);
  const folder = await mkdtemp(join(tmpdir(), "dualfetch-gateway-"));
  try {
    await session.download(`${target.url}/file`, join(folder, "a"));
    await (await session.get(`${target.url}/file`)).save(join(folder, "b"));
    for (const name of ["a", "b"]) assert.deepEqual(await readFile(join(folder, name)), CONTENT);
  } finally {
    await rm(folder, { recursive: true });
  }
  assert.equal(gate.asked.length, 3);
});

test("fetch of a session goes through it", async () => {
  const response = await session.fetch(`${target.url}/redirect`);
  assert.ok(response instanceof Response);
  assert.deepEqual([response.url, response.redirected, await response.text()], [`${target.url}/?moved`, true, "<title>A title</title>"]);
  await assert.rejects(session.fetch(`${target.url}/redirect`, { redirect: "manual" }), { code: "unsupported", feature: "redirect" });
});

test("a body streams, and its end by the reader ends the request at the gateway and at the target", async () => {
  const response = await session.get(`${target.url}/endless`);
  const reader = response.body.getReader();
  await reader.read();
  assert.deepEqual([gate.open.size, target.held.size], [1, 1]);
  await reader.cancel();
  await until(() => gate.open.size === 0 && target.held.size === 0);
});

test("an abort ends the request at the gateway, with the signal's reason", async () => {
  gate.next.push(() => {});
  const controller = new AbortController();
  const asked = session.get(target.url, { signal: controller.signal });
  await until(() => gate.open.size === 1);
  controller.abort("enough");
  await assert.rejects(asked, (thrown) => thrown === "enough");
  await until(() => gate.open.size === 0);
});

test("a title ends the transfer of the page it is of", async () => {
  assert.equal((await session.title(`${target.url}/endless`, { drain: 0 })).title, "Endless");
  await until(() => gate.open.size === 0 && target.held.size === 0);
});

test("the session's own timeouts hold", async () => {
  gate.next.push(() => {});
  await assert.rejects(session.get(target.url, { timeout: 50 }), (thrown) => isTimeoutError(thrown) && thrown.phase === "total");
});

test("a body that is cut off is an error and no end", async () => {
  const response = await session.get(`${target.url}/cut`);
  await assert.rejects(response.text(), isNetworkError);
});

test("integrity holds for the target's bytes", async () => {
  const hash = (bytes) => `sha256-${createHash("sha256").update(bytes).digest("base64")}`;
  const response = await session.get(`${target.url}/file`, { integrity: hash(CONTENT) });
  assert.equal((await response.bytes()).length, CONTENT.length);
  await assert.rejects(session.get(`${target.url}/file`, { integrity: hash("other") }), (thrown) => isNetworkError(thrown) && /integrity/.test(thrown.message));
});

test("a failure at the target has the code, class, phase, URL and attempts that it has without a gateway", async () => {
  const url = `${target.url}/of-the-hop`;
  const passed = [
    "body_too_large BodyError", "connect NetworkError", "decode BodyError", "denied NetworkError", "disconnected NetworkError", "dns NetworkError",
    "headers_too_large NetworkError", "invalid_header InputError", "invalid_url InputError", "network NetworkError", "opaque NetworkError",
    "protocol NetworkError", "proxy NetworkError", "redirect RedirectError", "request_body RequestBodyError", "body_consumed RequestBodyError",
    "tls NetworkError", "too_many_redirects RedirectError", "unsupported_scheme InputError",
  ];
  for (const [code, name] of passed.map((one) => one.split(" "))) {
    answering(502, { code, detail: `why: it is ${code}`, url, attempts: 2 });
    await assert.rejects(session.get(target.url), { code, name, url, attempts: 2, phase: undefined, message: `why: it is ${code} (${url})` });
  }
  for (const phase of ["connect", "headers", "read", "total", "wall"]) {
    answering(504, { code: "timeout", phase, detail: `timed out: ${phase}`, url, attempts: 1 });
    await assert.rejects(session.get(target.url), { code: "timeout", name: "TimeoutError", phase, url, attempts: 1 });
  }
  answering(503, { code: "timeout", phase: "queue", detail: "timed out: queue", url, attempts: 0, headers: { "retry-after": "1" } });
  await assert.rejects(session.get(target.url), { code: "timeout", phase: "queue", url, attempts: 0 });
  assert.deepEqual([isRedirectError, isTimeoutError].map((is) => is(new Error())), [false, false]);
});

test("what the gateway itself refuses is of code proxy, in its words", async () => {
  const own = [
    [401, "unauthorized"], [403, "forbidden"], [404, "not_found"], [405, "method_not_allowed"], [413, "too_large"], [429, "rate_limited"], [500, "internal"],
    [503, "closed"], [508, "loop"], [400, "invalid_option"], [418, "of_a_later_version"],
  ];
  for (const [status, code] of own) {
    answering(status, { code, detail: `because of ${code}` });
    await assert.rejects(session.get(target.url), (thrown) => {
      assert.deepEqual([thrown.code, thrown.name, thrown.url], ["proxy", "NetworkError", `${target.url}/`]);
      assert.ok(thrown.message.includes(`${code}: because of ${code}`) && thrown.message.includes(gate.url), thrown.message);
      return true;
    });
  }
  // To HEAD the words are missing.
  answering(502, { code: "dns" });
  await assert.rejects(session.head(target.url), { code: "dns" });
});

test("rows have these errors, too", async () => {
  const again = () => answering(429, { code: "rate_limited", detail: "too often" });
  again();
  for await (const row of session.titles([target.url])) {
    assert.deepEqual([row.error.code, row.status, row.finalUrl, row.title, row.attempts], ["proxy", null, null, null, 1]);
  }
  again();
  for await (const row of session.fetchAll([target.url])) assert.deepEqual([row.error.code, row.response], ["proxy", null]);
  for (const options of [{}, { raiseForStatus: true }]) {
    again();
    await assert.rejects(session.title(target.url, options), { code: "proxy", url: `${target.url}/` });
  }
  for await (const row of session.titles([`${target.url}/missing`], { raiseForStatus: true })) {
    assert.deepEqual([row.error.code, row.error.status, row.error.attempts, row.status, row.finalUrl], ["status", 404, 1, 404, null]);
  }
  answering(403, { code: "denied", detail: "denied: no public address", attempts: 0 });
  for await (const row of session.titles([target.url])) assert.deepEqual([row.error.code, row.attempts], ["denied", 0]);
});

test("the status of the target's own answer is no error of the gateway's", async () => {
  const response = await session.get(`${target.url}/missing`);
  assert.deepEqual([response.status, await response.text()], [404, "not here"]);
  await assert.rejects(session.get(`${target.url}/missing`, { raiseForStatus: true }), { code: "status", status: 404, body: "not here" });
});

test("what may pass is tried again as without a gateway, and what may not is not", async () => {
  const retry = { attempts: 3, backoff: 1 };
  const passing = [
    [502, { code: "connect" }], [502, { code: "dns" }], [502, { code: "disconnected" }], [502, { code: "network" }],
    [504, { code: "timeout", phase: "connect" }], [504, { code: "timeout", phase: "headers" }],
    [429, { code: "rate_limited", headers: { "retry-after": "0" } }], [503, { code: "closed" }], [503, { code: "timeout", phase: "queue" }],
  ];
  for (const [status, more] of passing) {
    gate.asked.length = 0;
    answering(status, more);
    const response = await session.get(target.url, { retry });
    assert.deepEqual([response.status, response.attempts, gate.asked.length], [200, 2, 2], JSON.stringify(more));
  }
  const lasting = [
    [403, { code: "denied" }], [502, { code: "tls" }], [502, { code: "too_many_redirects" }], [504, { code: "timeout", phase: "total" }],
    [401, { code: "unauthorized" }], [508, { code: "loop" }], [429, { code: "rate_limited", headers: { "retry-after": "3600" } }],
  ];
  for (const [status, more] of lasting) {
    gate.asked.length = 0;
    answering(status, more);
    await assert.rejects(session.get(target.url, { retry }), `${more.code}`);
    assert.equal(gate.asked.length, 1, more.code);
    gate.next.length = 0;
  }
  gate.asked.length = 0;
  answering(502, { code: "connect" });
  await assert.rejects(session.post(target.url, { retry, body: "x" }), { code: "connect" });
  assert.equal(gate.asked.length, 1);
});

test("the gateway's Retry-After is waited for", async () => {
  answering(503, { code: "closed", headers: { "retry-after": "1" } });
  const started = performance.now();
  await session.get(target.url, { retry: { attempts: 2, backoff: 1 } });
  assert.ok(performance.now() - started >= 990);
});

test("attempts are counted on this side and at the gateway", async () => {
  for (let i = 0; i < 3; i += 1) answering(502, { code: "connect", attempts: 3 });
  await assert.rejects(session.get(target.url, { retry: { attempts: 3, backoff: 1 } }), { code: "connect", attempts: 5 });
});

test("an answer that no gateway gave is never taken for the page", async () => {
  const strangers = [
    (response) => response.writeHead(200, { "content-type": "text/html" }).end("<title>Please log in</title>"),
    (response) => response.writeHead(302, { location: `${target.url}/` }).end(),
    (response) => response.writeHead(404).end(),
    (response) => response.writeHead(502, { "content-type": "text/html" }).end("<title>Bad Gateway</title>"),
    (response) => response.writeHead(200, { "dualfetch-url": "no URL" }).end("x"),
  ];
  for (const answer of strangers) {
    for (const asking of [() => session.get(target.url), () => session.title(target.url)]) {
      gate.next.push(answer);
      await assert.rejects(asking(), (thrown) => thrown.code === "proxy" && thrown.message.includes(`${gate.url} is no dualfetch gateway`));
    }
  }
  assert.equal(target.seen.length, 0);
  // A server that stands before it is asked again, as it may be there soon.
  gate.next.push((response) => response.writeHead(502).end());
  assert.equal((await session.get(target.url, { retry: { attempts: 2, backoff: 1 } })).attempts, 2);
});

test("a gateway that cannot be reached is named", async () => {
  const cause = new TypeError("Failed to fetch");
  const own = new Session({ gateway: "http://gateway.example/", fetch: async () => Promise.reject(cause) });
  await assert.rejects(own.get(target.url), (thrown) => {
    assert.deepEqual([thrown.code, thrown.name, thrown.url, thrown.cause], ["network", "NetworkError", `${target.url}/`, cause]);
    assert.match(thrown.message, /the gateway http:\/\/gateway\.example could not be reached: TypeError: Failed to fetch/);
    return true;
  });
});

test("a fetch of the caller's own reaches the gateway", async () => {
  const seen = [];
  const fetch = (url, init) => (seen.push([url, init.redirect]), globalThis.fetch(url, init));
  const own = new Session({ gateway: { url: new URL(gate.url), key: KEY }, fetch });
  assert.equal(await (await own.get(target.url)).text(), "<title>A title</title>");
  assert.deepEqual(seen, [[`${gate.url}/fetch?url=${encodeURIComponent(`${target.url}/`)}&wrapped=true`, "manual"]]);
  const odd = new Session({ gateway: gate.url, fetch: async () => "no response" });
  await assert.rejects(odd.get(target.url), { code: "protocol" });
});

test("the key goes to the gateway alone, and is told nowhere", async () => {
  const { headers } = await (await session.get(`${target.url}/echo`)).json();
  assert.equal(gate.asked[0].headers.authorization, `Bearer ${KEY}`);
  assert.equal(headers.authorization, undefined);
  const wrong = new Session({ gateway: { url: gate.url, key: `${KEY}-wrong` } });
  const thrown = await wrong.get(target.url).catch((reason) => reason);
  assert.match(thrown.message, /unauthorized/);
  const shown = [session, wrong, thrown, session.extend({})].map((value) => inspect(value, { depth: 20, showHidden: true }));
  assert.ok(![...shown, JSON.stringify(thrown), JSON.stringify(session)].some((text) => text.includes(KEY)));
  for (const key of ["", "a b", "ä", 7, "a\n", {}]) {
    const bad = { url: gate.url, key };
    assert.throws(() => new Session({ gateway: bad }), (reason) => reason.option === "gateway.key" && (key === "" || !reason.message.includes(String(key))));
  }
});

test("the option is checked, and named", () => {
  const wrong = [
    [7, "gateway"], [true, "gateway"], ["", "gateway"], ["gateway.example", "gateway"], ["ftp://a.example", "gateway"], ["https://a.example/?a", "gateway"],
    ["https://a.example/#a", "gateway"], ["https://u:p@a.example/", "gateway"], [{}, "gateway"], [{ key: "k" }, "gateway"], [{ url: 7 }, "gateway.url"],
    [{ url: "/" }, "gateway.url"], [{ url: "https://a.example", auto: "yes" }, "gateway.auto"], [{ uri: "https://a.example" }, "gateway.uri"],
    // There is no page here.
    ["auto", "gateway"], [{ auto: true }, "gateway"],
  ];
  for (const [value, option] of wrong) {
    assert.throws(() => new Session({ gateway: value }), (thrown) => isInputError(thrown) && thrown.code === "invalid_option" && thrown.option === option, inspect(value));
  }
  assert.throws(() => new Session({ gateway: "https://u:hush@a.example/" }), (thrown) => !thrown.message.includes("hush"));
  assert.throws(() => session.extend({ gateway: "https://a.example" }), { code: "invalid_option", option: "gateway" });
  new Session({ gateway: null }).close();
});

test("what a gateway cannot do is refused by name, before anything is sent", async () => {
  const refused = [
    [{ auth: { bearer: "t" } }, "auth"], [{ auth: { user: "u" } }, "auth"], [{ headers: { Authorization: "x" } }, "headers.authorization"],
    [{ headers: { cookie: "a=b" } }, "headers.cookie"], [{ headers: { "X-Forwarded-For": "1.2.3.4" } }, "headers.x-forwarded-for"],
    [{ headers: { referer: "http://a.example" } }, "headers.referer"], [{ headers: { "x-request-id": "1" } }, "headers.x-request-id"],
    [{ userAgent: "x" }, "userAgent"], [{ headers: { "user-agent": "x" } }, "headers.user-agent"],
    [{ headers: { "user-agent": "dualfetch/9" } }, "headers.user-agent"], [{ headers: { "x-request-id": "dualfetch/9" } }, "headers.x-request-id"],
    [{ headers: { "dualfetch-url": "x" } }, "headers.dualfetch-url"], [{ headers: { "proxy-authorization": "x" } }, "headers.proxy-authorization"],
    [{ credentials: "include" }, "credentials"], [{ mode: "no-cors" }, "mode"], [{ mode: "same-origin" }, "mode"], [{ cache: "only-if-cached" }, "cache"],
    [{ referrer: "http://a.example/" }, "referrer"], [{ redirect: "manual" }, "redirect"], [{ redirect: () => "follow" }, "redirect"],
    [{ followRedirects: false }, "redirect"], [{ maxRedirects: 3 }, "maxRedirects"],
  ];
  for (const [options, feature] of refused) {
    const is = (thrown) => isUnsupportedError(thrown) && thrown.feature === feature && /gateway/.test(thrown.message);
    await assert.rejects(session.get(target.url, options), is, feature);
    assert.throws(() => new Session({ gateway: gate.url, ...options }), is, feature);
    assert.throws(() => session.extend(options), is, feature);
    assert.throws(() => session.titles([target.url], options), is, feature);
  }
  await assert.rejects(session.options(target.url), { code: "unsupported", feature: "method" });
  await assert.rejects(session.request(target.url, { method: "propfind" }), { code: "unsupported", feature: "method" });
  const named = target.url.replace("//", "//user:hush@");
  const isNamed = (thrown) => isUnsupportedError(thrown) && thrown.feature === "auth" && /user and password/.test(thrown.message) && !thrown.message.includes("hush");
  for (const asking of [() => session.get(named), () => session.title(named)]) await assert.rejects(asking(), isNamed);
  for (const rows of [session.titles([named]), session.fetchAll([named])]) for await (const { error } of rows) assert.ok(isNamed(error), `${error}`);
  const led = session.extend({ hooks: { beforeRequest: [({ request }) => void (request.url = named)] } });
  await assert.rejects(led.get(target.url), isNamed);
  await assert.rejects(session.websocket(target.url), { code: "unsupported", feature: "websocket" });
  const hooked = session.extend({ hooks: { beforeRequest: [({ request }) => request.headers.set("authorization", "x")] } });
  await assert.rejects(hooked.get(target.url), { code: "unsupported", feature: "headers.authorization" });
  assert.deepEqual([gate.asked.length, target.seen.length], [0, 0]);
  await session.get(target.url, { credentials: "omit", mode: "cors", referrer: "", referrerPolicy: "no-referrer", cache: "no-store", redirect: "follow", auth: null });
  assert.equal(gate.asked.length, 1);
});
