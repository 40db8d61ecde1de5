// A session whose requests go through `dualfetch serve` itself.
//
//   cargo build --features cli && scripts/package && node --test pkg/test/gateway_real.test.mjs
//
// DUALFETCH names the program (default: the debug build).

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { after, before, beforeEach, test } from "node:test";

import { isTimeoutError, Session } from "dualfetch";

import { realGateway } from "./real.mjs";
import { serve, until } from "./server.mjs";

let target, shut, gateway, session;
before(async () => {
  target = await serve({
    "/": (response) => response.writeHead(200, { "content-type": "text/html", "x-own": "1", "set-cookie": "a=b", "content-security-policy": "x" }).end("<title>A title</title>"),
    "/bare": (response) => response.writeHead(200).end("<title>Bare</title>"),
    "/echo": (response, asked) => {
      response.writeHead(200, { "content-type": "application/json", "x-method": asked.method });
      response.end(asked.method === "HEAD" ? undefined : JSON.stringify(asked));
    },
    "/redirect": (response) => response.writeHead(302, { location: "/?moved" }).end(),
    "/moved": (response) => response.writeHead(308, { location: "/echo" }).end(),
    "/nowhere": (response) => response.writeHead(302).end("nowhere"),
    "/log-in": (response) => response.writeHead(407, { "proxy-authenticate": "Basic" }).end("log in"),
    "/often": (response) => response.writeHead(429, { "retry-after": "3600" }).end("too often"),
    "/status/*": (response, { path }) => response.writeHead(Number(path.split("/")[2]), { "retry-after": "0" }).end("sorry"),
    "/drops": (response) => response.destroy(),
    "/loop": (response) => response.writeHead(302, { location: "/loop" }).end(),
    "/empty": (response) => response.writeHead(204).end(),
    "/same": (response) => response.writeHead(304, { etag: '"1"' }).end(),
    "/missing": (response) => response.writeHead(404, { "content-type": "text/plain" }).end("not here"),
    "/hanging": () => {},
    "/latin": (response) => response.writeHead(200, { "content-type": "text/html; charset=iso-8859-1" }).end(Buffer.from("<title>Gr\xfc\xdfe</title>", "latin1")),
    "/endless": (response) => {
      response.writeHead(200, { "content-type": "text/html" });
      response.write("<title>Endless</title>");
      const timer = setInterval(() => response.write("x".repeat(40_000)), 5);
      response.on("close", () => clearInterval(timer));
    },
    "/cut": (response) => {
      response.writeHead(200, { "content-type": "text/plain", "content-length": "100" });
      response.write("start", () => response.destroy());
    },
  });
  // A port that nobody listens at.
  const free = createServer().listen(0, "127.0.0.1");
  await new Promise((done) => free.on("listening", done));
  shut = `http://127.0.0.1:${free.address().port}/`;
  await new Promise((done) => free.close(done));
  gateway = await realGateway("--retries", "1");
  const { url, key } = gateway;
  session = new Session({ gateway: { url, key } });
});
after(async () => {
  session?.close();
  await target?.close();
  await gateway?.close();
});
beforeEach(() => {
  target.seen.length = 0;
});

test("responses are the target's", async () => {
  const response = await session.get(`${target.url}/redirect`, { headers: { "x-asked": "yes" } });
  assert.deepEqual([response.status, response.url, response.redirected, response.attempts], [200, `${target.url}/?moved`, true, 1]);
  assert.equal(await response.text(), "<title>A title</title>");
  const { headers, params } = target.seen.at(-1);
  assert.deepEqual([headers["x-asked"], headers.authorization, params.has("moved")], ["yes", undefined, true]);
  const known = ["connection", "content-length", "content-type", "date", "x-own"];
  assert.deepEqual([...response.headers.keys()].filter((name) => !known.includes(name)), []);
  for (const verb of ["post", "put", "patch", "delete"]) {
    const echoed = await (await session[verb](`${target.url}/echo?a=%26&b=ü`, { json: { a: 1 } })).json();
    assert.deepEqual([echoed.method, echoed.body, echoed.headers["content-type"], echoed.url], [verb.toUpperCase(), '{"a":1}', "application/json", "/echo?a=%26&b=%C3%BC"]);
  }
  assert.equal((await session.head(`${target.url}/echo`)).headers.get("x-method"), "HEAD");
  for (const [path, status] of [["/empty", 204], ["/same", 304]]) assert.equal((await session.get(`${target.url}${path}`)).status, status);
  await assert.rejects(session.get(`${target.url}/missing`, { raiseForStatus: true }), { code: "status", status: 404, body: "not here" });
});

test("titles are those that are had without it", async () => {
  const urls = ["/", "/bare", "/latin", "/redirect", "/missing", "/endless"].map((path) => target.url + path);
  const told = async (own) => {
    const rows = [];
    for await (const { url, finalUrl, status, title, titleSource, encoding, error } of own.titles(urls, { ordered: true })) {
      rows.push({ url, finalUrl, status, title, titleSource, encoding, error });
    }
    return rows;
  };
  assert.deepEqual(await told(session), await told(new Session()));
});

