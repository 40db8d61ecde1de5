import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { isDualfetchError, isNetworkError, isTimeoutError, Session } from "dualfetch";

import { serve, until } from "./server.mjs";

let server;
before(async () => {
  server = await serve({
    "/hang": () => {},
    "/stall": (response) => response.writeHead(200).write("start"),
    "/quick": (response) => response.end("quick"),
    "/reset": (response) => response.destroy(),
  });
});
after(() => server.close());

test("a timeout says which phase ran out", async () => {
  const session = new Session();
  const phase = async (path, timeout) => {
    try {
      await (await session.get(server.url + path, { timeout })).text();
    } catch (thrown) {
      assert.ok(isTimeoutError(thrown) && isDualfetchError(thrown), String(thrown));
      assert.equal(thrown.name, "TimeoutError");
      assert.equal(thrown.url, server.url + path);
      return thrown.phase;
    }
    return undefined;
  };
  assert.equal(await phase("/hang", 20), "total");
  assert.equal(await phase("/hang", { total: null, wall: 20 }), "wall");
  assert.equal(await phase("/hang", { headers: 20 }), "headers");
  assert.equal(await phase("/stall", { read: 20 }), "read");
  assert.equal(await phase("/stall", { total: 50 }), "total");
  assert.equal(await phase("/quick", { total: Number.MAX_SAFE_INTEGER }), undefined);
  assert.equal(await phase("/quick", Infinity), undefined);
});

test("a place in line has a timeout of its own", async () => {
  const session = new Session({ limit: 1 });
  const holding = await session.get(`${server.url}/stall`);
  const waiting = session.get(`${server.url}/quick`, { timeout: { queue: 20 } });
  await assert.rejects(waiting, { code: "timeout", phase: "queue" });
  holding.cancel();
});

test("what Node cannot bound is refused by name", async () => {
  const asked = new Session().get(server.url, { timeout: { connect: 10 } });
  await assert.rejects(asked, { name: "UnsupportedError", code: "unsupported", feature: "timeout.connect" });
  // What is wrong in a session's options comes out of its first use.
  await assert.rejects(new Session({ timeout: { connect: 10 } }).get(server.url), { code: "unsupported" });
});

test("an abort rejects with the signal's own reason, whenever it comes", async () => {
  const session = new Session({ limit: 1 });
  for (const reason of [new Error("mine"), "a string", undefined]) {
    const before = AbortSignal.abort(reason);
    const sent = server.seen.length;
    await assert.rejects(session.get(`${server.url}/quick`, { signal: before }), (thrown) => thrown === before.reason);
    assert.equal(server.seen.length, sent, "no request was sent");
  }

  const during = new AbortController();
  const hanging = session.get(`${server.url}/hang`, { signal: during.signal });
  await until(() => server.seen.some(({ path }) => path === "/hang"));
  during.abort("during");
  await assert.rejects(hanging, (thrown) => thrown === "during");
  await until(() => server.held.size === 0);

  const reading = new AbortController();
  const response = await session.get(`${server.url}/stall`, { signal: reading.signal });
  const text = response.text();
  reading.abort("reading");
  await assert.rejects(text, (thrown) => thrown === "reading");
  await until(() => server.held.size === 0);

  const unread = new AbortController();
  const nobody = await session.get(`${server.url}/stall`, { signal: unread.signal });
  assert.equal(session.figures().inFlight, 1);
  unread.abort("unread");
  assert.equal(session.figures().inFlight, 0, "the permit is back at once");
  await assert.rejects(nobody.text(), (thrown) => thrown === "unread");

  const done = new AbortController();
  const quick = await session.get(`${server.url}/quick`, { signal: done.signal });
  assert.equal(await quick.text(), "quick");
  done.abort();
  assert.equal((await session.get(`${server.url}/quick`)).status, 200);
});

