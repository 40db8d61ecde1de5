// Loaded before a program of docs/cookbook.md in Node: `*.example` is the kitchen.

const own = globalThis.fetch;

globalThis.fetch = async (input, init) => {
  const asked = new URL(input);
  if (!asked.hostname.endsWith(".example")) throw new Error(`no recipe goes to ${asked}`);
  const headers = new Headers(init?.headers);
  headers.set("x-kitchen", asked.hostname);
  const response = await own(process.env.KITCHEN + asked.pathname + asked.search, { ...init, headers });
  return Object.defineProperty(response, "url", { value: asked.href });
};