test("the target is asked as often as the session asks", async () => {
  const paths = ["/", "/missing", "/often", "/drops", ...[408, 425, 429, 500, 502, 503, 504].map((status) => `/status/${status}`)];
  for (const path of paths) {
    target.seen.length = 0;
    await session.get(target.url + path).catch(() => {});
    assert.equal(target.seen.length, 1, path);
  }
  for (const path of ["/drops", "/status/429", "/status/503"]) {
    target.seen.length = 0;
    const { attempts } = await session.get(target.url + path, { retry: { attempts: 3, backoff: 1 } }).catch((thrown) => thrown);
    assert.deepEqual([target.seen.length, attempts], [3, 3], path);
  }
});

test("what the target says of when to ask again comes at once", async () => {
  const response = await session.get(`${target.url}/often`);
  assert.deepEqual([response.status, response.headers.get("retry-after"), await response.text()], [429, "3600", "too often"]);
  assert.equal(target.seen.length, 1);
});

test("a body goes along with a redirect that asks for it", async () => {
  const echoed = await (await session.post(`${target.url}/moved`, { json: { a: "ü" } })).json();
  assert.deepEqual([echoed.method, echoed.path, echoed.body, echoed.headers["content-type"]], ["POST", "/echo", '{"a":"ü"}', "application/json"]);
});

test("a status that a client acts upon itself comes as what it is", async () => {
  for (const [path, status, text] of [["/nowhere", 302, "nowhere"], ["/log-in", 407, "log in"]]) {
    const response = await session.get(target.url + path);
    assert.deepEqual([response.status, response.ok, response.url, await response.text()], [status, false, target.url + path, text]);
    assert.equal(response.headers.get("dualfetch-status"), null);
  }
});

test("failures at the target have their own codes", async () => {
  await assert.rejects(session.get(shut), { code: "connect", name: "NetworkError", url: shut });
  await assert.rejects(session.get("http://nowhere.invalid/"), { code: "dns", name: "NetworkError", url: "http://nowhere.invalid/" });
  await assert.rejects(session.get("http://192.168.0.1/"), { code: "denied", name: "NetworkError", url: "http://192.168.0.1/" });
  await assert.rejects(session.get(`${target.url}/loop`), { code: "too_many_redirects", name: "RedirectError" });
  await assert.rejects(session.get(`${target.url}/hanging`, { timeout: 300 }), (thrown) => isTimeoutError(thrown) && thrown.phase === "total");
  await assert.rejects(async () => (await session.get(`${target.url}/cut`)).text(), { name: "NetworkError" });
});

test("what it refuses is of code proxy", async () => {
  const { url, key } = gateway;
  for (const wrong of [url, { url, key: `${key}x` }]) {
    const is = (thrown) => thrown.code === "proxy" && /unauthorized/.test(thrown.message) && !thrown.message.includes(key);
    await assert.rejects(new Session({ gateway: wrong }).get(target.url), is);
  }
  const elsewhere = new Session({ gateway: { url: `${url}/elsewhere`, key } });
  await assert.rejects(elsewhere.get(target.url), (thrown) => thrown.code === "proxy" && /not_found/.test(thrown.message));
  assert.equal(target.seen.length, 0);
});

test("who goes away frees the request at the target within a second", async () => {
  const response = await session.get(`${target.url}/endless`);
  await response.body.getReader().read();
  const controller = new AbortController();
  const hanging = session.get(`${target.url}/hanging`, { signal: controller.signal });
  await until(() => target.held.size === 2);
  const started = performance.now();
  response.cancel();
  controller.abort("enough");
  await assert.rejects(hanging, (thrown) => thrown === "enough");
  await until(() => target.held.size === 0);
  assert.ok(performance.now() - started < 1000);
});

test("what it strips is what the package refuses to send and does not show", async () => {
  const source = await readFile(new URL("../../src/gateway/headers.rs", import.meta.url), "utf8");
  const list = (name) => [...new RegExp(`const ${name}:[^=]*=\\s*\\[([^\\]]*)\\]`).exec(source)[1].matchAll(/"([^"]+)"/g)].map(([, field]) => field);
  const starts = ["STARTS_OF_CLIENT", "STARTS_OF_ORIGIN"].map((name) => list(name).map((start) => `${start}x`));
  assert.ok(starts.every((names) => names.length > 10));
  // Bodies are counted anew, by the platform.
  const own = [...list("HOP_BY_HOP"), ...list("OF_CLIENT"), ...starts[0], "x_real_ip"].filter((name) => name !== "content-length");
  for (const name of own) await assert.rejects(session.get(target.url, { headers: { [name]: "x" } }), { code: "unsupported", feature: `headers.${name}` }, name);
  const theirs = [...list("HOP_BY_HOP"), ...list("OF_ORIGIN"), ...starts[1]];
  const answer = { type: "basic", status: 200, url: "", headers: new Headers([...theirs.map((name) => [name, "x"]), ["dualfetch-url", target.url], ["x-own", "1"]]), body: null };
  const shown = await new Session({ gateway: gateway.url, fetch: async () => answer }).get(target.url);
  assert.deepEqual([...shown.headers.keys()], ["x-own"]);
});

test("a gateway that has ended is named", async () => {
  await gateway.close();
  await assert.rejects(session.get(target.url), (thrown) => thrown.code === "network" && thrown.message.includes(`the gateway ${gateway.url} could not be reached`));
});
