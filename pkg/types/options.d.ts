/** Milliseconds for each phase; `null` for no bound. */
export interface Timeout {
  /**
   * The request's own time: redirects, retries and body included, waiting for a permit not.
   * @default 300_000
   */
  total?: number | null;
  /**
   * Everything, waiting included.
   * @default null
   */
  wall?: number | null;
  /**
   * One wait for a permit.
   * @default null
   */
  queue?: number | null;
  /**
   * From the request sent to the response's head.
   * @default null
   */
  headers?: number | null;
  /**
   * The longest gap between two pieces of the body.
   * @default null
   */
  read?: number | null;
  /** Not supported in this package: no `fetch` can bound it. Setting it is an error of code `unsupported`. */
  connect?: number | null;
}

export interface Retry {
  /**
   * How many attempts there may be in all.
   * @default 3
   */
  attempts?: number;
  /**
   * Milliseconds that bound the first pause; the bound doubles each time.
   * @default 500
   */
  backoff?: number;
  /**
   * Milliseconds that no pause passes. A `Retry-After` that asks for more ends the attempts.
   * @default 30_000
   */
  maxBackoff?: number;
}

/** A parameter's value. Each value of an array is a parameter of its own; `null` and `undefined` are left out. */
export type Param = string | number | boolean | bigint | null | undefined;

/**
 * Parameters by name. Any object type does, an interface too; a value that is no `Param` or array of them is an error of
 * code `invalid_option`, naming it.
 */
export type ParamsObject =
  | { readonly [name: string]: Param | readonly Param[] }
  | (object & { [Symbol.iterator]?: never; apply?: never; getTime?: never });

export type HeaderFields =
  | Headers
  | Iterable<readonly [string, string]>
  | Record<string, string | number | boolean | undefined>;

/** What a session sets and a request may set otherwise. */
export interface SharedOptions {
  /**
   * Milliseconds for the whole request, or for each phase. `null` for no bound.
   * @default { total: 300_000 }
   */
  timeout?: number | null | Timeout;
  /**
   * Header fields. A request's replace the session's of the same name.
   * @default { accept: "any type" }, and outside of pages a `user-agent`
   */
  headers?: HeaderFields;
  /**
   * Whether redirects are followed. A page must follow them: there `false` is an error of code `unsupported`.
   * @default true
   */
  followRedirects?: boolean;
  /**
   * How many redirects are followed. In a page setting it is an error of code `unsupported`.
   * @default 10
   */
  maxRedirects?: number;
  /**
   * How many bytes a body may have after decompression; `null` for no bound.
   * @default 268_435_456 for `bytes`, `text` and `json`, none for `body`
   */
  maxBody?: number | null;
  /**
   * Whether a status of 400 or more is a `StatusError`.
   * @default false
   */
  raiseForStatus?: boolean;
  /**
   * How failures before the response's head are retried: not at all, `true` for three attempts, how many in all, or
   * more. Retried are `connect`, `disconnected`, `dns`, `network`, the headers timeout, and the statuses 408, 425, 429,
   * 500, 502, 503 and 504, of GET, HEAD, OPTIONS, PUT and DELETE.
   * @default false
   */
  retry?: boolean | number | null | Retry;
  /**
   * Browsers alone, as the others below: what other origins may answer.
   * @default "cors", the browser's
   */
  mode?: "cors" | "no-cors" | "same-origin";
  /** @default "same-origin", the browser's */
  credentials?: "include" | "omit" | "same-origin";
  /** @default "default", the browser's */
  cache?: "default" | "force-cache" | "no-cache" | "no-store" | "only-if-cached" | "reload";
  /** @default the page's URL */
  referrer?: string;
  /** @default the page's policy */
  referrerPolicy?:
    | "no-referrer"
    | "no-referrer-when-downgrade"
    | "origin"
    | "origin-when-cross-origin"
    | "same-origin"
    | "strict-origin"
    | "strict-origin-when-cross-origin"
    | "unsafe-url";
  /**
   * The hashes that the body must match.
   * @default none
   */
  integrity?: string;
  /**
   * Whether the request may outlive the page.
   * @default false
   */
  keepalive?: boolean;
  /** @default "auto", the browser's */
  priority?: "auto" | "high" | "low";
}

