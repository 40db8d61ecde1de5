import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";

import { isNetworkError, Session } from "dualfetch";

import { fakes } from "./fake.mjs";
import { until } from "./server.mjs";

const URL_OF = "ws://localhost:1/";

/** A connection that is being opened, and the platform's own under it. */
async function opening() {
  const WebSocket = fakes();
  const session = new Session({ WebSocket });
  const opened = session.websocket(URL_OF);
  opened.catch(() => {});
  await until(() => WebSocket.made.length === 1);
  return { opened, fake: WebSocket.made[0], session };
}

test("a handshake that fails is told in the platform's words, once", async () => {
  const refused = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
  // Node's, of a name with two addresses.
  const both = Object.assign(new AggregateError([refused, refused]), { code: "ECONNREFUSED" });
  const cases = [
    [new Error("Unexpected server response: 401"), "network", "network error: the WebSocket was not opened: Unexpected server response: 401 (ws://localhost:1/)"],
    [refused, "connect", "could not connect: the WebSocket was not opened: connect ECONNREFUSED (ws://localhost:1/)"],
    [both, "connect", "could not connect: the WebSocket was not opened: ECONNREFUSED (ws://localhost:1/)"],
  ];
  for (const [error, code, message] of cases) {
    const { opened, fake, session } = await opening();
    fake.dispatchEvent(Object.assign(new Event("error"), { error }));
    await assert.rejects(opened, (thrown) => {
      assert.deepEqual([thrown.code, thrown.message, isNetworkError(thrown)], [code, message, true]);
      return thrown.cause === error;
    });
    assert.equal(session.figures().inFlight, 0);
  }
  const { opened, fake } = await opening();
  fake.dispatchEvent(new Event("error"));
  await assert.rejects(opened, ({ message }) => /not opened: no connection, .* does not say which/.test(message) && !/Error:/.test(message));
});

test("an error after the opening ends nothing by itself", async () => {
  const { opened, fake } = await opening();
  fake.take({ open: true });
  const socket = await opened;
  fake.take({ error: true });
  await new Promise((passed) => setTimeout(passed, 5));
  assert.equal(socket.closed, null);
  fake.take({ message: "still" });
  assert.equal(await socket.receive(), "still");
});

test("console.log of a WebSocket shows what it is", async () => {
  const { opened, fake } = await opening();
  fake.take({ open: true });
  const shown = inspect(await opened, { breakLength: Infinity });
  assert.equal(shown, "SessionWebSocket { url: 'ws://localhost:1/', protocol: '', bufferedAmount: 0, closed: null }");
});
