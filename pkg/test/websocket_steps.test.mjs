import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { isNetworkError, isTimeoutError, isWebSocketError, Session } from "dualfetch";

import { fakes } from "./fake.mjs";
import { until } from "./server.mjs";

const table = JSON.parse(readFileSync(new URL("../../tests/sockets.json", import.meta.url)));
const URL_OF = "ws://localhost:1/";

/** A connection that is open, and the platform's own under it. */
async function opened(options) {
  const WebSocket = fakes();
  const session = new Session({ WebSocket });
  const opening = session.websocket(URL_OF, options);
  await until(() => WebSocket.made.length === 1);
  const [fake] = WebSocket.made;
  fake.take({ open: true });
  return { socket: await opening, fake, session };
}

test("what a platform's WebSocket tells comes to what the table says", async () => {
  assert.ok(table.length >= 13);
  for (const { name, steps, outcome } of table) {
    const WebSocket = fakes();
    const session = new Session({ WebSocket });
    const opening = session.websocket(URL_OF);
    opening.catch(() => {});
    await until(() => WebSocket.made.length === 1);
    const [fake] = WebSocket.made;
    let socket;
    for (const step of steps) {
      if (step.closing) socket.close(step.closing.code, step.closing.reason).catch(() => {});
      else fake.take(step);
      if (step.open) socket = await opening;
    }
    if (outcome.opening) {
      await assert.rejects(opening, (thrown) => isNetworkError(thrown) && thrown.code === outcome.opening, name);
    } else {
      const messages = [];
      const receiving = (async () => {
        for await (const message of socket) messages.push(message);
      })();
      if (outcome.error === null) await receiving;
      else await assert.rejects(receiving, { code: outcome.error }, name);
      const { code, reason, by } = socket.closed;
      assert.deepEqual({ messages, code, reason, by }, { messages: outcome.messages, code: outcome.code, reason: outcome.reason, by: outcome.by }, name);
    }
    assert.deepEqual(session.figures(), { inFlight: 0, waiting: 0, hosts: [] }, name);
  }
});

test("an iterator that is left gives no more, and holds nothing that had come", async () => {
  const { socket, fake, session } = await opened();
  for (const message of ["1", "2", "3"]) fake.take({ message });
  const iterator = socket[Symbol.asyncIterator]();
  assert.equal((await iterator.next()).value, "1");
  const leaving = iterator.return("left");
  fake.take({ close: { code: 1000, reason: "", wasClean: true } });
  assert.deepEqual(await leaving, { done: true, value: "left" });
  assert.deepEqual(await iterator.next(), { done: true, value: undefined });
  assert.equal(await socket.receive(), undefined);
  assert.equal(session.figures().inFlight, 0);
});

test("an iterator that has thrown is over", async () => {
  const { socket, fake } = await opened();
  const iterator = socket[Symbol.asyncIterator]();
  fake.take({ close: { code: 1006, reason: "", wasClean: false } });
  await assert.rejects(iterator.next(), { code: "disconnected" });
  assert.deepEqual(await iterator.next(), { done: true, value: undefined });
});

test("close() that nobody answers is a timeout, whatever the connection had failed with", async () => {
  const tooLong = await opened({ maxMessageSize: 1, closeTimeout: 20 });
  tooLong.fake.take({ message: "long" });
  const isLate = (thrown) => isTimeoutError(thrown) && thrown.phase === "close";
  await assert.rejects(tooLong.socket.close(), isLate);
  await assert.rejects(tooLong.socket.receive(), isWebSocketError);

  const controller = new AbortController();
  const aborted = await opened({ signal: controller.signal, closeTimeout: 20 });
  controller.abort("enough");
  await assert.rejects(aborted.socket.close(), isLate);
  await assert.rejects(aborted.socket.receive(), (thrown) => thrown === "enough");
});

test("a signal that fires while the call begins ends it", async () => {
  const WebSocket = class extends fakes() {
    constructor(...given) {
      super(...given);
      setTimeout(() => this.take({ open: true }));
    }
  };
  const session = new Session({ WebSocket });
  const controller = new AbortController();
  const url = {
    get href() {
      controller.abort("meanwhile");
      return URL_OF;
    },
  };
  await assert.rejects(session.websocket(url, { signal: controller.signal }), (thrown) => thrown === "meanwhile");
  assert.equal(WebSocket.made.length, 0);
});
