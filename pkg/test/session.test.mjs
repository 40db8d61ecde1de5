import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { isBodyError, isClosedError, isStatusError, Session, SessionResponse } from "dualfetch";

import { gate, serve, until } from "./server.mjs";

let server;
before(async () => {
  server = await serve({
    "/echo": (response, asked) => {
      response.writeHead(200, { "content-type": "application/json", "x-method": asked.method });
      response.end(asked.method === "HEAD" ? undefined : JSON.stringify(asked));
    },
    "/text": (response) => response.writeHead(200, { "content-type": "text/plain; charset=utf-8" }).end("grüß dich"),
    "/json": (response) => response.writeHead(200, { "content-type": "application/problem+json" }).end('{"a":[1,2]}'),
    "/broken": (response) => response.writeHead(200, { "content-type": "application/json" }).end('{"a":'),
    "/many": (response) => {
      for (let i = 0; i < 4; i += 1) response.write(Buffer.alloc(100_000, i));
      response.end();
    },
    "/endless": (response) => response.writeHead(200).write("start"),
    "/redirect": (response) => response.writeHead(302, { location: "/text" }).end(),
    "/loop": (response) => response.writeHead(302, { location: "/loop" }).end(),
    "/teapot": (response) => response.writeHead(418).end("short and stout"),
    "/empty": (response) => response.writeHead(204).end(),
    "/cookies": (response) => response.writeHead(200, { "set-cookie": ["a=1", "b=2"], "x-latin": "\xe9" }).end(),
  });
});
after(() => server.close());

const session = new Session({ headers: { "x-session": "yes" } });

test("each verb sends its method and gives a response", async () => {
  for (const verb of ["get", "options", "post", "put", "patch", "delete"]) {
    const response = await session[verb](`${server.url}/echo`);
    assert.ok(response instanceof SessionResponse);
    assert.equal((await response.json()).method, verb.toUpperCase());
  }
  const head = await session.head(`${server.url}/echo`);
  assert.equal(head.headers.get("x-method"), "HEAD");
  assert.equal(await head.text(), "");
  const custom = await session.request(`${server.url}/echo`, { method: "propfind" });
  assert.equal((await custom.json()).method, "PROPFIND");
});

test("the head is there at once", async () => {
  const response = await session.get(new URL(`${server.url}/redirect#part`));
  assert.equal(response.status, 200);
  assert.equal(response.ok, true);
  assert.equal(new URL(response.url).pathname, "/text");
  assert.equal(response.redirected, true);
  assert.equal(response.attempts, 1);
  assert.ok(response.elapsed > 0);
  assert.deepEqual(
    response.history.map(({ url, status, headers }) => [new URL(url).pathname, status, headers.get("location")]),
    [["/redirect", 302, "/text"]],
  );
  assert.equal(response.encoding, null);
  assert.equal(await response.text(), "grüß dich");
  assert.equal(response.encoding, "UTF-8");
  assert.equal(response.encodingSource, "content-type");
  const direct = await session.get(`${server.url}/text#part`);
  assert.equal(direct.redirected, false);
});

test("ok is fetch's ok, and a status is no error unless asked for", async () => {
  const teapot = await session.get(`${server.url}/teapot`);
  assert.equal(teapot.ok, false);
  assert.equal(await teapot.text(), "short and stout");
  const raised = session.get(`${server.url}/teapot`, { raiseForStatus: true });
  await assert.rejects(raised, (thrown) => isStatusError(thrown) && thrown.status === 418 && thrown.code === "status");
});

test("header fields: the request's over the session's, duplicates and Latin-1 kept", async () => {
  const seen = async (headers) => (await (await session.get(`${server.url}/echo`, { headers })).json()).headers;
  assert.equal((await seen(undefined))["x-session"], "yes");
  assert.equal((await seen({ "X-Session": "no", "x-number": 7, "x-left-out": undefined }))["x-session"], "no");
  assert.equal((await seen(new Headers({ "x-a": "1" })))["x-a"], "1");
  assert.equal((await seen([["x-a", "1"], ["x-a", "2"]]))["x-a"], "1, 2");
  assert.equal((await seen({ "x-latin": "caf\xe9" }))["x-latin"], "caf\xe9");
  const response = await session.get(`${server.url}/cookies`);
  assert.deepEqual(response.headers.getSetCookie(), ["a=1", "b=2"]);
  assert.equal(response.headers.get("x-latin"), "\xe9");
  for (const headers of [{ "bad name": "x" }, { "x-a": "line\r\nbreak" }, { "x-a": "\u{1f600}" }]) {
    await assert.rejects(session.get(`${server.url}/echo`, { headers }), { code: "invalid_header" });
  }
});

