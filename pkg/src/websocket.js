// WebSockets over the platform's own. The engine asks for a handshake as for any request, under the session's limits and
// clocks, and is answered by what is here: the connection is that answer's body, which ends as it is closed.

import { Wire } from "./wire.js";

/** Milliseconds; a platform's timer takes no more. */
const LONGEST = 2 ** 31 - 1;

/** For the whole of the opening but the wait in line: as for every request. */
const TOTAL = 5 * 60_000;

/** What a session may say of its requests, and no handshake is told. */
const OF_FETCH = ["cache", "credentials", "integrity", "keepalive", "mode", "referrer", "referrerPolicy"];

const DEFAULTS = {
  closeTimeout: 10_000,
  maxBuffered: 16 * 1024 * 1024,
  maxMessageSize: 4 * 1024 * 1024,
  receiveTimeout: Infinity,
};

/**
 * A connection, once it is open.
 *
 * @param {string} url what `resolved` gave
 * @param {object} wishes what `DEFAULTS` names, and `protocols`
 * @param {object} way `asked`, `error`, `isOurs`, `shown` and `written`, for modules that are loaded late have none of
 *   their own; `call`, the `engine`, the caller's `relay`, and `ending`, a relay that ends the opening
 */
export async function opened(url, wishes, way) {
  const { call, ending, engine, error, isOurs, relay } = way;
  const Socket = engine.own.WebSocket ?? globalThis.WebSocket;
  if (typeof Socket !== "function") {
    const message = "websocket is not supported here (no WebSocket is there: give one to new Session({ WebSocket }))";
    throw error("unsupported", message, { detail: "websocket" });
  }
  const request = handshake(url, way);
  const address = withScheme(request.url, "ws");
  const settings = { ...DEFAULTS, parseJson: call.parseJson, stringifyJson: call.options.stringifyJson, ...wishes };
  const clocks = clocksOf(way, address);
  const pass = () => ending.end(relay.reason);
  const done = () => relay?.remove(pass);
  relay?.add(pass);
  // It may have fired since the call began, and calls nobody a second time.
  if (relay?.aborted) pass();
  let wire;
  request.body = (_, { signal }) => {
    clocks.start("total");
    const socket = new Socket(address, settings.protocols ?? []);
    wire = new Wire(socket, address, settings, way);
    return wire.answer(signal);
  };
  try {
    clocks.start("wall");
    const handle = await engine.ready(ending);
    const response = await handle.send(request, ending);
    wire.hold(response, done);
    return new SessionWebSocket(wire, way);
  } catch (thrown) {
    done();
    if (isOurs(thrown) && thrown.url === request.url) {
      [thrown.url, thrown.message] = [address, thrown.message.replace(`(${request.url})`, `(${address})`)];
    }
    // The platform's own error is nearer than ours about it.
    if (thrown?.cause?.told !== undefined) thrown.cause = thrown.cause.told;
    throw thrown;
  } finally {
    clocks.stop();
  }
}

/** A connection that is open. */
export class SessionWebSocket {
  #wire;
  #way;

  /** Made by a session. */
  constructor(wire, way) {
    this.#wire = wire;
    this.#way = way;
  }

  /** The URL it was opened by, without a fragment. */
  get url() {
    return this.#wire.url;
  }

  /** The subprotocol that the server chose; empty where it chose none. */
  get protocol() {
    return this.#wire.socket.protocol ?? "";
  }

  /** How many bytes were sent and are not on their way yet. */
  get bufferedAmount() {
    return this.#wire.socket.bufferedAmount ?? 0;
  }

  /** How it was closed; null while it is not. */
  get closed() {
    return this.#wire.closed;
  }

  /** The next message; undefined at the end. */
  receive() {
    return this.#wire.receive();
  }

