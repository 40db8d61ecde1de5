// Loaded before a program of docs/cookbook.md in Node: `*.example` is the kitchen.

import { createRequire } from "node:module";

const own = globalThis.fetch;

globalThis.fetch = async (input, init) => {
  const asked = new URL(input);
  if (!asked.hostname.endsWith(".example")) throw new Error(`no recipe goes to ${asked}`);
  const headers = new Headers(init?.headers);
  headers.set("x-kitchen", asked.hostname);
  const response = await own(process.env.KITCHEN + asked.pathname + asked.search, { ...init, headers });
  return Object.defineProperty(response, "url", { value: asked.href });
};

// Node 20 has none.
const tools = createRequire(new URL("../../../scripts/npm/package.json", import.meta.url));

globalThis.WebSocket = class extends tools("undici").WebSocket {
  constructor(url, protocols) {
    const asked = new URL(url);
    if (!asked.hostname.endsWith(".example")) throw new Error(`no recipe goes to ${asked}`);
    super(process.env.KITCHEN_SOCKETS + asked.pathname + asked.search, protocols);
  }
};