test("an abort while waiting in line leaves the line", async () => {
  const session = new Session({ limit: 1 });
  const holding = await session.get(`${server.url}/stall`);
  const controller = new AbortController();
  const waiting = Array.from({ length: 20 }, () => session.get(`${server.url}/quick`, { signal: controller.signal }));
  const settled = Promise.allSettled(waiting);
  await until(() => session.figures().waiting === 20);
  controller.abort("enough");
  for (const { status, reason } of await settled) assert.deepEqual([status, reason], ["rejected", "enough"]);
  assert.equal(session.figures().waiting, 0);
  holding.cancel();
});

test("one signal for many requests has one listener", async () => {
  const warnings = [];
  const heard = (warning) => warnings.push(warning);
  process.on("warning", heard);
  const { signal } = new AbortController();
  const session = new Session();
  const all = Array.from({ length: 50 }, () => session.get(`${server.url}/quick`, { signal }));
  for (const response of await Promise.all(all)) await response.text();
  await new Promise((done) => setImmediate(done));
  process.off("warning", heard);
  // Node's own fetch may warn of its own: what counts is the caller's signal.
  assert.deepEqual(warnings, []);
});

test("a response that was read or cancelled listens no more", async () => {
  let listeners = 0;
  const signal = {
    aborted: false,
    reason: undefined,
    addEventListener: () => (listeners += 1),
    removeEventListener: () => (listeners -= 1),
  };
  const session = new Session();
  const read = await session.get(`${server.url}/quick`, { signal });
  assert.equal(listeners, 1);
  await read.text();
  assert.equal(listeners, 0);
  const cancelled = await session.get(`${server.url}/stall`, { signal });
  assert.equal(listeners, 1);
  cancelled.cancel();
  assert.equal(listeners, 0);
});

test("network errors keep what the platform threw", async () => {
  const session = new Session();
  await assert.rejects(session.get(`${server.url}/reset`), (thrown) => {
    assert.ok(isNetworkError(thrown), `${thrown.name} ${thrown.code}`);
    assert.equal(thrown.attempts, 1);
    return true;
  });
});

test("a custom fetch may do anything, and it comes out as an error", async () => {
  const odd = [
    ["throws", () => { throw new Error("sync"); }],
    ["throws null", () => { throw null; }],
    ["rejects with a string", () => Promise.reject("a string")],
    ["rejects with undefined", () => Promise.reject()],
    ["rejects with a symbol", () => Promise.reject(Symbol("s"))],
    ["rejects with a frozen object", () => Promise.reject(Object.freeze(Object.create(null)))],
    ["gives nothing", () => undefined],
    ["gives no response", async () => ({ status: "no" })],
    ["gives a status that is none", async () => ({ status: 1e9, headers: new Headers(), body: null, url: "" })],
    ["gives NaN", async () => ({ status: NaN, headers: new Headers(), body: null, url: "" })],
    ["throws in a getter", async () => ({ get status() { throw new Error("getter"); } })],
    ["gives a body that is none", async () => ({ status: 200, headers: new Headers(), body: 7, url: "" })],
  ];
  for (const [what, fetch] of odd) {
    const session = new Session({ fetch });
    const asked = session.get("http://a.example/").then((response) => response.text());
    await assert.rejects(asked, (thrown) => isDualfetchError(thrown) || assert.fail(`${what}: ${String(thrown)}`), what);
    assert.equal(session.figures().inFlight, 0, what);
  }
});

test("a body that fails midway fails its reader", async () => {
  const failing = new ReadableStream({
    start: (controller) => controller.enqueue(new Uint8Array([1])),
    pull: () => Promise.reject("midway"),
  });
  const session = new Session({ fetch: async () => new Response(failing) });
  const response = await session.get("http://a.example/");
  await assert.rejects(response.bytes(), (thrown) => isNetworkError(thrown) && thrown.cause === "midway");
});

