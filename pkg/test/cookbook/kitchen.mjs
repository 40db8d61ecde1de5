// What docs/cookbook.md's JavaScript programs are served: all hosts of `*.example`, on one loopback port. Which host is
// meant stands in the header field `x-kitchen`.

import { serve } from "../server.mjs";
import { serveSockets } from "../sockets.mjs";

const pears = [{ name: "Anjou" }, { name: "Bosc" }, { name: "Comice" }];
const story = '<title>A story</title><meta property="og:title" content="Big pears">';
const list = '<ul><li class=pear><a href=/1>Anjou</a><li class=pear><a href=/2>Bosc</a></ul>';

const html = (response, page) => response.writeHead(200, { "content-type": "text/html" }).end(page);
const json = (response, value, status = 200, headers = {}) =>
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(value));

const challenge = 'Digest realm="vault", nonce="7a1", qop="auth", algorithm=SHA-256';
const vault = (response, { headers }) => {
  if (headers.authorization?.startsWith("Digest ")) return response.end("42");
  response.writeHead(401, { "www-authenticate": challenge }).end();
};

/** What comes after the event of this id. */
const prices = { "": "id: 1\nevent: price\ndata: 3 €\n\nid: 2\nevent: price\ndata: 4 €\n\n", 2: "id: 3\nevent: price\ndata: 2 €\n\n" };

const room = (peer) => {
  peer.onMessage = (message) => {
    const { join, text } = JSON.parse(message);
    peer.send(JSON.stringify(join ? { from: "Bosc", text: "Who is ripe?" } : { from: "Anjou", text }));
  };
};

/** `sockets` is where its WebSockets are. */
export async function openKitchen() {
  const sockets = await serveSockets({ "/room": { fields: () => ({ "Sec-WebSocket-Protocol": "chat.v1" }), open: room } });
  const kitchen = await openWithout();
  return { ...kitchen, sockets: sockets.url, close: () => Promise.all([kitchen.close(), sockets.close()]) };
}

function openWithout() {
  return serve({
    "/never": () => {},
    "/pears": (response) => html(response, list),
    "/story": (response) => html(response, story),
    "/token": (response) => response.end("new"),
    "/v1/me": (response, { headers }) => json(response, {}, headers.authorization === "Bearer new" ? 200 : 401),
    "/v1/log": (response) => {
      response.writeHead(200, { "content-type": "application/x-ndjson" });
      response.write('{"level":"info","text":"picking"}\n{"level":"error","text":"the pears are gone"}\n');
      // The rest never comes: who is not content with this waits for ever.
    },
    "/v1/pears": (response, { method, params, headers }) => {
      if (method === "POST") return json(response, { error: "a pear needs a name" }, 422);
      if (params.has("ripe")) return json(response, headers.authorization === "Bearer token" ? pears.slice(0, 2) : []);
      if (params.get("page") === "2") return json(response, pears.slice(2));
      return json(response, pears.slice(0, 2), 200, { link: '</v1/pears?page=2>; rel="next"' });
    },
    "/v1/completions": (response, { body }) => {
      response.writeHead(JSON.parse(body).stream ? 200 : 400, { "content-type": "text/event-stream" });
      for (const word of ["The", " pears", " are."]) response.write(`data: ${JSON.stringify({ delta: word })}\n\n`);
      // The rest never comes: who is not content with this waits for ever.
      response.write("data: [DONE]\n\n");
    },
    "/v1/prices": (response, { headers }) => {
      const next = prices[headers["last-event-id"] ?? ""];
      response.writeHead(next === undefined ? 204 : 200, { "content-type": "text/event-stream" }).end(next);
    },
    "/v1/photos": (response, { body }) => response.end(`${body.match(/Content-Disposition/gi).length} parts`),
    "/orchard.txt": (response) => response.writeHead(200, { "content-type": "text/plain", etag: '"1"' }).end("pear\n".repeat(1000)),
    "/one": vault,
    "/two": vault,
    "/1": (response) => html(response, "<title>Pear 1</title>"),
    "/2": (response) => html(response, "<title>Pear 2</title>"),
  });
}