export interface SessionOptions extends SharedOptions {
  /**
   * How many requests may be under way. 0, `null` and `Infinity` are no limit.
   * @default 100
   */
  limit?: number | null;
  /**
   * How many requests may be under way at one host: scheme, name and port.
   * @default 6 in a page, else no limit
   */
  limitPerHost?: number | null;
  /**
   * How many requests may start in how much time, evenly spaced: `10` is ten a second, `{ requests: 1, per: 5_000 }`
   * one every five seconds. Retries and redirects count, too (in a page its own redirects do not). Waiting for it is
   * waiting in line: the total timeout stands still, the queue and wall timeouts run.
   *
   * @default no bound
   */
  rate?: number | { /** @default 1 */ requests?: number; /** In milliseconds. @default 1000 */ per?: number } | null;
  /**
   * What sends requests instead of the global `fetch`, called as `fetch(url, init)`.
   * @default globalThis.fetch
   */
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

export interface GetOptions extends SharedOptions {
  /**
   * Added to the URL's query. `{ tag: ["a", "b"] }` is `tag=a&tag=b`.
   * @default none
   */
  params?: string | URLSearchParams | ParamsObject | Iterable<readonly [string, Param | readonly Param[]]>;
  /**
   * Ends the request, or the body after it; the call, or the loop over `titles` and `fetchAll`, throws the signal's own
   * reason. That is no error of this library: `isTimeoutError` is false for `AbortSignal.timeout`'s.
   * @default none
   */
  signal?: AbortSignal | null;
}

export interface RequestOptions extends GetOptions {
  /**
   * The body, and the `Content-Type` that goes with its kind. A stream is read to its end before it is sent.
   * @default none
   */
  body?: string | ArrayBuffer | ArrayBufferView | Blob | FormData | URLSearchParams | ReadableStream<Uint8Array> | null;
  /**
   * A value sent as JSON. Not together with `body`.
   * @default none
   */
  json?: unknown;
}

export interface AnyRequestOptions extends RequestOptions {
  /** @default "GET" */
  method?: string;
}

export interface TitleOptions extends GetOptions {
  /**
   * How many bytes of a page are looked at, after decompression.
   * @default 8_388_608
   */
  maxBytes?: number;
  /**
   * How many bytes may be read past what is needed, for the connection's sake.
   * @default 32_768
   */
  drain?: number;
}

export interface MetadataOptions {
  /**
   * Whether to gather what the page says about itself: `"head"` reads to the end of its `head`, where nearly every page
   * has it, and on to the title if that is not there; `"page"` to the end, as some have JSON-LD or Open Graph there.
   * @default none
   */
  metadata?: "head" | "page";
}

export interface PageOptions extends TitleOptions, MetadataOptions {
  /**
   * Whether to keep the page's text, and so to read it to its end.
   * @default false
   */
  html?: boolean;
}

/** Rows given so far. */
export interface Progress {
  done: number;
  /** Those of them with an error. */
  failed: number;
  /** Milliseconds since the first row was asked for. */
  elapsed: number;
}

export interface BatchOptions {
  /**
   * Whether rows come in the order of the input instead of as they are done.
   * @default false
   */
  ordered?: boolean;
  /**
   * How many rows may be taken from the input and not yet given.
   * @default four times the session's limit; 1000 where it has none
   */
  window?: number;
  /** Called with each row. What it throws ends the iteration. */
  onProgress?: (progress: Progress) => void;
}

export interface TitlesOptions extends TitleOptions, MetadataOptions, BatchOptions {}
export interface FetchAllOptions extends AnyRequestOptions, BatchOptions {}
