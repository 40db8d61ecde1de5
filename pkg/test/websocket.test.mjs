import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

import { isClosedError, isInputError, isUnsupportedError, Session } from "dualfetch";

import { all, CLASSES, each, tools } from "./classes.mjs";
import { until } from "./server.mjs";
import { serveSockets } from "./sockets.mjs";

let server;
before(async () => {
  server = await serveSockets();
});
after(() => server.close());

const last = () => server.peers.at(-1);

each("messages go both ways, text as strings and bytes as Uint8Array", async (session) => {
  const socket = await session.websocket(`${server.url}/echo?a=1#part`, { params: { b: 2 } });
  assert.equal(socket.url, `${server.url}/echo?a=1&b=2`);
  assert.equal(socket.protocol, "");
  assert.equal(socket.closed, null);
  const sent = ["", "grüß dich \u{1f600}", new Uint8Array([0, 255]), new Uint8Array([1, 2, 3]).buffer, new DataView(new Uint8Array([1, 2, 3]).buffer, 1)];
  for (const message of sent) await socket.send(message);
  await socket.sendJson({ a: [1] });
  assert.deepEqual([await socket.receive(), await socket.receive()], sent.slice(0, 2));
  for (const bytes of [[0, 255], [1, 2, 3], [2, 3]]) {
    const message = await socket.receive();
    assert.ok(message instanceof Uint8Array);
    assert.deepEqual([...message], bytes);
  }
  assert.deepEqual(await socket.receiveJson(), { a: [1] });
  await socket.send("{");
  await assert.rejects(socket.receiveJson(), { name: "BodyError", code: "json", url: socket.url, message: /the message starts "\{"/ });
  assert.deepEqual(await socket.close(3001, "grüß"), { code: 3001, reason: "grüß", by: "client", wasClean: true });
  assert.deepEqual(last().closed, { code: 3001, reason: "grüß" });
  assert.equal(await socket.receive(), undefined);
  await assert.rejects(socket.receiveJson(), { code: "closed" });
});

each("10,000 messages arrive in order and whole", async (session) => {
  const socket = await session.websocket(`${server.url}/echo`);
  const sending = (async () => {
    for (let at = 0; at < 10_000; at += 1) await socket.send(`message ${at} ${"x".repeat(at % 300)}`);
  })();
  let at = 0;
  for await (const message of socket) {
    assert.equal(message, `message ${at} ${"x".repeat(at % 300)}`);
    if (++at === 10_000) break;
  }
  await sending;
  assert.equal(socket.closed.by, "client");
});

each("a message in fragments, with a ping in between, is one", async (session) => {
  const socket = await session.websocket(`${server.url}/fragments`);
  assert.equal(await socket.receive(), "hü");
  await socket.close();
});

each("the loop ends with the closing handshake, whatever its code, and tells who closed", async (session) => {
  const socket = await session.websocket(`${server.url}/ends`);
  assert.deepEqual(await all(socket), ["last"]);
  assert.deepEqual(socket.closed, { code: 4001, reason: "so long", by: "server", wasClean: true });
  assert.deepEqual(await socket.close(), socket.closed);
  await assert.rejects(socket.send("late"), (thrown) => isClosedError(thrown) && thrown.url === socket.url);
  const bare = await session.websocket(`${server.url}/no-code`);
  assert.deepEqual(await all(bare), []);
  assert.equal(bare.closed.code, 1005);
});

