// Hooks, middleware, and sessions that extend another.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { isClosedError, isStatusError, Session, SessionRequest, SessionResponse } from "dualfetch";

import { serve, until } from "./server.mjs";

let server;
before(async () => {
  server = await serve({
    "/echo": (response, asked) => response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(asked)),
    "/title": (response, asked) => response.writeHead(200, { "content-type": "text/html" }).end(`<title>${asked.headers["x-hook"]}</title>`),
    "/teapot": (response) => response.writeHead(418).end("short and stout"),
    "/hang": () => {},
    "/endless": (response) => response.writeHead(200).write("start"),
  });
});
after(() => server.close());

const url = (path) => server.url + path;

test("beforeRequest changes the request: method, URL, header fields and body", async () => {
  const seen = [];
  const hook = async ({ request, options }) => {
    assert.ok(request instanceof SessionRequest);
    assert.equal(request.options, options);
    seen.push([request.method, request.url, request.headers.get("x-own"), request.headers.get("x-session"), request.body, options.timeout]);
    request.method = "put";
    request.url = new URL(`${request.url}?signed=1`);
    request.headers.set("x-hook", "yes");
    request.body = new Uint8Array([65, 66]);
  };
  const session = new Session({ baseUrl: server.url, headers: { "x-session": "1" }, hooks: { beforeRequest: [hook] } });
  const response = await session.post("echo", { body: "x", headers: { "x-own": "2" }, params: { a: 1 }, timeout: 5000 });
  const { method, url, headers, body } = await response.json();
  assert.deepEqual(seen, [["POST", `${server.url}/echo?a=1`, "2", null, "x", 5000]]);
  assert.deepEqual([method, url, body], ["PUT", "/echo?a=1?signed=1", "AB"]);
  assert.deepEqual([headers["x-hook"], headers["x-own"], headers["x-session"], headers["content-type"]], ["yes", "2", "1", "text/plain;charset=UTF-8"]);
});

test("a beforeRequest that gives a response ends the request there, and afterResponse sees it", async () => {
  const from = server.seen.length;
  const after = [];
  const session = new Session({
    hooks: {
      beforeRequest: [() => new Response("made by hand \xfc", { status: 201, headers: { "x-made": "1" } }), () => assert.fail("not asked")],
      afterResponse: [({ response }) => void after.push(response.status)],
    },
  });
  const response = await session.get(url("/echo"));
  assert.ok(response instanceof SessionResponse);
  assert.deepEqual([response.status, response.ok, response.url, response.headers.get("x-made")], [201, true, url("/echo"), "1"]);
  assert.equal(await response.text(), "made by hand ü");
  assert.deepEqual(after, [201]);
  assert.equal(server.seen.length, from);
  const streamed = await session.get(url("/echo"));
  assert.deepEqual((await Array.fromAsync?.(streamed.blocks(4)) ?? []).length, Array.fromAsync ? 4 : 0);
});

test("afterResponse sees a status before it is an error, and may put another response in its place", async () => {
  const seen = [];
  const session = new Session({
    raiseForStatus: true,
    hooks: { afterResponse: [async ({ request, response }) => void seen.push([request.url, response.status])] },
  });
  await assert.rejects(session.get(url("/teapot")), (thrown) => isStatusError(thrown) && thrown.status === 418);
  assert.deepEqual(seen, [[url("/teapot"), 418]]);
  const instead = await session.get(url("/teapot"), { hooks: { afterResponse: [() => new Response("fine")] } });
  assert.equal(await instead.text(), "fine");
});

test("beforeError may change what is thrown, and is not asked about the caller's own abort", async () => {
  const seen = [];
  const hooks = { beforeError: [({ error, request }) => (seen.push([error.code, request.url]), new Error(`seen: ${error.code}`))] };
  const session = new Session({ hooks });
  await assert.rejects(session.get(url("/teapot"), { raiseForStatus: true }), { message: "seen: status" });
  const same = session.get(url("/teapot"), { raiseForStatus: true, hooks: { beforeError: [() => undefined] } });
  await assert.rejects(same, { message: "seen: status" });
  const reason = new Error("enough");
  const controller = new AbortController();
  const hanging = session.get(url("/hang"), { signal: controller.signal });
  controller.abort(reason);
  await assert.rejects(hanging, reason);
  assert.equal(seen.length, 2);
});

