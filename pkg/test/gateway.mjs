import { createServer } from "node:http";
import { pipeline } from "node:stream/promises";
import { Readable } from "node:stream";

/** What a gateway neither passes on nor relays: src/gateway/headers.rs. */
const STRIPPED = /^(host|connection|content-length|keep-alive|transfer-encoding|user-agent|authorization|cookie|origin|referer|accept-encoding|set-cookie|www-authenticate|strict-transport-security|content-security-policy|content-encoding|(sec|proxy|dualfetch|access-control)-.*)$/;

/** Statuses that a browser acts upon itself, which are told by a field. */
const ACTED_UPON = [301, 302, 303, 307, 308, 407];

/**
 * A gateway as `dualfetch serve` is one, in Node: `GET /fetch?url=…` is fetched and relayed.
 *
 * @returns `url`; `asked`, what it was asked for; `next`, answers that are given in place of relaying, the first one first;
 *   `open`, the requests under way, each of which has the `upstream` signal
 */
export async function gateway({ key, path = "" } = {}) {
  const made = { asked: [], next: [], open: new Set() };
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://gateway");
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const asked = { method: request.method, path: pathname, url: searchParams.get("url"), isWrapped: searchParams.get("wrapped") === "true", headers: request.headers, body: Buffer.concat(chunks) };
    made.asked.push(asked);
    made.open.add(asked);
    const upstream = new AbortController();
    response.on("close", () => {
      made.open.delete(asked);
      upstream.abort();
    });
    const answer = made.next.shift();
    if (answer !== undefined) return answer(response, asked);
    if (pathname !== `${path}/fetch`) return problem(response, 404, { code: "not_found", detail: "there is only /fetch" });
    if (key !== undefined && asked.headers.authorization !== `Bearer ${key}`) {
      return problem(response, 401, { code: "unauthorized", detail: "the key is missing or not known" });
    }
    await relay(asked, response, upstream.signal, key !== undefined).catch(() => response.destroy());
  });
  server.keepAliveTimeout = 0;
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  made.url = `http://127.0.0.1:${server.address().port}${path}`;
  made.close = () =>
    new Promise((done) => {
      server.close(done);
      server.closeAllConnections();
    });
  return made;
}

/** A gateway's own answer: `application/problem+json`. */
export function problem(response, status, { code, headers = {}, ...more }) {
  const body = { type: "about:blank", title: "it failed", status, code, phase: null, url: null, attempts: null, request_id: "r-1", ...more };
  response.writeHead(status, { "content-type": "application/problem+json", "dualfetch-error": code, "x-request-id": "r-1", ...headers });
  response.end(JSON.stringify(body));
}

async function relay({ method, url, isWrapped, headers, body }, response, signal, isKeyed) {
  const passed = Object.entries(headers).filter(([name]) => !STRIPPED.test(name));
  const init = { method, headers: passed, signal, ...(body.length > 0 && { body }) };
  let answer;
  try {
    answer = await fetch(url, init);
  } catch (thrown) {
    const code = { ECONNREFUSED: "connect", ENOTFOUND: "dns" }[thrown.cause?.code] ?? "network";
    return problem(response, 502, { code, detail: `${code} failed`, url, attempts: 1 });
  }
  const fields = Object.fromEntries([...answer.headers].filter(([name]) => !STRIPPED.test(name)));
  const added = { "referrer-policy": "no-referrer", "content-type": "application/octet-stream", "cache-control": "no-store" };
  for (const name of Object.keys(added)) if (name in fields) delete added[name];
  const wrapped = isWrapped && ACTED_UPON.includes(answer.status);
  response.writeHead(wrapped ? 200 : answer.status, {
    ...fields,
    ...added,
    ...(wrapped && { "dualfetch-status": answer.status }),
    vary: [...(fields.vary ? [fields.vary] : []), ...(isKeyed ? ["authorization"] : []), "origin, access-control-request-headers"],
    "dualfetch-added": Object.keys(added).join(", "),
    "content-security-policy": "sandbox; default-src 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-resource-policy": "cross-origin",
    "x-request-id": "r-1",
    "dualfetch-url": answer.url,
    "dualfetch-redirects": answer.redirected ? "1" : "0",
  });
  response.flushHeaders();
  if (answer.body === null) response.end();
  else await pipeline(Readable.fromWeb(answer.body), response);
}
