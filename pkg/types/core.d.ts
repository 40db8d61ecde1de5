import type { GetOptions, AnyRequestOptions, DownloadOptions, ExtendOptions, FetchAllOptions, RequestOptions, SessionOptions } from "./options.js";
import type { DualfetchError } from "./errors.js";
import type { EventSourceOptions, SessionEventSource } from "./events.js";
import type { Saved, SaveTarget, SessionResponse } from "./response.js";
import type { SessionWebSocket, WebSocketOptions } from "./websocket.js";

// As TypeScript's own esnext.disposable and @types/node have it, for projects with neither.
declare global {
  interface SymbolConstructor {
    readonly dispose: unique symbol;
  }
}

export * from "./errors.js";
export * from "./events.js";
export * from "./options.js";
export * from "./response.js";
export * from "./websocket.js";

/** A request for `fetchAll`: an absolute URL, or one with options of its own. */
export type BatchRequest =
  | string
  | URL
  | ({
      /** An absolute URL, or one that the session's `baseUrl` makes absolute. */
      url: string | URL;
    } & Omit<AnyRequestOptions, "signal">);

/** One request's response, or why there is none. */
export interface FetchRow {
  /** The request's place in the input, from 0. */
  index: number;
  /** The URL as it was given. */
  url: string;
  /** Milliseconds from the moment the request was taken up, waiting included. */
  elapsed: number;
  /** Null where there is an error. Its body holds a permit until it is read or cancelled: see `SessionResponse`. */
  response: SessionResponse | null;
  /** Why there is no response; null where there is one. */
  error: DualfetchError | null;
}

/** What is under way and what waits. */
export interface Figures {
  /** How many requests hold a permit: from their turn to their body's end. */
  inFlight: number;
  /** How many wait for their turn. */
  waiting: number;
  /** The same by host, those alone at which something is under way or waits. */
  hosts: {
    /** Scheme, name and port. */
    origin: string;
    /** How many requests to it hold a permit. */
    inFlight: number;
    /** How many requests to it wait. */
    waiting: number;
  }[];
}

/**
 * One fetch session: limits, timeouts, redirects and decoding for all that is asked of it. It loads itself on first use.
 */
