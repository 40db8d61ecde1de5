import assert from "node:assert/strict";
import { after, before } from "node:test";

import { isClosedError, isDualfetchError, isNetworkError, isTimeoutError, isWebSocketError, Session } from "dualfetch";

import { all, CLASSES, countedSignal, each } from "./classes.mjs";
import { until } from "./server.mjs";
import { serveSockets } from "./sockets.mjs";

let server;
before(async () => {
  server = await serveSockets();
});
after(() => server.close());

const last = () => server.peers.at(-1);

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
});

each("none of the session's own total, read and wall bounds ends a connection that is open", async (_, of) => {
  const bound = new Session({ WebSocket: CLASSES[of], timeout: { total: 2000, wall: 2000, read: 2000 } });
  const stays = await bound.websocket(`${server.url}/echo`);
  await new Promise((passed) => setTimeout(passed, 2200));
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

each("1,000 connections opened and dropped leave no permit and no listener", async (session) => {
  const signal = countedSignal();
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