test("a retry asks again, and says how often", async () => {
  let asked = 0;
  const fetch = async () => new Response("x", { status: (asked += 1) < 3 ? 503 : 200 });
  const session = new Session({ fetch, retry: { attempts: 3, backoff: 1, maxBackoff: 2 } });
  const response = await session.get("http://a.example/");
  assert.deepEqual([response.status, response.attempts, asked], [200, 3, 3]);
  asked = 0;
  assert.equal((await session.get("http://a.example/", { retry: false })).status, 503);
  assert.equal(asked, 1);
});

test("an input that never goes on holds up neither an abort nor close nor leaving the loop", async () => {
  async function* waiting() {
    yield `${server.url}/quick`;
    await new Promise(() => {});
  }
  const first = async (session, options) => {
    const rows = session.fetchAll(waiting(), options);
    (await rows.next()).value.response.cancel();
    return rows;
  };
  const controller = new AbortController();
  const aborted = await first(new Session(), { signal: controller.signal });
  const next = aborted.next();
  controller.abort(new Error("enough"));
  await assert.rejects(next, { message: "enough" });

  const closing = new Session();
  const closed = (await first(closing)).next();
  closing.close();
  await assert.rejects(closed, { code: "closed" });

  await (await first(new Session())).return();
});

test("a body of the caller's own that never ends is ended by a signal and by close", async () => {
  const body = () => new ReadableStream({ pull: () => new Promise(() => {}) });
  const signal = AbortSignal.timeout(10);
  await assert.rejects(new Session().post(server.url, { body: body(), signal }), { name: "TimeoutError" });
  const session = new Session();
  const post = session.post(server.url, { body: body() });
  session.close();
  await assert.rejects(post, { code: "closed" });
});

test("a reader whose response is cancelled never passes a part for the whole", async () => {
  const session = new Session();
  for (const reader of ["bytes", "text", "blob", "arrayBuffer"]) {
    const response = await session.get(`${server.url}/stall`);
    const reading = response[reader]();
    response.cancel();
    await assert.rejects(reading, { code: "aborted" }, reader);
  }
  assert.equal(session.figures().inFlight, 0);
});

test("one call that ends another's response does not keep the rest from being told", async () => {
  const responses = [];
  const stream = () => new ReadableStream({ cancel: () => responses.forEach((response) => response.cancel()) });
  const session = new Session({ fetch: async () => new Response(stream()) });
  for (let n = 0; n < 3; n++) responses.push(await session.get("http://a.example/"));
  session.close();
  await assert.rejects(session.get("http://a.example/"), { code: "closed" });
});

test("a reader that gives no promise, and pieces that throw, are errors", async () => {
  const odd = (read) => ({
    ...{ status: 200, type: "basic", url: "", headers: new Headers() },
    body: { getReader: () => ({ read, cancel: () => undefined }) },
  });
  const thrower = { get done() { throw new Error("no piece"); } };
  for (const read of [() => 7, () => thrower, () => Promise.resolve(thrower), () => ({ done: false, value: "text" })]) {
    const session = new Session({ fetch: () => odd(read) });
    const text = session.get("http://a.example/").then((response) => response.text());
    await assert.rejects(text, { code: "network" });
    assert.equal(session.figures().inFlight, 0);
  }
});

test("a session's fetch gives statuses that the platform's Response refuses", async () => {
  const odd = { status: 999, type: "basic", url: "", headers: new Headers(), body: null };
  const response = await new Session({ fetch: () => odd }).fetch("http://a.example/");
  assert.deepEqual([response.status, response.ok], [999, false]);
});

test("credentials in a URL are no redirect", async () => {
  const response = await new Session().get(server.url.replace("//", "//me:secret@") + "/quick");
  assert.equal(response.redirected, false);
  await response.text();
});

test("a signal that throws ends its request, with what it threw", async () => {
  const { signal } = new AbortController();
  let reads = 0;
  const thrown = new Error("from a getter");
  Object.defineProperty(signal, "aborted", {
    get() {
      if (++reads > 2) throw thrown;
      return false;
    },
  });
  await assert.rejects(new Session().get(server.url + "/hang", { signal, timeout: 5_000 }), (error) => error === thrown);
});
