import type { GetOptions, AnyRequestOptions, ExtendOptions, FetchAllOptions, RequestOptions, SessionOptions } from "./options.js";
import type { DualfetchError } from "./errors.js";
import type { SessionResponse } from "./response.js";

// As TypeScript's own esnext.disposable and @types/node have it, for projects with neither.
declare global {
  interface SymbolConstructor {
    readonly dispose: unique symbol;
  }
}

export * from "./errors.js";
export * from "./options.js";
export * from "./response.js";

/** A request for `fetchAll`: an absolute URL, or one with options of its own. */
export type BatchRequest = string | URL | ({ url: string | URL } & Omit<AnyRequestOptions, "signal">);

export interface FetchRow {
  /** The request's place in the input, from 0. */
  index: number;
  url: string;
  /** Milliseconds from the moment the request was taken up, waiting included. */
  elapsed: number;
  /** Null where there is an error. Its body holds a permit until it is read or cancelled: see `SessionResponse`. */
  response: SessionResponse | null;
  error: DualfetchError | null;
}

/** What is under way and what waits. */
export interface Figures {
  inFlight: number;
  waiting: number;
  hosts: { origin: string; inFlight: number; waiting: number }[];
}

/**
 * One fetch session: limits, timeouts, redirects and decoding for all that is asked of it. It loads itself on first use.
 */
export class Session {
  /** @throws {InputError} for an option that makes no sense */
  constructor(options?: SessionOptions | null);
  /**
   * URLs are resolved against `baseUrl`, those of titles and lists, too. Without one a verb's, as `fetch`'s, may in a page be
   * relative to the page; elsewhere they must be absolute.
   */
  get(url: string | URL, options?: GetOptions | null): Promise<SessionResponse>;
  head(url: string | URL, options?: GetOptions | null): Promise<SessionResponse>;
  options(url: string | URL, options?: RequestOptions | null): Promise<SessionResponse>;
  post(url: string | URL, options?: RequestOptions | null): Promise<SessionResponse>;
  put(url: string | URL, options?: RequestOptions | null): Promise<SessionResponse>;
  patch(url: string | URL, options?: RequestOptions | null): Promise<SessionResponse>;
  delete(url: string | URL, options?: RequestOptions | null): Promise<SessionResponse>;
  request(url: string | URL, options?: AnyRequestOptions | null): Promise<SessionResponse>;
  /** A function of `fetch`'s signature, which gives the platform's own `Response`. It needs no `this`. */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
  /**
   * The responses to many requests, each as soon as its head is there. URLs must be absolute; one that is not has a row
   * of code `invalid_url`. The input is read no further ahead than the window; leaving the loop ends every request under
   * way. A `signal` that fires makes the loop throw its reason; requests not done by then have no row.
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
   * @throws {InputError} for an option that makes no sense, a limit, or a `fetch`
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

/** Loads the session's wasm before its first use, or from another place. Calls after the first give the same. */
export function load(source?: WasmSource | Promise<WasmSource>): Promise<unknown>;

/** Loads the encodings before a body needs them, or from another place. */
export function loadCharset(source?: WasmSource | Promise<WasmSource>): Promise<unknown>;
