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