test("params are added to the URL, before its fragment", async () => {
  const asked = async (path, params) => (await (await session.get(server.url + path, { params })).json()).url;
  assert.equal(await asked("/echo", { a: "1 2", b: undefined }), "/echo?a=1+2");
  assert.equal(await asked("/echo?x=1#part", [["a", "1"], ["a", "2"]]), "/echo?x=1&a=1&a=2");
  assert.equal(await asked("/echo", "a=1"), "/echo?a=1");
  assert.equal(await asked("/echo", new URLSearchParams({ a: "ü" })), "/echo?a=%C3%BC");
  assert.equal(await asked("/echo", { a: [1, "2", null, true], b: [], c: 3n, d: null }), "/echo?a=1&a=2&a=true&c=3");
  assert.equal(await asked("/echo", new Map([["a", ["1", "2"]], ["b", undefined]])), "/echo?a=1&a=2");
  assert.equal(await asked("/echo", new (class { a = 1; })()), "/echo?a=1");
});

test("bodies of every kind, with the type that goes with them", async () => {
  const sent = async (options) => {
    const { body, headers } = await (await session.post(`${server.url}/echo`, options)).json();
    return [body, headers["content-type"]];
  };
  assert.deepEqual(await sent({ body: "grüß" }), ["grüß", "text/plain;charset=UTF-8"]);
  assert.deepEqual(await sent({ json: { a: [1] } }), ['{"a":[1]}', "application/json"]);
  assert.deepEqual(await sent({ json: 1, headers: { "content-type": "x/y" } }), ["1", "x/y"]);
  assert.deepEqual(await sent({ body: new Uint8Array([65, 66]) }), ["AB", undefined]);
  assert.deepEqual(await sent({ body: new Uint8Array([65, 66, 67]).buffer }), ["ABC", undefined]);
  assert.deepEqual(await sent({ body: new DataView(new Uint8Array([65, 66, 67]).buffer, 1) }), ["BC", undefined]);
  assert.deepEqual(await sent({ body: new Blob(["x"], { type: "a/b" }) }), ["x", "a/b"]);
  const [form, type] = await sent({ body: new URLSearchParams({ a: "1" }) });
  assert.deepEqual([form, type], ["a=1", "application/x-www-form-urlencoded;charset=UTF-8"]);
  const data = new FormData();
  data.set("field", "value");
  assert.match((await sent({ body: data }))[1], /^multipart\/form-data; boundary=/);
  assert.deepEqual(await sent({ body: new Blob(["s"]).stream() }), ["s", undefined]);
});

test("readers: json, bytes, arrayBuffer, blob", async () => {
  assert.deepEqual(await (await session.get(`${server.url}/json`)).json(), { a: [1, 2] });
  const bytes = await (await session.get(`${server.url}/many`)).bytes();
  assert.ok(bytes instanceof Uint8Array);
  assert.equal(bytes.length, 400_000);
  assert.equal((await (await session.get(`${server.url}/many`)).arrayBuffer()).byteLength, 400_000);
  const blob = await (await session.get(`${server.url}/json`)).blob();
  assert.equal(blob.type, "application/problem+json");
});

test("what is no JSON says what it is", async () => {
  const wrongType = (await session.get(`${server.url}/text`)).json();
  await assert.rejects(wrongType, (thrown) => isBodyError(thrown) && thrown.code === "content_type" && /grüß/.test(thrown.message));
  const broken = (await session.get(`${server.url}/broken`)).json();
  await assert.rejects(broken, (thrown) => thrown.code === "json" && thrown.cause instanceof SyntaxError);
  const unchecked = (await session.get(`${server.url}/text`)).json({ checkContentType: false });
  await assert.rejects(unchecked, { code: "json" });
});

test("the body as a stream; cancelling it ends the transfer and gives the permit back", async () => {
  let size = 0;
  for await (const piece of (await session.get(`${server.url}/many`)).body) size += piece.length;
  assert.equal(size, 400_000);
  assert.equal((await session.get(`${server.url}/empty`)).body, null);

  const one = new Session({ limit: 1 });
  const response = await one.get(`${server.url}/endless`);
  const reader = response.body.getReader();
  assert.equal(new TextDecoder().decode((await reader.read()).value), "start");
  assert.equal(one.figures().inFlight, 1);
  const pending = reader.read();
  await reader.cancel();
  assert.equal((await pending).done, true);
  await until(() => one.figures().inFlight === 0);
  assert.equal((await one.get(`${server.url}/text`)).status, 200);
});

