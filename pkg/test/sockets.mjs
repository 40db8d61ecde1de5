import { createHash } from "node:crypto";
import { createServer } from "node:http";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

const quiet = () => {};

const echo = (peer) => {
  peer.onMessage = (message) => peer.send(message);
};

/** What breaks the protocol, or the connection. A client's own library sees each, and says 1006. */
export const FAULTS = {
  "/reserved-bits": (peer) => peer.frame(1, Buffer.from("x"), { rsv: 2 }),
  "/bad-opcode": (peer) => peer.frame(3, Buffer.from("x")),
  "/bad-utf8": (peer) => peer.frame(1, Buffer.from([0xff])),
  "/masked": (peer) => peer.frame(1, Buffer.from("x"), { mask: true }),
  "/long-ping": (peer) => peer.frame(9, Buffer.alloc(126)),
  "/ping-in-parts": (peer) => peer.frame(9, Buffer.alloc(1), { fin: false }),
  "/half-a-close": (peer) => peer.frame(8, Buffer.from([3])),
  "/unasked-compression": (peer) => peer.frame(1, Buffer.from([0xaa, 0x56]), { rsv: 4 }),
  "/drops": ({ socket }) => socket.destroy(),
};

/** What a test's server does, by path. */
export const ROUTES = {
  ...FAULTS,
  "/echo": echo,
  "/quiet": quiet,
  "/chosen": { fields: () => ({ "Sec-WebSocket-Protocol": "chat.v1" }), open: echo },
  "/hangs": { refuses: quiet },
  "/refused": { refuses: ({ socket }) => socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n") },
  "/wrong-key": { fields: () => ({ "Sec-WebSocket-Accept": "AAAAAAAAAAAAAAAAAAAAAAAAAAA=" }), open: quiet },
  "/unasked": { fields: () => ({ "Sec-WebSocket-Protocol": "other" }), open: quiet },
  "/ends": (peer) => {
    peer.send("last");
    peer.close(4001, "so long");
  },
  "/no-code": (peer) => peer.close(),
  "/never-answers": (peer) => {
    peer.answers = false;
  },
  "/sends": (peer) => {
    for (let at = 0; at < 10; at += 1) peer.send("x".repeat(100));
  },
  "/nothing": (peer) => {
    for (let at = 0; at < 11; at += 1) peer.send("");
  },
  "/fragments": (peer) => {
    peer.frame(1, Buffer.from([0x68, 0xc3]), { fin: false });
    peer.frame(9, Buffer.from("ping"));
    peer.frame(0, Buffer.from([0xbc]));
  },
};

/**
 * A server of WebSockets on the loopback (RFC 6455), which also breaks the rules when a route wants it to. `routes` are by
 * path and get a `Peer`; what none answers is 404.
 *
 * @returns {Promise<{url: string, peers: Peer[], close: () => Promise<void>}>}
 */
export async function serveSockets(routes = ROUTES) {
  const peers = [];
  const sockets = new Set();
  const server = createServer((request, response) => response.writeHead(404).end("no handshake"));
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
  });
  server.on("upgrade", (request, socket, head) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const route = routes[pathname];
    if (route === undefined) return socket.end("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    const peer = new Peer(request, socket);
    peers.push(peer);
    if (route.refuses) return route.refuses(peer);
    peer.accept(route.fields?.(peer));
    if (head.length > 0) peer.take(head);
    return (route.open ?? route)(peer);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const url = `ws://127.0.0.1:${server.address().port}`;
  const close = () =>
    new Promise((done) => {
      server.close(done);
      for (const socket of sockets) socket.destroy();
    });
  return { url, peers, close };
}

/** The client, as the server sees it. */
export class Peer {
  /** Messages that came. */
  messages = [];
  /** The close frame that came: `{ code, reason }`; null before. */
  closed = null;
  onMessage = () => {};
  /** Whether a close frame is answered. */
  answers = true;
  #rest = Buffer.alloc(0);
  #pieces = [];
  #isText = false;
  #hasClosed = false;

  constructor(request, socket) {
    this.request = request;
    this.socket = socket;
    socket.on("data", (data) => this.take(data));
    // What was upgraded may stay half open.
    socket.on("end", () => socket.end());
  }

  accept(fields = {}) {
    const key = createHash("sha1").update(this.request.headers["sec-websocket-key"] + GUID).digest("base64");
    const all = { Upgrade: "websocket", Connection: "Upgrade", "Sec-WebSocket-Accept": key, ...fields };
    const lines = Object.entries(all).filter(([, value]) => value !== undefined).map(([name, value]) => `${name}: ${value}\r\n`);
    this.socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join("")}\r\n`);
  }

  send(message) {
    const isText = typeof message === "string";
    return this.frame(isText ? 1 : 2, Buffer.from(message));
  }

  close(code, reason = "") {
    const payload = code === undefined ? Buffer.alloc(0) : Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]);
    this.#hasClosed = true;
    this.frame(8, payload);
  }

  /** One frame, whole or broken; whether the socket wants more. */
  frame(opcode, payload = Buffer.alloc(0), { fin = true, rsv = 0, mask = false, length = payload.length } = {}) {
    const masked = mask ? 128 : 0;
    let size;
    if (length < 126) size = Buffer.from([masked | length]);
    else if (length < 65536) size = Buffer.from([masked | 126, length >> 8, length & 255]);
    else {
      size = Buffer.alloc(9);
      size[0] = masked | 127;
      size.writeBigUInt64BE(BigInt(length), 1);
    }
    const start = Buffer.from([(fin ? 128 : 0) | (rsv << 4) | opcode]);
    return this.socket.write(Buffer.concat([start, size, mask ? Buffer.alloc(4) : Buffer.alloc(0), payload]));
  }

  take(data) {
    this.#rest = Buffer.concat([this.#rest, data]);
    for (;;) {
      const frame = parsed(this.#rest);
      if (frame === undefined) return;
      this.#rest = this.#rest.subarray(frame.end);
      this.#took(frame);
    }
  }

  #took({ fin, opcode, payload }) {
    if (opcode === 8) {
      this.closed = { code: payload.length < 2 ? 1005 : payload.readUInt16BE(), reason: payload.subarray(2).toString() };
      if (!this.answers) return;
      if (!this.#hasClosed) this.frame(8, payload);
      this.socket.end();
    } else if (opcode === 9) this.frame(10, payload);
    else if (opcode < 3) {
      if (opcode !== 0) this.#isText = opcode === 1;
      this.#pieces.push(payload);
      if (!fin) return;
      const whole = Buffer.concat(this.#pieces);
      this.#pieces = [];
      const message = this.#isText ? whole.toString() : whole;
      this.messages.push(message);
      this.onMessage(message);
    }
  }
}

/** The first frame that is all there. */
function parsed(data) {
  if (data.length < 2) return undefined;
  const short = data[1] & 127;
  const at = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (data.length < at + 4) return undefined;
  const length = short === 126 ? data.readUInt16BE(2) : short === 127 ? Number(data.readBigUInt64BE(2)) : short;
  const end = at + 4 + length;
  if (data.length < end) return undefined;
  const mask = data.subarray(at, at + 4);
  const payload = Buffer.from(data.subarray(at + 4, end));
  for (let i = 0; i < payload.length; i += 1) payload[i] ^= mask[i & 3];
  return { fin: (data[0] & 128) !== 0, opcode: data[0] & 15, payload, end };
}