  /** The next message read as JSON. */
  async receiveJson() {
    const message = await this.receive();
    if (message === undefined) throw this.#way.error("closed", `the WebSocket is closed (${this.url})`, { url: this.url, attempts: 1 });
    const text = typeof message === "string" ? message : new TextDecoder().decode(message);
    try {
      return await (this.#wire.settings.parseJson ?? JSON.parse)(text);
    } catch (cause) {
      const start = `the message starts ${JSON.stringify(text.slice(0, 80))}`;
      throw this.#way.error("json", `invalid JSON: ${cause?.message ?? this.#way.shown(cause)}; ${start}`, { url: this.url, cause });
    }
  }

  /** Sends a message; the promise is kept when there is room for another. */
  async send(message) {
    const isBlob = typeof Blob === "function" && message instanceof Blob;
    if (typeof message !== "string" && !(message instanceof ArrayBuffer) && !ArrayBuffer.isView(message) && !isBlob) {
      throw this.#invalid("message", `a string, an ArrayBuffer, a view of one or a Blob, not ${this.#way.shown(message)}`);
    }
    return this.#wire.send(message);
  }

  /** Sends a value written as JSON. */
  async sendJson(value) {
    return this.#wire.send(this.#way.written(value, this.#wire.settings.stringifyJson));
  }

  /** Closes it; the promise is kept when the server has, too, and gives `closed`. */
  async close(code = 1000, reason = "") {
    // What a page may send: 1001, 1002 and their like are the platform's own.
    if (!Number.isInteger(code) || (code !== 1000 && !(code >= 3000 && code <= 4999))) {
      throw this.#invalid("code", `1000, or 3000 to 4999, not ${this.#way.shown(code)}`);
    }
    if (typeof reason !== "string") throw this.#invalid("reason", `a string, not ${this.#way.shown(reason)}`);
    const length = new TextEncoder().encode(reason).length;
    if (length > 123) throw this.#invalid("reason", `at most 123 bytes of UTF-8, not ${length}`);
    return this.#wire.close(code, reason);
  }

  /** The messages. Leaving the loop closes the connection. */
  [Symbol.asyncIterator]() {
    const quietly = () => this.close().catch(() => {});
    let isOver = false;
    const next = async () => {
      if (isOver) return { done: true, value: undefined };
      try {
        const value = await this.receive();
        isOver ||= value === undefined;
        return { done: value === undefined, value };
      } catch (reason) {
        isOver = true;
        // A loop that has thrown asks no more; another reader's does.
        if (reason?.phase === "read") quietly();
        throw reason;
      }
    };
    const end = async (value) => {
      isOver = true;
      const closing = quietly();
      this.#wire.clear();
      await closing;
      return { done: true, value };
    };
    return { next, return: end, [Symbol.asyncIterator]: function () { return this; } };
  }

  /** For `console.log` and its like, which see no accessors. */
  [Symbol.for("nodejs.util.inspect.custom")](_, options, inspect) {
    const { url, protocol, bufferedAmount, closed } = this;
    return `SessionWebSocket ${inspect({ url, protocol, bufferedAmount, closed }, options)}`;
  }

  /** Closes it, for `await using`. */
  async [Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose")]() {
    await this.close().catch(() => {});
  }

  #invalid(name, why) {
    return this.#way.error("invalid_option", `invalid option ${name}: ${why}`, { detail: name });
  }
}

/** The request that the engine is asked for. */
function handshake(url, { asked, call, engine, error }) {
  let parsed;
  try {
    parsed = new URL(url);
  } catch (cause) {
    throw error("invalid_url", `invalid URL: ${JSON.stringify(url)}: not an absolute URL, such as wss://`, { cause });
  }
  if (!/^(ws|http)s?:$/.test(parsed.protocol)) {
    throw error("unsupported_scheme", `unsupported URL scheme: "${parsed.protocol.slice(0, -1)}" (${url})`, { url });
  }
  parsed.hash = "";
  const unbound = { maxBody: Infinity, timeoutRead: Infinity, timeoutTotal: Infinity, timeoutWall: Infinity };
  const options = { ...call.options, ...unbound, raiseForStatus: undefined, headers: undefined };
  // PUT: it may be sent twice, so it is retried as a GET is, and may have a body, which is how it is answered from here.
  const request = asked(withScheme(parsed.href, "http"), options, "PUT");
  const { digest, headers = [] } = call.complete({ url: request.url, headers: [] });
  const fields = [...engine.headers, ...headers].filter((_, at) => at % 2 === 0);
  const isAuth = (name) => /^(authorization|cookie|proxy-authorization)$/i.test(name);
  if (parsed.username || parsed.password || digest !== undefined || fields.some(isAuth)) {
    const why = "no platform's WebSocket can: a token goes into the URL or a subprotocol, and session.extend({ auth: null }) is without the session's";
    throw error("unsupported", `auth is not supported here (${why})`, { detail: "auth" });
  }
  const has = (feature, what) => {
    const why = `no platform's WebSocket can, and the session has ${what}: open it by one that has none`;
    return error("unsupported", `${feature} is not supported here (${why})`, { detail: feature });
  };
  if (fields.length > 0) throw has("headers", JSON.stringify(fields[0]));
  const word = OF_FETCH.find((name) => (call.options[name] ?? engine.own[name]) !== undefined);
  if (word !== undefined) throw has(word, "it");
  return request;
}

/** The URL with the scheme, or the secure one of its kind. */
function withScheme(url, scheme) {
  return url.replace(/^(?:http|ws)(s?):/, `${scheme}$1:`);
}

/** The bounds on the opening that the engine would go on holding the open connection to. */
function clocksOf({ call, ending, engine, error }, url) {
  const timers = new Map();
  const start = (phase) => {
    const name = phase === "wall" ? "timeoutWall" : "timeoutTotal";
    const bound = call.options[name] ?? engine.own[name] ?? (phase === "total" ? TOTAL : Infinity);
    if (timers.has(phase) || bound === Infinity) return;
    const end = () => ending.end(error("timeout", `timed out: ${phase} (${url})`, { url, phase, attempts: 1 }));
    timers.set(phase, setTimeout(end, Math.min(bound, LONGEST)));
  };
  return { start, stop: () => timers.forEach(clearTimeout) };
}