export class Session {
  /**
   * Opens nothing yet.
   * @throws {InputError} for an option that makes no sense
   * @throws {UnsupportedError} for one that no `fetch` can honour
   */
  constructor(options?: SessionOptions | null);
  /**
   * URLs are resolved against `baseUrl`, those of titles and lists, too. Without one a verb's, as `fetch`'s, may in a page be
   * relative to the page; elsewhere they must be absolute. The promise is kept when the head is there; a status is no error
   * unless `raiseForStatus` is set.
   *
   * @throws {DualfetchError} for each way in which a request fails, `error.code` says which; or the signal's own reason
   */
  get(url: string | URL, options?: GetOptions | null): Promise<SessionResponse>;
  /**
   * A HEAD request: its response has no body. Redirects are followed, as by `get`.
   * @throws {DualfetchError} as `get` does
   */
  head(url: string | URL, options?: GetOptions | null): Promise<SessionResponse>;
  /**
   * An OPTIONS request: what the server allows is in the response's `allow`.
   * @throws {DualfetchError} as `get` does
   */
  options(url: string | URL, options?: RequestOptions | null): Promise<SessionResponse>;
  /**
   * A POST request. It is never retried: it might be done twice.
   * @throws {DualfetchError} as `get` does
   */
  post(url: string | URL, options?: RequestOptions | null): Promise<SessionResponse>;
  /**
   * A PUT request. With `retry` it is sent again, as `get` is.
   * @throws {DualfetchError} as `get` does
   */
  put(url: string | URL, options?: RequestOptions | null): Promise<SessionResponse>;
  /**
   * A PATCH request. It is never retried.
   * @throws {DualfetchError} as `get` does
   */
  patch(url: string | URL, options?: RequestOptions | null): Promise<SessionResponse>;
  /**
   * A DELETE request. With `retry` it is sent again, as `get` is.
   * @throws {DualfetchError} as `get` does
   */
  delete(url: string | URL, options?: RequestOptions | null): Promise<SessionResponse>;
  /**
   * A request with any method: `options.method`, GET where it has none.
   * @throws {DualfetchError} as `get` does
   */
  request(url: string | URL, options?: AnyRequestOptions | null): Promise<SessionResponse>;
  /**
   * Downloads a file by GET and saves it, going on where it is cut off: after the connection's end, none at all, timeouts
   * but for `queue` and `wall`, and statuses such as 503, with pauses, as long as `Retry-After` asks for, up to 30 seconds.
   * A status that brings no file, which is any but 200, 203 and 206, is a `StatusError`, whatever `raiseForStatus` says.
   *
   * Parts come together only where they are of one version, by the strong `ETag` or else `Last-Modified` (`Range` with
   * `If-Range`: RFC 9110, section 13.1.5); otherwise the file is begun anew, which a `WritableStream` cannot be. Of another
   * origin a page sees those only where CORS exposes them, and asks first for `If-Range`.
   *
   * To a path it is written as `NAME.part`; with `NAME.part.state` beside it a later call for the same URL goes on with it,
   * as `dualfetch get -C` does; of parameters whose names begin with `X-Amz-` or `X-Goog-` the URL may have others. Nothing
   * there is changed before the file comes; then a part of something else is replaced. What is called `NAME.part` already must
   * be a file of the user's own that has no other name, or it is an error of code `file`; so is a second download of the same
   * path while the first goes on.
   *
   * @throws {DualfetchError} as `response.save`, and what ended the last attempt
   */
  download(url: string | URL, target: SaveTarget, options?: DownloadOptions): Promise<Saved>;
  /**
   * Opens a WebSocket: by `ws`, `wss`, `http` or `https`, resolved as a verb's URL is. It waits in line as a request to the
   * same host does, and has its place within the limits until it is closed. `timeout` bounds the opening alone: `total` and
   * `headers` the handshake, `queue` the line, `wall` both.
   *
   * It is made by the session's `WebSocket`, else the global one. The platform sends the handshake: where the session has
   * header fields, options of `fetch` such as `credentials`, or says who is asking, that is an error of code `unsupported`, as
   * nothing of it could go along.
   *
   * @throws {NetworkError} of code `network` where it is not opened: no platform tells a handshake that was refused from no
   * connection
   * @throws {TimeoutError} naming the phase; or the signal's own reason
   * @throws {UnsupportedError} for what no platform's WebSocket can, and of the feature `websocket` where there is none, as in
   * Node 20
   */
  websocket(url: string | URL, options?: WebSocketOptions | null): Promise<SessionWebSocket>;
  /**
   * Server-sent events that are gone on with where the connection is lost: what a browser's `EventSource` does, by any
   * request, of any method and with a body, too. Asked for are `text/event-stream`, past caches. For the events of one
   * response alone: `response.events()`.
   *
   * @throws {DualfetchError} at once for options that make no sense, and in the loop as `get` does; a `StatusError` for every
   * status but 200 and 204
   */
  eventSource(url: string | URL, options?: EventSourceOptions | null): SessionEventSource;
  /** A function of `fetch`'s signature, which gives the platform's own `Response`. It needs no `this`. */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
  /**
   * The responses to many requests, each as soon as its head is there. URLs must be absolute; one that is not has a row
   * of code `invalid_url`. The input is read no further ahead than the window; leaving the loop ends every request under
   * way. A `signal` that fires makes the loop throw its reason; requests not done by then have no row.
   *
   * @throws {DualfetchError} for options that make no sense or are not supported, when the first row is asked for; what a
   * request fails with is in its row
   */
  fetchAll(
    requests: Iterable<BatchRequest> | AsyncIterable<BatchRequest>,
    options?: FetchAllOptions | null,
  ): AsyncIterableIterator<FetchRow>;
  /**
   * A session with changed defaults, within the same limits and rate: what is under way in one counts in the other, and
   * closing one closes both. Header fields replace those of the same name; parameters, hooks and middleware are added. What
   * proves who is asking does not go along where `baseUrl` becomes one of another origin.
   *
   * @throws {InputError} for an option that makes no sense, a limit, a `fetch`, or a `WebSocket`
   */
  extend(options?: ExtendOptions | null): this;
  /** What is under way and what waits, now. */
  figures(): Figures;
  /**
   * Ends every request under way, unread bodies among them, also those of sessions that extend this one or that it extends.
   * Each rejects with a `ClosedError`, as later ones do.
   */
  close(): void;
  /** The same as `close`, for `using`. */
  [Symbol.dispose](): void;
}

/** What a wasm file can be given as. */
export type WasmSource = WebAssembly.Module | BufferSource | Response | URL | string;

/**
 * Loads the session's wasm before its first use, or from another place. Calls after the first give the same.
 * @throws {DualfetchError} with the code `load`: it could not be had, or must not be run; a later call tries again
 */
export function load(source?: WasmSource | Promise<WasmSource>): Promise<unknown>;

/**
 * Loads the encodings before a body needs them, or from another place.
 * @throws {DualfetchError} with the code `load`, as `load` does
 */
export function loadCharset(source?: WasmSource | Promise<WasmSource>): Promise<unknown>;