test("hooks run a session's first, then a request's", async () => {
  const order = [];
  const hook = (name) => ({ beforeRequest: [() => void order.push(`${name} before`)], afterResponse: [() => void order.push(`${name} after`)] });
  const session = new Session({ hooks: hook("session") }).extend({ hooks: hook("extended") });
  await session.get(url("/echo"), { hooks: hook("request") });
  assert.deepEqual(order, ["session before", "extended before", "request before", "session after", "extended after", "request after"]);
});

test("middleware stands around the call, a session's outside of a request's, and may ask again", async () => {
  const order = [];
  const named = (name) => async (request, next) => {
    order.push(`${name} in`);
    const response = await next(request);
    order.push(`${name} out`);
    return response;
  };
  const again = async (request, next) => {
    const first = await next(request);
    if (first.status !== 418) return first;
    first.cancel();
    request.url = url("/echo");
    return next(request);
  };
  const session = new Session({ middleware: [named("one"), again] });
  const hooks = { beforeRequest: [() => void order.push("hook")] };
  const response = await session.get(url("/teapot"), { middleware: named("own"), hooks });
  assert.equal(response.status, 200);
  assert.deepEqual(order, ["one in", "own in", "hook", "own out", "own in", "hook", "own out", "one out"]);
  const made = await new Session({ middleware: async () => new Response("none") }).get(url("/echo"));
  assert.equal(await made.text(), "none");
  const seen = [];
  const looking = async (request, next) => {
    const response = await next(request);
    seen.push(response.status);
    return response;
  };
  await assert.rejects(new Session({ middleware: looking, raiseForStatus: true }).get(url("/teapot")), (thrown) => thrown.body === "short and stout");
  assert.deepEqual(seen, [418], "before it is an error");
  await assert.rejects(new Session({ middleware: (request, next) => next(request) }).get(url("/teapot"), { raiseForStatus: true }), isStatusError);
});

test("what a hook or middleware gives in the wrong kind is named; what it throws is thrown", async () => {
  const get = (options) => new Session(options).get(url("/echo"));
  await assert.rejects(get({ middleware: () => 7 }), { code: "invalid_option", option: "middleware" });
  await assert.rejects(get({ middleware: (_, next) => next("x") }), { code: "invalid_option", option: "middleware" });
  await assert.rejects(get({ hooks: { beforeRequest: [() => "x"] } }), { code: "invalid_option", option: "hooks.beforeRequest" });
  await assert.rejects(get({ hooks: { afterResponse: [() => null] } }), { code: "invalid_option", option: "hooks.afterResponse" });
  await assert.rejects(get({ hooks: { beforeRequest: [({ request }) => void (request.body = "x")] } }), { code: "invalid_option", option: "body" });
  const mine = new Error("mine");
  await assert.rejects(get({ middleware: () => Promise.reject(mine) }), mine);
  for (const [name, ...values] of [["hooks", 7, null, { beforeRequest: () => {} }, { beforeRequest: [7] }, { init: [] }], ["middleware", 7, null, [7], "x"]]) {
    for (const value of values) {
      assert.throws(() => new Session({ [name]: value }), (thrown) => thrown.code === "invalid_option" && thrown.option.startsWith(name), `${name}`);
    }
  }
  assert.throws(() => new Session({ hooks: { beforeRetry: [() => {}] } }), { name: "UnsupportedError", feature: "hooks.beforeRetry" });
});

test("an abort and a close end a call that a hook or middleware holds", async () => {
  const never = () => new Promise(() => {});
  for (const options of [{ middleware: never }, { hooks: { beforeRequest: [never] } }, { hooks: { afterResponse: [never] } }]) {
    const session = new Session(options);
    const reason = new Error("enough");
    const controller = new AbortController();
    const held = session.get(url("/echo"), { signal: controller.signal });
    controller.abort(reason);
    await assert.rejects(held, reason);
    const closed = session.get(url("/echo"));
    session.close();
    await assert.rejects(closed, isClosedError);
  }
});

