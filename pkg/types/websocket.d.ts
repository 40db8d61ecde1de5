import type { GetOptions, SharedOptions } from "./options.js";

declare global {
  interface SymbolConstructor {
    readonly asyncDispose: unique symbol;
  }
}

/** What `websocket` takes. */
export interface WebSocketOptions
  extends Pick<SharedOptions, "baseUrl" | "prefixUrl" | "params" | "searchParams" | "parseJson" | "priority" | "proxy" | "retry" | "stringifyJson" | "timeout" | "tls"> {
  /**
   * The subprotocols to offer, the best first; the server's choice is `protocol`. What is no token, or is there twice, is
   * `invalid_option`.
   * @default []
   */
  protocols?: string | readonly string[];
  /**
   * Ends the waiting, the opening and, later, the connection: what waits, and each receiver, rejects with the signal's own
   * reason.
   * @default none
   */
  signal?: GetOptions["signal"];
  /**
   * How large a message may be, in bytes after decompression, a text's in UTF-8; 0, `null` and `Infinity` are no bound. Past
   * it the connection is closed, and receivers reject with a `WebSocketError` of `closeCode` 1009. The platform takes the
   * whole message in before it can be judged.
   * @default 4_194_304
   */
  maxMessageSize?: number | null;
  /**
   * How many bytes may have come and not have been taken, a message counting for 64 at least: no platform's WebSocket bounds
   * that. 0, `null` and `Infinity` are no bound. Past it the connection is closed as past `maxMessageSize`; what came before
   * can still be received.
   * @default 16_777_216
   */
  maxBuffered?: number | null;
  /**
   * Milliseconds that a message may be waited for; `null` for ever. Past it `receive` rejects with a `TimeoutError` of the
   * phase `read`, and the connection stays open; a loop has ended then, and the connection is closed.
   * @default null
   */
  receiveTimeout?: number | null;
  /**
   * Milliseconds that the closing handshake may take; `null` for no bound but the platform's own.
   * @default 10_000
   */
  closeTimeout?: number | null;
  /**
   * Not supported, as all below: the platform sends the handshake itself, and says neither who is asking nor what one likes.
   * Setting it is an error of code `unsupported`. A token goes into the URL or a subprotocol.
   * @default none
   */
  auth?: never;
  /**
   * Header fields of the handshake.
   * @default the platform's
   */
  headers?: never;
  /**
   * The page on whose behalf it is opened.
   * @default the platform's
   */
  origin?: never;
  /**
   * The field `user-agent`.
   * @default the platform's
   */
  userAgent?: never;
  /**
   * What is called on the way: a session's own are `unsupported`, too.
   * @default none
   */
  hooks?: never;
  /**
   * What stands around the call: a session's own is `unsupported`, too.
   * @default none
   */
  middleware?: never;
  /**
   * How often a ping is sent. The platform answers pings unseen, and sends none.
   * @default none
   */
  heartbeat?: never;
  /**
   * Whether pings are answered.
   * @default true
   */
  autoPong?: never;
  /**
   * Whether compressed messages are offered (RFC 7692). The platform decides.
   * @default the platform's; pages offer it
   */
  permessageDeflate?: never;
  /**
   * How large a frame may be.
   * @default no bound of its own
   */
  maxFrameSize?: never;
  /**
   * The coding of a request's body: a handshake has none.
   * @default none
   */
  compress?: never;
}

/** How a connection was closed. */
export interface WebSocketClose {
  /** Why, the status of the close frame (RFC 6455, section 7.4): 1005 where it had none, 1006 where there was no frame. */
  readonly code: number;
  /** The reason in words; often empty. */
  readonly reason: string;
  /** Whose close frame came first; `"neither"` where the connection was lost, or given up after `closeTimeout`. */
  readonly by: "client" | "server" | "neither";
  /**
   * What the platform says: whether both close frames went and the connection ended in order behind them. All that the server
   * had sent before has come where `code` is not 1006, whatever this says: its close frame is the last of it. (That is what
   * `is_clean` of the Rust crate and a loop's end go by.)
   */
  readonly wasClean: boolean;
}

/** A message: a text, or bytes. */
export type WebSocketMessage = string | Uint8Array;

/**
 * An open WebSocket (RFC 6455), over the platform's own. It counts against the session's limits until it is closed: one that
 * is forgotten holds its place, and is not collected as garbage while the server keeps it open. Close it, leave a loop over
 * it, or declare it by `await using`.
 *
 * The loop over it gives message after message and ends with the closing handshake, whoever began it and whatever its code;
 * `closed` tells. A connection that ends without one (1006), which is also what a platform says when the server has broken
 * the protocol, makes it throw a `NetworkError` of code `disconnected`. Leaving the loop closes the connection with 1000 and drops
 * what had come.
 */
export interface SessionWebSocket extends AsyncIterable<WebSocketMessage> {
  /** The URL it was opened by, its scheme ws or wss, without a fragment. */
  readonly url: string;
  /** The subprotocol that the server has chosen; "" for none. */
  readonly protocol: string;
  /** How many bytes were sent and are not on their way yet. */
  readonly bufferedAmount: number;
  /** How it was closed; null while it is open. */
  readonly closed: WebSocketClose | null;
  /**
   * The next message; undefined once the connection is closed, and what had come is taken. One call at a time.
   *
   * @throws {TimeoutError} of the phase `read` where `receiveTimeout` passes, of the phase `close` where `closeTimeout` did
   * @throws {WebSocketError} past `maxMessageSize` and `maxBuffered`
   * @throws {NetworkError} of code `disconnected` where the connection has ended without a closing handshake
   * @throws {BodyError} of code `body_used` while another call, or a loop, waits for a message
   * @throws {ClosedError} once the session is closed; or the signal's own reason
   */
  receive(): Promise<WebSocketMessage | undefined>;
  /**
   * The next message as JSON, whether it came as text or bytes, by the session's `parseJson`.
   * @throws {DualfetchError} as `receive` does; of code `json` for what is none, of code `closed` once the connection is
   * closed
   */
  receiveJson<T = unknown>(): Promise<T>;
  /**
   * Sends a message, whole and in the order of the calls. The promise is kept once no more than 1 MiB is unsent: who waits
   * for it goes no faster than the network. (No platform tells when that is, so it is looked at every 10 ms.)
   *
   * @throws {ClosedError} once the connection is closed, or being closed
   * @throws {NetworkError} of code `disconnected` where it has ended; or the signal's own reason
   * @throws {InputError} for what is no message
   */
  send(message: string | ArrayBuffer | ArrayBufferView | Blob): Promise<void>;
  /**
   * Sends a value as JSON, in a text message, by the session's `stringifyJson`.
   * @throws {DualfetchError} as `send` does; of code `invalid_option` for what cannot be written
   */
  sendJson(value: unknown): Promise<void>;
  /**
   * Closes the connection in order and waits for the server to do so, too. What comes meanwhile is dropped. Where it is closed
   * already that is told, and nothing done.
   *
   * @param code 1000, or 3000 to 4999: a page may send no other. Default 1000
   * @param reason at most 123 bytes of UTF-8. Default ""
   * @throws {InputError} for another code, or a longer reason: nothing was sent then
   * @throws {TimeoutError} of the phase `close` where no answer came within `closeTimeout`; the connection is over then, too
   */
  close(code?: number, reason?: string): Promise<WebSocketClose>;
  /**
   * The messages.
   * @throws {DualfetchError} in the loop, as `receive` does
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<WebSocketMessage>;
  /** Closes it, for `await using`; that the server does not answer is no error here. */
  [Symbol.asyncDispose](): Promise<void>;
}
