// WebSockets and event streams of the npm package in a page, in headless Chromium. `scripts/package` first.
//
//   node --test scripts/npm/streams.test.mjs

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { FAULTS, serveSockets } from "../../pkg/test/sockets.mjs";
import { launch } from "./chromium.mjs";
import { servePage } from "./page.mjs";

const streams = [];
let browser, pages, sockets;
before(async () => {
  browser = await launch();
  pages = await servePage((request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    if (pathname !== "/events") return false;
    streams.push([request.headers["last-event-id"], request.headers.accept]);
    if (streams.length === 3) response.writeHead(204).end();
    else response.writeHead(200, { "content-type": "text/event-stream" }).end(`id: ${streams.length}\ndata: ${streams.length}\n\n`);
    return true;
  });
  sockets = await serveSockets();
});
after(async () => {
  await browser?.close();
  pages?.close();
  await sockets?.close();
});

test("messages go both ways, and closing tells what was told", { timeout: 60_000 }, async () => {
  const told = await inPage(async (url) => {
    const { Session } = await import("dualfetch");
    const session = new Session();
    const socket = await session.websocket(`${url}/echo#part`);
    const sent = ["grüß \u{1f600}", new Uint8Array([0, 255]), new Blob(["blob"])];
    for (const message of sent) await socket.send(message);
    await socket.sendJson({ a: 1 });
    const seen = [await socket.receive(), [...(await socket.receive())], new TextDecoder().decode(await socket.receive()), await socket.receiveJson()];
    const { inFlight, hosts } = session.figures();
    const closed = await socket.close(3001, "bye");
    const chosen = await session.websocket(`${url}/chosen`, { protocols: ["chat.v2", "chat.v1"] });
    await chosen.close();
    const ended = await session.websocket(`${url}/ends`);
    const list = [];
    for await (const message of ended) list.push(message);
    return { address: socket.url, seen, inFlight, origin: hosts[0].origin, closed, protocol: chosen.protocol, list, ended: ended.closed, left: session.figures().inFlight };
  }, sockets.url);
  assert.equal(told.address, `${sockets.url}/echo`);
  assert.deepEqual(told.seen, ["grüß \u{1f600}", [0, 255], "blob", { a: 1 }]);
  assert.deepEqual([told.inFlight, told.origin, told.left], [1, sockets.url.replace("ws:", "http:"), 0]);
  assert.deepEqual(told.closed, { code: 3001, reason: "bye", by: "client", wasClean: true });
  assert.deepEqual([told.protocol, told.list], ["chat.v1", ["last"]]);
  assert.deepEqual(told.ended, { code: 4001, reason: "so long", by: "server", wasClean: true });
});

test("10,000 messages arrive in order and whole", { timeout: 60_000 }, async () => {
  const count = await inPage(async (url) => {
    const { Session } = await import("dualfetch");
    const socket = await new Session().websocket(`${url}/echo`);
    const sending = (async () => {
      for (let at = 0; at < 10_000; at += 1) await socket.send(`message ${at} ${"x".repeat(at % 300)}`);
    })();
    let at = 0;
    for await (const message of socket) {
      if (message !== `message ${at} ${"x".repeat(at % 300)}`) break;
      if (++at === 10_000) break;
    }
    await sending.catch(() => {});
    return at;
  }, sockets.url);
  assert.equal(count, 10_000);
});

// What the server is told of it is the browser's business.
test("what breaks the protocol, or is lost, is 1006 and an error", { timeout: 60_000 }, async (context) => {
  const paths = Object.keys(FAULTS);
  const told = await inPage(async ([url, paths]) => {
    const { isNetworkError, Session } = await import("dualfetch");
    const session = new Session();
    const told = [];
    for (const path of paths) {
      const socket = await session.websocket(url + path);
      const error = await socket.receive().catch((error) => error);
      told.push([isNetworkError(error) && error.code, error.url === socket.url, socket.closed]);
    }
    told.push(session.figures().inFlight);
    return told;
  }, [sockets.url, paths]);
  assert.equal(told.pop(), 0);
  const lost = { code: 1006, reason: "", by: "neither", wasClean: false };
  assert.deepEqual(told, paths.map(() => ["disconnected", true, lost]));
  const received = paths.map((path) => `${path} ${sockets.peers.find(({ request }) => request.url === path).closed?.code}`);
  context.diagnostic(`the server was told: ${received.join(", ")}`);
});

test("limits close with 1009, and a page tells the server no code", { timeout: 60_000 }, async () => {
  const from = sockets.peers.length;
  const told = await inPage(async (url) => {
    const { isWebSocketError, Session } = await import("dualfetch");
    const session = new Session();
    const told = [];
    for (const options of [{ maxMessageSize: 99 }, { maxBuffered: 450 }]) {
      const socket = await session.websocket(`${url}/sends`, options);
      while (socket.closed === null) await new Promise((passed) => setTimeout(passed, 5));
      let count = 0;
      try {
        for await (const _ of socket) count += 1;
      } catch (error) {
        told.push([isWebSocketError(error) && error.closeCode, count, socket.closed.code, socket.closed.by]);
      }
    }
    return [...told, session.figures().inFlight];
  }, sockets.url);
  assert.deepEqual(told, [[1009, 0, 1009, "client"], [1009, 4, 1009, "client"], 0]);
  assert.deepEqual(sockets.peers.slice(from).map(({ closed }) => closed.code), [1005, 1005]);
});

