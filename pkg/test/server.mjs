import { createServer } from "node:http";

/**
 * A server on the loopback for one test file. `routes` are by path; what none answers is 404.
 *
 * @returns {Promise<{url: string, seen: object[], held: Set<object>, close: () => Promise<void>}>}
 */
export async function serve(routes) {
  const seen = [];
  const held = new Set();
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://localhost");
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const asked = {
      method: request.method,
      url: request.url,
      path: pathname,
      params: searchParams,
      headers: request.headers,
      body: Buffer.concat(chunks).toString(),
    };
    seen.push(asked);
    held.add(response);
    response.on("close", () => held.delete(response));
    const route = routes[pathname] ?? routes[`/${pathname.split("/")[1]}/*`];
    if (route) await route(response, asked);
    else response.writeHead(404).end();
  });
  // Else, on a machine that is busy, a kept connection may end just as the next request is sent over it.
  server.keepAliveTimeout = 0;
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${server.address().port}`;
  const close = () =>
    new Promise((done) => {
      server.close(done);
      server.closeAllConnections();
    });
  return { url, seen, held, close };
}

/** Waits until it holds; a test that waits for what never comes is ended by the runner. */
export async function until(condition) {
  while (!condition()) await new Promise((done) => setTimeout(done, 1));
}

/** A promise and what settles it. */
export function gate() {
  const made = {};
  made.passed = new Promise((open) => (made.open = open));
  return made;
}
