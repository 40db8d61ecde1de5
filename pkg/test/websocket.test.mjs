import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

import { isClosedError, isDualfetchError, isInputError, isNetworkError, isTimeoutError, isUnsupportedError, isWebSocketError, Session } from "dualfetch";

import { until } from "./server.mjs";
import { serveSockets } from "./sockets.mjs";

const tools = createRequire(new URL("../../scripts/npm/package.json", import.meta.url));

/** Where Node has one of its own it is undici's. */
const CLASSES = { undici: tools("undici").WebSocket, ws: tools("ws").WebSocket };

const echo = (peer) => {
  peer.onMessage = (message) => peer.send(message);
};

const quiet = () => {};

let server;
before(async () => {
  server = await serveSockets({
    "/echo": echo,
    "/quiet": quiet,
    "/chosen": { fields: () => ({ "Sec-WebSocket-Protocol": "chat.v1" }), open: echo },
    "/hangs": { refuses: quiet },
    "/refused": { refuses: ({ socket }) => socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n") },
    "/wrong-key": { fields: () => ({ "Sec-WebSocket-Accept": "AAAAAAAAAAAAAAAAAAAAAAAAAAA=" }), open: quiet },
    "/unasked": { fields: () => ({ "Sec-WebSocket-Protocol": "other" }), open: quiet },
    "/ends": (peer) => {
      peer.send("last");
      peer.close(4001, "so long");
    },
    "/no-code": (peer) => peer.close(),
    "/never-answers": (peer) => {
      peer.answers = false;
    },
    "/drops": ({ socket }) => socket.destroy(),
    "/sends": (peer) => {
      for (let at = 0; at < 10; at += 1) peer.send("x".repeat(100));
    },
    "/nothing": (peer) => {
      for (let at = 0; at < 11; at += 1) peer.send("");
    },
    "/fragments": (peer) => {
      peer.frame(1, Buffer.from([0x68, 0xc3]), { fin: false });
      peer.frame(9, Buffer.from("ping"));
      peer.frame(0, Buffer.from([0xbc]));
    },
    "/reserved-bits": (peer) => peer.frame(1, Buffer.from("x"), { rsv: 2 }),
    "/bad-opcode": (peer) => peer.frame(3, Buffer.from("x")),
    "/bad-utf8": (peer) => peer.frame(1, Buffer.from([0xff])),
    "/masked": (peer) => peer.frame(1, Buffer.from("x"), { mask: true }),
    "/long-ping": (peer) => peer.frame(9, Buffer.alloc(126)),
    "/ping-in-parts": (peer) => peer.frame(9, Buffer.alloc(1), { fin: false }),
    "/half-a-close": (peer) => peer.frame(8, Buffer.from([3])),
    "/unasked-compression": (peer) => peer.frame(1, Buffer.from([0xaa, 0x56]), { rsv: 4 }),
  });
});
after(() => server.close());

const last = () => server.peers.at(-1);

/** The same for each class, each with a session of its own. */
function each(name, run) {
  for (const [of, WebSocket] of Object.entries(CLASSES)) {
    test(`${name} (${of})`, { timeout: 60_000 }, () => run(new Session({ WebSocket }), of));
  }
}

async function all(iterable) {
  const list = [];
  for await (const one of iterable) list.push(one);
  return list;
}

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
  await assert.rejects(socket.receiveJson(), { code: "disconnected" });
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

each("what breaks the protocol, or is lost, is 1006 and an error", async (session) => {
  const faults = {
    "reserved-bits": 1002, "bad-opcode": 1002, "bad-utf8": 1007, masked: 1002, "long-ping": 1002, "ping-in-parts": 1002,
    "half-a-close": 1002, "unasked-compression": 1002, drops: undefined,
  };
  for (const [path, told] of Object.entries(faults)) {
    const socket = await session.websocket(`${server.url}/${path}`);
    const peer = last();
    await assert.rejects(socket.receive(), (thrown) => {
      assert.ok(isNetworkError(thrown) && isDualfetchError(thrown), path);
      return thrown.code === "disconnected" && thrown.url === socket.url && thrown.message.includes(socket.url);
    });
    assert.deepEqual(socket.closed, { code: 1006, reason: "", by: "neither", wasClean: false }, path);
    // It stays the error, whoever asks.
    await assert.rejects(all(socket), { code: "disconnected" });
    await assert.rejects(socket.send("x"), { code: "disconnected" });
    if (told !== undefined) await until(() => peer.closed !== null);
    assert.equal(peer.closed?.code, told, path);
  }
  assert.equal(session.figures().inFlight, 0);
});

each("a message past maxMessageSize closes the connection with 1009", async (session, of) => {
  for (const maxMessageSize of [99, 50]) {
    const socket = await session.websocket(`${server.url}/sends`, { maxMessageSize });
    const peer = last();
    await assert.rejects(socket.receive(), (thrown) => isWebSocketError(thrown) && thrown.code === "websocket" && thrown.closeCode === 1009);
    const closed = await socket.close();
    assert.deepEqual([closed.code, closed.by], [1009, "client"]);
    // A page may not send it; one that is no platform's own does.
    await until(() => peer.closed !== null);
    assert.equal(peer.closed.code, of === "ws" ? 1009 : 1005);
  }
  const fits = await session.websocket(`${server.url}/sends`, { maxMessageSize: 100 });
  assert.equal((await fits.receive()).length, 100);
  await fits.close();
  // Counted as UTF-8: two bytes each.
  const echoing = await session.websocket(`${server.url}/echo`, { maxMessageSize: 10 });
  await echoing.send("\u00fc".repeat(5));
  assert.equal(await echoing.receive(), "\u00fc".repeat(5));
  await echoing.send("\u00fc".repeat(6));
  await assert.rejects(echoing.receive(), { closeCode: 1009, message: /maxMessageSize, 10 bytes/ });
  assert.equal(session.figures().inFlight, 1);
  await echoing.close();
});

each("what is not taken is bounded by maxBuffered; what came before is handed out", async (session) => {
  const socket = await session.websocket(`${server.url}/sends`, { maxBuffered: 450 });
  await until(() => socket.closed !== null);
  const seen = [];
  await assert.rejects(
    (async () => {
      for await (const message of socket) seen.push(message.length);
    })(),
    (thrown) => isWebSocketError(thrown) && thrown.closeCode === 1009 && /maxBuffered, 450 bytes/.test(thrown.message),
  );
  assert.deepEqual(seen, [100, 100, 100, 100]);
  // One of nothing counts for 64 bytes.
  const empty = await session.websocket(`${server.url}/nothing`, { maxBuffered: 640 });
  await until(() => empty.closed !== null);
  for (let at = 0; at < 10; at += 1) assert.equal(await empty.receive(), "");
  await assert.rejects(empty.receive(), { closeCode: 1009 });
  for (const maxBuffered of [0, null, Infinity, 1000]) {
    const whole = await session.websocket(`${server.url}/sends`, { maxBuffered });
    await whole.send("x");
    await until(() => last().messages.length === 1);
    for (let at = 0; at < 10; at += 1) assert.equal((await whole.receive()).length, 100);
    await whole.close();
  }
});

each("it has its place within the limits until it is closed", async (_, of) => {
  const WebSocket = CLASSES[of];
  const one = new Session({ WebSocket, limit: 1 });
  const first = await one.websocket(`${server.url}/echo`);
  const origin = server.url.replace("ws:", "http:");
  assert.deepEqual(one.figures(), { inFlight: 1, waiting: 0, hosts: [{ origin, inFlight: 1, waiting: 0 }] });
  const second = one.websocket(`${server.url}/echo`);
  const late = one.websocket(`${server.url}/echo`, { timeout: { queue: 20 } });
  await assert.rejects(late, (thrown) => isTimeoutError(thrown) && thrown.phase === "queue" && thrown.url === `${server.url}/echo`);
  const request = one.get(`${origin}/`, { timeout: { queue: 20 } });
  await assert.rejects(request, { phase: "queue" });
  assert.equal(one.figures().waiting, 1);
  await first.close();
  const opened = await second;
  assert.deepEqual([one.figures().inFlight, one.figures().waiting], [1, 0]);
  await opened.close();
  assert.equal(one.figures().inFlight, 0);
  // Of the session's own: no total, read or wall bound ends a connection that is open.
  const bound = new Session({ WebSocket, timeout: { total: 40, wall: 40, read: 40 } });
  const stays = await bound.websocket(`${server.url}/echo`);
  await new Promise((passed) => setTimeout(passed, 120));
  await stays.send("still");
  assert.equal(await stays.receive(), "still");
  assert.equal(bound.figures().inFlight, 1);
  await stays.close();
});

each("of those that wait for a host the more urgent goes first, WebSockets and requests alike", async (_, of) => {
  const one = new Session({ WebSocket: CLASSES[of], limit: 1 });
  const first = await one.websocket(`${server.url}/echo`);
  const order = [];
  const waits = async (name, opening) => {
    const opened = await opening;
    order.push(name);
    if (opened.close) await opened.close();
    else opened.cancel();
  };
  const origin = server.url.replace("ws:", "http:");
  const waiting = [];
  for (const priority of ["low", undefined, "high"]) {
    waiting.push(waits(`socket ${priority}`, one.websocket(`${server.url}/echo`, { priority })));
    await until(() => one.figures().waiting === waiting.length);
    waiting.push(waits(`request ${priority}`, one.get(`${origin}/`, { priority })));
    await until(() => one.figures().waiting === waiting.length);
  }
  await first.close();
  await Promise.all(waiting);
  assert.deepEqual(order, ["high", undefined, "low"].flatMap((priority) => [`socket ${priority}`, `request ${priority}`]));
});

each("opening is bound by the timeouts, and a timeout names its phase", async (session) => {
  const phase = async (timeout) => {
    try {
      await session.websocket(`${server.url}/hangs`, { timeout });
    } catch (thrown) {
      assert.ok(isTimeoutError(thrown), String(thrown));
      assert.equal(thrown.url, `${server.url}/hangs`);
      return thrown.phase;
    }
    return undefined;
  };
  assert.equal(await phase(30), "total");
  assert.equal(await phase({ headers: 30 }), "headers");
  assert.equal(await phase({ wall: 30 }), "wall");
  const bound = new Session({ WebSocket: CLASSES.ws, timeout: { total: 30 } });
  await assert.rejects(bound.websocket(`${server.url}/hangs`), { phase: "total" });
  await assert.rejects(bound.extend({ timeout: { total: null, wall: 30 } }).websocket(`${server.url}/hangs`), { phase: "wall" });
  await assert.rejects(session.websocket(`${server.url}/echo`, { timeout: { connect: 1 } }), { name: "UnsupportedError", feature: "timeout.connect" });
  await until(() => session.figures().inFlight === 0);
});

each("a handshake that fails is a network error that names the URL, and is retried where the session says so", async (session) => {
  for (const path of ["refused", "missing", "wrong-key", "unasked"]) {
    const opening = session.websocket(`${server.url}/${path}`);
    await assert.rejects(opening, (thrown) => isNetworkError(thrown) && thrown.url === `${server.url}/${path}` && thrown.attempts === 1);
  }
  const before = server.peers.length;
  await assert.rejects(session.websocket(`${server.url}/refused`, { retry: { attempts: 3, backoff: 1 } }), { attempts: 3 });
  assert.equal(server.peers.length, before + 3);
  assert.equal(session.figures().inFlight, 0);
});

each("a signal ends the waiting, the opening and the connection, by its own reason", async (session) => {
  await assert.rejects(session.websocket(`${server.url}/echo`, { signal: AbortSignal.abort("before") }), (thrown) => thrown === "before");
  const opening = new AbortController();
  const hanging = session.websocket(`${server.url}/hangs`, { signal: opening.signal });
  await until(() => session.figures().inFlight === 1);
  opening.abort("opening");
  await assert.rejects(hanging, (thrown) => thrown === "opening");
  await until(() => session.figures().inFlight === 0);

  const open = new AbortController();
  const socket = await session.websocket(`${server.url}/echo`, { signal: open.signal });
  const peer = last();
  const receiving = socket.receive();
  open.abort("open");
  await assert.rejects(receiving, (thrown) => thrown === "open");
  for (const late of [socket.receive(), socket.send("x")]) await assert.rejects(late, (thrown) => thrown === "open");
  await until(() => socket.closed !== null);
  assert.deepEqual([socket.closed.by, peer.closed.code], ["client", 1005]);

  const one = new Session({ WebSocket: CLASSES.undici, limit: 1 });
  const first = await one.websocket(`${server.url}/echo`);
  const waiting = new AbortController();
  const second = one.websocket(`${server.url}/echo`, { signal: waiting.signal });
  await until(() => one.figures().waiting === 1);
  waiting.abort("waiting");
  await assert.rejects(second, (thrown) => thrown === "waiting");
  assert.equal(one.figures().waiting, 0);
  await first.close();
});

each("closing the session ends its connections", async (session) => {
  const socket = await session.websocket(`${server.url}/echo`);
  const peer = last();
  await socket.send("never taken");
  await until(() => peer.messages.length === 1);
  const idle = await session.websocket(`${server.url}/echo`);
  const receiving = idle.receive();
  const opening = session.websocket(`${server.url}/hangs`);
  opening.catch(() => {});
  await until(() => session.figures().inFlight === 3);
  session.close();
  for (const ended of [receiving, opening, socket.receive(), session.websocket(`${server.url}/echo`)]) await assert.rejects(ended, isClosedError);
  await assert.rejects(socket.send("x"), isClosedError);
  await until(() => socket.closed !== null && peer.closed !== null);
  assert.equal(peer.closed.code, 1005);
});

each("a closing handshake that is not answered in time is a timeout, and over", async (session) => {
  const socket = await session.websocket(`${server.url}/never-answers`, { closeTimeout: 40 });
  const receiving = socket.receive();
  const peer = last();
  const closing = [socket.close(4000), socket.close(4001)];
  for (const one of closing) await assert.rejects(one, (thrown) => isTimeoutError(thrown) && thrown.phase === "close");
  assert.equal(peer.closed.code, 4000);
  await assert.rejects(receiving, { phase: "close" });
  assert.deepEqual(socket.closed, { code: 1006, reason: "", by: "neither", wasClean: false });
  assert.equal(session.figures().inFlight, 0);
});

each("a message that does not come in time is a timeout, and the connection stays", async (session) => {
  const socket = await session.websocket(`${server.url}/echo`, { receiveTimeout: 30 });
  await assert.rejects(socket.receive(), (thrown) => isTimeoutError(thrown) && thrown.phase === "read");
  await socket.send("now");
  assert.equal(await socket.receive(), "now");
  // A loop that throws has nobody to go on with it.
  await assert.rejects(all(socket), { phase: "read" });
  await until(() => socket.closed !== null);
  assert.equal(session.figures().inFlight, 0);
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

test("without a WebSocket it is not supported", { skip: typeof WebSocket === "function" }, async () => {
  await assert.rejects(new Session().websocket(server.url), (thrown) => isUnsupportedError(thrown) && thrown.feature === "websocket");
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

each("1,000 connections opened and dropped leave no permit and no listener", async (session) => {
  const signal = Object.assign(new EventTarget(), { aborted: false, reason: undefined, count: 0 });
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...given) => ((signal.count += 1), addEventListener.apply(signal, given));
  signal.removeEventListener = (...given) => ((signal.count -= 1), removeEventListener.apply(signal, given));
  const paths = ["echo", "ends", "drops", "refused", "no-code"];
  const before = server.peers.length;
  let done = 0;
  const worker = async () => {
    for (let at; (at = done++) < 1000; ) {
      const path = paths[at % 5];
      const socket = await session.websocket(`${server.url}/${path}`, { signal }).catch(() => undefined);
      assert.equal(socket === undefined, path === "refused");
      if (path === "echo" || at % 2 === 0) await socket?.close();
      else await all(socket ?? []).catch(() => {});
    }
  };
  await Promise.all(Array.from({ length: 50 }, worker));
  assert.deepEqual(session.figures(), { inFlight: 0, waiting: 0, hosts: [] });
  assert.equal(signal.count, 0);
  assert.equal(server.peers.length, before + 1000);
  await until(() => server.peers.slice(before).every(({ socket }) => socket.destroyed));
});