test("opening fails as a network error or by its timeout, closing by closeTimeout", { timeout: 60_000 }, async () => {
  const told = await inPage(async (url) => {
    const { Session } = await import("dualfetch");
    const session = new Session();
    const failed = (path, options) => session.websocket(url + path, options).then(() => "open", ({ name, code, phase, message }) => [name, code, phase, message]);
    const told = [await failed("/refused"), await failed("/wrong-key"), await failed("/hangs", { timeout: 100 }), await failed("/hangs", { timeout: { headers: 100 } })];
    const socket = await session.websocket(`${url}/never-answers`, { closeTimeout: 100 });
    told.push(await socket.close().catch(({ code, phase }) => [code, phase]), socket.closed.code);
    for (const [code, reason] of [[1001, ""], [1009, ""], [1000, "\u00fc".repeat(62)]]) told.push(await socket.close(code, reason).catch(({ option }) => option));
    told.push(await failed("/echo", { headers: {} }), session.figures().inFlight);
    return told;
  }, sockets.url);
  const hint = /^network error: the WebSocket was not opened: no connection, or another answer than a handshake/;
  for (const [name, code, , message] of told.splice(0, 2)) {
    assert.deepEqual([name, code], ["NetworkError", "network"]);
    assert.match(message, hint);
  }
  assert.deepEqual(told.splice(0, 2).map(([, code, phase]) => [code, phase]), [["timeout", "total"], ["timeout", "headers"]]);
  assert.deepEqual(told.splice(0, 5), [["timeout", "close"], 1006, "code", "code", "reason"]);
  assert.deepEqual([told[0][0], told[1]], ["UnsupportedError", 0]);
});

test("send waits while much is unsent", { timeout: 60_000 }, async () => {
  const told = await inPage(async (url) => {
    const { Session } = await import("dualfetch");
    const socket = await new Session().websocket(`${url}/echo`, { maxMessageSize: null, maxBuffered: null });
    let most = 0;
    for (let at = 0; at < 32; at += 1) {
      await socket.send(new Uint8Array(1024 * 1024));
      most = Math.max(most, socket.bufferedAmount);
    }
    let bytes = 0;
    for await (const { length } of socket) if ((bytes += length) === 32 * 1024 * 1024) break;
    return [most, bytes];
  }, sockets.url);
  assert.ok(told[0] <= 1024 * 1024, `${told[0]} bytes were unsent after send`);
  assert.equal(told[1], 32 * 1024 * 1024);
});

test("a signal, and the session's end, close the connection", { timeout: 60_000 }, async () => {
  const from = sockets.peers.length;
  const told = await inPage(async (url) => {
    const { Session } = await import("dualfetch");
    const session = new Session();
    const controller = new AbortController();
    const signalled = await session.websocket(`${url}/echo`, { signal: controller.signal });
    const receiving = signalled.receive();
    controller.abort("mine");
    const told = [await receiving.catch((reason) => reason)];
    const other = await session.websocket(`${url}/echo`);
    const last = other.receive();
    session.close();
    told.push(await last.catch(({ code }) => code));
    while (signalled.closed === null || other.closed === null) await new Promise((passed) => setTimeout(passed, 5));
    return told;
  }, sockets.url);
  assert.deepEqual(told, ["mine", "closed"]);
  assert.deepEqual(sockets.peers.slice(from).map(({ closed }) => closed.code), [1005, 1005]);
});

test("1,000 connections opened and dropped leave no permit", { timeout: 120_000 }, async () => {
  const from = sockets.peers.length;
  const told = await inPage(async (url) => {
    const { Session } = await import("dualfetch");
    // Within a page's own limit: Chromium puts off by seconds what opens when many are opening.
    const session = new Session();
    let done = 0;
    const worker = async () => {
      for (let at; (at = done++) < 1000; ) {
        const socket = await session.websocket(url + ["/echo", "/ends", "/drops"][at % 3]).catch(() => undefined);
        await socket?.close();
      }
    };
    await Promise.all(Array.from({ length: 30 }, worker));
    return session.figures();
  }, sockets.url);
  assert.deepEqual(told, { inFlight: 0, waiting: 0, hosts: [] });
  const peers = sockets.peers.slice(from);
  assert.equal(peers.length, 1000);
  while (!peers.every(({ socket }) => socket.destroyed)) await new Promise((passed) => setTimeout(passed, 5));
});

test("an event source reconnects, past the cache and without a preflight of its own", { timeout: 60_000 }, async () => {
  const told = await inPage(async () => {
    const { Session } = await import("dualfetch");
    const list = [];
    for await (const { data, id } of new Session().eventSource("/events", { reconnectionTime: 1 })) list.push([data, id]);
    return list;
  });
  assert.deepEqual(told, [["1", "1"], ["2", "2"]]);
  assert.deepEqual(streams, [[undefined, "text/event-stream"], ["1", "text/event-stream"], ["2", "text/event-stream"]]);
});

async function inPage(run, given) {
  const page = await browser.newPage();
  try {
    await page.goto(pages.url);
    return await page.evaluate(run, given);
  } finally {
    await page.close();
  }
}