test("a body has one reader", async () => {
  const response = await session.get(`${server.url}/text`);
  const first = response.text();
  await assert.rejects(response.text(), { name: "BodyError", code: "body_used" });
  assert.equal(await first, "grüß dich");
  assert.equal(response.bodyUsed, true);
  await assert.rejects(response.json(), { code: "body_used" });
  await assert.rejects(response.body.getReader().read(), { code: "body_used" });

  const streamed = await session.get(`${server.url}/many`);
  const reader = streamed.body.getReader();
  await reader.read();
  reader.releaseLock();
  await assert.rejects(streamed.bytes(), { code: "body_used" });
  streamed.cancel();

  const lookedAt = await session.get(`${server.url}/text`);
  assert.ok(lookedAt.body);
  assert.equal(await lookedAt.text(), "grüß dich");
  await assert.rejects(lookedAt.body.getReader().read(), { code: "body_used" });
});

test("redirects: bounded, and left alone when asked", async () => {
  await assert.rejects(session.get(`${server.url}/loop`, { maxRedirects: 3 }), (thrown) => {
    assert.equal(thrown.code, "too_many_redirects");
    assert.equal(thrown.history.length, 4, "the one too many, too");
    return true;
  });
  const seen = await session.get(`${server.url}/redirect`, { followRedirects: false });
  assert.equal(seen.status, 302);
  assert.equal(seen.headers.get("location"), "/text");
  assert.equal(seen.redirected, false);
});

test("maxBody bounds what readers take in", async () => {
  await assert.rejects(session.get(`${server.url}/many`, { maxBody: 1000 }).then((response) => response.bytes()), {
    code: "body_too_large",
    message: /maxBody, 1000 bytes/,
  });
});

test("limit: no more at once, each permit given on", async () => {
  let now = 0;
  let most = 0;
  const gates = [];
  const busy = await serve({
    "/": async (response) => {
      now += 1;
      most = Math.max(most, now);
      const { passed, open } = gate();
      gates.push(open);
      await passed;
      now -= 1;
      response.end("done");
    },
  });
  const two = new Session({ limit: 2 });
  const all = Array.from({ length: 6 }, () => two.get(busy.url).then((response) => response.text()));
  await until(() => two.figures().waiting === 4 && gates.length === 2);
  assert.deepEqual(two.figures(), { inFlight: 2, waiting: 4, hosts: [{ origin: busy.url, inFlight: 2, waiting: 4 }] });
  for (let opened = 0; opened < 6; opened += 1) {
    await until(() => gates.length > opened);
    gates[opened]();
  }
  assert.deepEqual(await Promise.all(all), Array(6).fill("done"));
  assert.equal(most, 2);
  await busy.close();
});

test("close ends what is under way and refuses what comes", async () => {
  const closing = new Session();
  const reading = await closing.get(`${server.url}/endless`);
  const unread = await closing.get(`${server.url}/endless`);
  const streamed = reading.body.getReader();
  await streamed.read();
  const piece = streamed.read();
  const hanging = closing.get(`${server.url}/endless`).then((response) => response.text());
  closing.close();
  for (const ended of [piece, hanging, unread.text(), closing.get(server.url), closing.title(server.url)]) {
    await assert.rejects(ended, (thrown) => isClosedError(thrown) && thrown.code === "closed");
  }
  await assert.rejects(closing.titles([server.url]).next(), { code: "closed" });
  closing.close();
  closing[Symbol.dispose ?? Symbol.for("Symbol.dispose")]();
  assert.deepEqual(closing.figures(), { inFlight: 0, waiting: 0, hosts: [] });
});

test("a session's fetch has fetch's signature and gives the platform's Response", async () => {
  const { fetch } = session;
  const response = await fetch(new Request(`${server.url}/echo`, { method: "POST", body: "x", headers: { "x-a": "1" } }));
  assert.ok(response instanceof Response);
  assert.equal(response.url, `${server.url}/echo`);
  const asked = await response.json();
  assert.deepEqual([asked.method, asked.body, asked.headers["x-a"], asked.headers["x-session"]], ["POST", "x", "1", "yes"]);
  const redirected = await fetch(`${server.url}/redirect`);
  assert.equal(redirected.redirected, true);
  assert.equal(await redirected.text(), "grüß dich");
  assert.equal((await fetch(`${server.url}/redirect`, { redirect: "manual" })).status, 302);
  await assert.rejects(fetch(`${server.url}/redirect`, { redirect: "error" }), TypeError);
  await assert.rejects(fetch("no URL"), TypeError);
  const reason = new Error("enough");
  await assert.rejects(fetch(`${server.url}/text`, { signal: AbortSignal.abort(reason) }), reason);
  const controller = new AbortController();
  const hanging = await fetch(`${server.url}/endless`, { signal: controller.signal });
  const text = hanging.text();
  controller.abort(reason);
  await assert.rejects(text, reason);
});

test("10,000 sessions made, used and dropped leave nothing behind", async () => {
  for (let i = 0; i < 10_000; i += 1) {
    const one = new Session({ fetch: async () => new Response("x") });
    await (await one.get("http://a.example/")).text();
    if (i % 2 === 0) one.close();
  }
});
