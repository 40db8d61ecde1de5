import { createRequire } from "node:module";
import { test } from "node:test";

import { Session } from "dualfetch";

export const tools = createRequire(new URL("../../scripts/npm/package.json", import.meta.url));

/** What WebSockets are made by where Node has none; where it has, that is undici's. */
export const CLASSES = { undici: tools("undici").WebSocket, ws: tools("ws").WebSocket };

/** A test of each class, each with a session of its own. */
export function each(name, run) {
  for (const [of, WebSocket] of Object.entries(CLASSES)) {
    test(`${name} (${of})`, { timeout: 60_000 }, () => run(new Session({ WebSocket }), of));
  }
}

/** All that comes. */
export async function all(iterable) {
  const list = [];
  for await (const one of iterable) list.push(one);
  return list;
}

/** An `AbortSignal` that knows how many listen to it. */
export function countedSignal() {
  const signal = Object.assign(new EventTarget(), { aborted: false, reason: undefined, count: 0 });
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...given) => ((signal.count += 1), addEventListener.apply(signal, given));
  signal.removeEventListener = (...given) => ((signal.count -= 1), removeEventListener.apply(signal, given));
  return signal;
}