test("titles, pages and lists run beforeRequest, and refuse by name what they cannot run", async () => {
  const session = new Session({ hooks: { beforeRequest: [async ({ request }) => request.headers.set("x-hook", "seen")] } });
  assert.equal((await session.title(url("/title"))).title, "seen");
  for await (const row of session.titles([url("/title")])) assert.deepEqual([row.title, row.url], ["seen", url("/title")]);
  for await (const row of session.fetchAll([url("/echo")])) assert.equal((await row.response.json()).headers["x-hook"], "seen");
  const mocked = session.extend({ hooks: { beforeRequest: [() => new Response("x")] } });
  await assert.rejects(mocked.title(url("/title")), { code: "unsupported", feature: "hooks.beforeRequest" });
  for await (const row of mocked.fetchAll([url("/echo")])) assert.equal(row.error.code, "unsupported");
  for (const [options, feature] of [
    [{ middleware: (request, next) => next(request) }, "middleware"],
    [{ hooks: { afterResponse: [() => {}] } }, "hooks.afterResponse"],
    [{ hooks: { beforeError: [() => {}] } }, "hooks.beforeError"],
  ]) {
    const refused = { name: "UnsupportedError", feature };
    const own = new Session(options);
    await assert.rejects(own.title(url("/title")), refused);
    await assert.rejects(own.page(url("/title")), refused);
    assert.throws(() => own.titles([url("/title")]), refused);
    assert.throws(() => own.fetchAll([url("/echo")]), refused);
    for await (const row of new Session().fetchAll([{ url: url("/echo"), ...options }])) assert.equal(row.error.feature, feature);
  }
});

test("session.fetch goes through hooks and middleware", async () => {
  const session = new Session({ middleware: (request, next) => (request.headers.set("x-hook", "1"), next(request)) });
  assert.equal((await (await session.fetch(url("/echo"))).json()).headers["x-hook"], "1");
});

test("an extended session has changed defaults, and the other keeps its own", async () => {
  const parent = new Session({ baseUrl: server.url, headers: { "x-a": "1", "x-b": "1", authorization: "one" }, params: { p: 1 } });
  const child = parent.extend({ headers: { "X-A": "2" }, params: { c: 2 }, raiseForStatus: true });
  assert.ok(child instanceof Session);
  const seen = async (session, options) => (await session.get("echo", options)).json();
  const { headers, url: asked } = await seen(child);
  assert.deepEqual([headers["x-a"], headers["x-b"], headers.authorization, asked], ["2", "1", "one", "/echo?p=1&c=2"]);
  assert.equal((await seen(child, { headers: { "x-a": "3" } })).headers["x-a"], "3");
  assert.equal((await seen(parent)).headers["x-a"], "1");
  await assert.rejects(child.get("teapot"), { code: "status" });
  assert.equal((await child.get("teapot", { raiseForStatus: false })).status, 418);
  assert.equal((await parent.get("teapot")).status, 418);
  assert.equal((await seen(child.extend({ auth: null }))).headers.authorization, undefined);
  assert.equal((await seen(child.extend({ auth: { bearer: "two" } }))).headers.authorization, "Bearer two");
  const deadline = child.extend({ timeout: { total: null, headers: 20 } });
  await assert.rejects(deadline.get("hang"), { code: "timeout", phase: "headers" });
  assert.equal((await child.extend(undefined).get("echo")).status, 200);
  class Own extends Session {
    constructor(name) {
      super();
      this.name = name;
    }
  }
  assert.ok(new Own("x").extend({}) instanceof Own);
});

test("sessions that extend one another share limits and an end", async () => {
  const parent = new Session({ limit: 1 });
  const child = parent.extend({ headers: { "x-a": "1" } });
  const holding = await child.get(url("/endless"));
  const waiting = parent.get(url("/echo"));
  await until(() => parent.figures().waiting === 1);
  assert.deepEqual(parent.figures(), child.figures());
  holding.cancel();
  assert.equal((await waiting).status, 200);
  for (const name of ["limit", "limitPerHost", "rate", "fetch"]) {
    assert.throws(() => parent.extend({ [name]: 1 }), { code: "invalid_option", option: name, message: /shared/ });
  }
  assert.throws(() => parent.extend({ limt: 1 }), { option: "limt" });
  const hanging = parent.get(url("/hang"));
  child.close();
  await assert.rejects(hanging, isClosedError);
  await assert.rejects(parent.get(url("/echo")), isClosedError);
  await assert.rejects(parent.extend({}).get(url("/echo")), isClosedError);
});