each("leaving the loop closes the connection, and so does await using", async (session) => {
  const socket = await session.websocket(`${server.url}/echo`);
  await socket.send("1");
  for await (const message of socket) {
    assert.equal(message, "1");
    break;
  }
  assert.deepEqual([socket.closed.code, last().closed.code, session.figures().inFlight], [1000, 1000, 0]);
  const used = await session.websocket(`${server.url}/echo`);
  await used[Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose")]();
  assert.equal(used.closed.code, 1000);
});

each("one receives at a time", async (session) => {
  const socket = await session.websocket(`${server.url}/echo`);
  const first = socket.receive();
  await assert.rejects(socket.receive(), { name: "BodyError", code: "body_used" });
  await assert.rejects(all(socket), { code: "body_used" });
  await socket.send("1");
  assert.equal(await first, "1");
  await socket.close();
});

each("send waits while much is unsent", async (session) => {
  const socket = await session.websocket(`${server.url}/quiet`);
  const peer = last();
  peer.socket.pause();
  const piece = new Uint8Array(1024 * 1024);
  let sent = 0;
  const sending = (async () => {
    for (; sent < 32; sent += 1) await socket.send(piece);
  })();
  await new Promise((passed) => setTimeout(passed, 200));
  assert.ok(sent < 32, "the network takes less than that");
  assert.ok(socket.bufferedAmount > 0);
  peer.socket.resume();
  await sending;
  await until(() => peer.messages.length === 32);
  await socket.close();
});

each("the subprotocol is the server's choice", async (session) => {
  const socket = await session.websocket(`${server.url}/chosen`, { protocols: ["chat.v2", "chat.v1"] });
  assert.equal(last().request.headers["sec-websocket-protocol"].replace(" ", ""), "chat.v2,chat.v1");
  assert.equal(socket.protocol, "chat.v1");
  await socket.close();
});

each("URLs of both kinds, and relative to the session's base", async (session) => {
  const http = server.url.replace("ws:", "http:");
  for (const [of, url] of [[session, `${http}/echo`], [session.extend({ baseUrl: `${http}/` }), "echo"]]) {
    const socket = await of.websocket(url);
    assert.equal(socket.url, `${server.url}/echo`);
    await socket.close();
  }
  await assert.rejects(session.websocket("ftp://a/"), (thrown) => isInputError(thrown) && thrown.code === "unsupported_scheme");
  await assert.rejects(session.websocket("/echo"), { code: "invalid_url" });
});

test("what no platform's WebSocket can is refused by name, and what makes no sense", async () => {
  const session = new Session({ WebSocket: CLASSES.undici });
  const url = `${server.url}/echo`;
  const refused = { auth: { bearer: "x" }, autoPong: false, permessageDeflate: true, headers: { a: "1" }, heartbeat: 1000, maxFrameSize: 1, origin: "a", proxy: "http://a", tls: {}, userAgent: "x", hooks: {}, middleware: [] };
  for (const [feature, value] of Object.entries(refused)) {
    await assert.rejects(session.websocket(url, { [feature]: value }), (thrown) => isUnsupportedError(thrown) && thrown.feature === feature);
  }
  const senseless = { protocols: ["a", "a"], maxMessageSize: -1, maxBuffered: "x", closeTimeout: 0, receiveTimeout: "1", signal: {} };
  for (const [option, value] of Object.entries(senseless)) {
    await assert.rejects(session.websocket(url, { [option]: value }), (thrown) => isInputError(thrown) && thrown.option === option);
  }
  for (const protocols of [["a b"], [""], "a,b", 7, [1]]) await assert.rejects(session.websocket(url, { protocols }), { option: "protocols" });
  await assert.rejects(session.websocket(url, { keepalive: true }), { message: /there is only baseUrl, closeTimeout, .*, timeout$/ });
  // Nor is what the session would have sent left out unsaid, where that is who is asking.
  const secret = new Session({ WebSocket: CLASSES.undici, auth: { bearer: "x" } });
  await assert.rejects(secret.websocket(url), (thrown) => isUnsupportedError(thrown) && thrown.feature === "auth" && /extend\(\{ auth: null \}\)/.test(thrown.message));
  await assert.rejects(session.websocket(url.replace("//", "//user:pass@")), { feature: "auth" });
  await assert.rejects(session.extend({ hooks: { beforeRequest: [() => {}] } }).websocket(url), { feature: "hooks.beforeRequest" });
  await (await secret.extend({ auth: null }).websocket(url)).close();
  for (const own of [{ headers: { "x-a": "1" } }, { userAgent: "x" }]) {
    const named = new Session({ WebSocket: CLASSES.undici, ...own });
    for (const of of [named, session.extend(own)]) await assert.rejects(of.websocket(url), { feature: "headers", message: /the session has "(x-a|user-agent)"/ });
  }
  for (const of of [new Session({ WebSocket: CLASSES.undici, credentials: "omit" }), session.extend({ credentials: "omit" })]) {
    await assert.rejects(of.websocket(url), { feature: "credentials" });
  }
  await assert.rejects(session.extend({ headers: { cookie: "a=b" } }).websocket(url), { feature: "auth" });
});

test("codes and reasons are checked before anything is sent", async () => {
  const socket = await new Session({ WebSocket: CLASSES.undici }).websocket(`${server.url}/echo`);
  for (const code of [0, 999, 1001, 1005, 1006, 1009, 2999, 5000, 3000.5, "1000", null]) {
    await assert.rejects(socket.close(code), (thrown) => isInputError(thrown) && thrown.option === "code");
  }
  await assert.rejects(socket.close(1000, "\u00fc".repeat(62)), { option: "reason", message: /at most 123 bytes of UTF-8, not 124/ });
  await assert.rejects(socket.close(1000, 7), { option: "reason" });
  for (const message of [undefined, null, 7, {}, ["a"]]) await assert.rejects(socket.send(message), { option: "message" });
  await assert.rejects(socket.sendJson(undefined), { code: "invalid_option" });
  assert.equal(socket.closed, null);
  assert.equal((await socket.close(4999, "\u00fc".repeat(61))).code, 4999);
  assert.deepEqual(last().closed, { code: 4999, reason: "\u00fc".repeat(61) });
});

test("against a server that nobody here wrote, compressed and large, as a module and as CommonJS", { timeout: 60_000 }, async () => {
  const theirs = new (tools("ws").WebSocketServer)({ host: "127.0.0.1", port: 0, perMessageDeflate: { threshold: 0 } });
  theirs.on("connection", (socket) => socket.on("message", (data, binary) => socket.send(data, { binary })));
  await new Promise((listens) => theirs.once("listening", listens));
  const url = `ws://127.0.0.1:${theirs.address().port}/`;
  const CommonJs = createRequire(import.meta.url)("dualfetch").Session;
  try {
    for (const [of, WebSocket] of Object.entries(CLASSES)) {
      for (const session of [new Session({ WebSocket }), new CommonJs({ WebSocket })]) {
        const socket = await session.websocket(url);
        const bytes = Uint8Array.from({ length: 1024 * 1024 }, (_, at) => Math.imul(at, 2_654_435_761) >>> 24);
        const text = "grüß \u{1f600} ".repeat(50_000);
        for (const message of [bytes, text]) await socket.send(message);
        assert.ok(Buffer.from(await socket.receive()).equals(bytes), of);
        assert.ok((await socket.receive()) === text, of);
        assert.deepEqual(await socket.close(1000, "done"), { code: 1000, reason: "done", by: "client", wasClean: true }, of);
      }
    }
  } finally {
    await new Promise((closed) => theirs.close(closed));
  }
});

test("without a WebSocket it is not supported", async () => {
  const platforms = Object.getOwnPropertyDescriptor(globalThis, "WebSocket");
  delete globalThis.WebSocket;
  try {
    await assert.rejects(new Session().websocket(server.url), (thrown) => isUnsupportedError(thrown) && thrown.feature === "websocket");
  } finally {
    if (platforms !== undefined) Object.defineProperty(globalThis, "WebSocket", platforms);
  }
});

test("a WebSocket that is none, or is another than the session's, is refused", () => {
  assert.throws(() => new Session({ WebSocket: 7 }), { option: "WebSocket" });
  assert.throws(() => new Session().extend({ WebSocket: CLASSES.ws }), { option: "WebSocket" });
});

test("a session's parseJson and stringifyJson are for messages, too", async () => {
  const session = new Session({ WebSocket: CLASSES.ws, parseJson: (text) => text.toUpperCase(), stringifyJson: () => '"x"' });
  const socket = await session.websocket(`${server.url}/echo`);
  await socket.sendJson(1);
  assert.equal(await socket.receiveJson(), '"X"');
  await socket.close();
});

