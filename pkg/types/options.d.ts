import type { SaveOptions, SessionRequest, SessionResponse } from "./response.js";

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
  /**
   * Not supported in this package: no `fetch` can bound it. Setting it is an error of code `unsupported`.
   * @default null
   */
  connect?: number | null;
}

/** How failures are tried again; pauses are random, and grow. */
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

/** Header fields; one that is undefined is left out. Names that are no tokens are an error of code `invalid_header`. */
export type HeaderFields =
  | Headers
  | Iterable<readonly [string, string]>
  | Record<string, string | number | boolean | undefined>;

/** Parameters for a query or a form. `{ tag: ["a", "b"] }` is `tag=a&tag=b`. */
export type Params = string | URLSearchParams | ParamsObject | Iterable<readonly [string, Param | readonly Param[]]>;

/** Who is asking: basic or digest authentication (RFC 7617, RFC 7616), in UTF-8, or a bearer token (RFC 6750). */
export type Auth =
  | {
      /** The user, without a colon. */
      user: string;
      /**
       * The password.
       * @default ""
       */
      password?: string;
      /**
       * Whether the password is proved to be known in place of being sent: a 401 with a challenge of the scheme Digest
       * (SHA-512-256, SHA-256, MD5) is answered, and answered once more where the answer came too late (`stale`); requests to
       * its origin then bring the answer unasked. A wrong password is the 401, and so is a challenge by MD5, or without a
       * `qop`, where one by a SHA, or with a `qop`, has been answered with success, and one of `auth-int` alone for a
       * `FormData` or `Blob`, whose bytes are not seen before they are sent. A session's is for the origin of its `baseUrl`,
       * without which it is an error of code `invalid_option`; a request's is for the origin of its URL. In a page challenges of other origins are seen only
       * where they expose `WWW-Authenticate`, and the browser asks its user first unless `credentials` is `"omit"`; a
       * redirect there, which the browser follows by itself, takes the answer for the first URL along to another of the
       * same origin, which may refuse it: the 401 is the response. Of `dualfetch/full`; elsewhere it is an error of code
       * `unsupported`.
       * @default false
       */
      digest?: boolean;
    }
  | {
      /** The token, as it is sent. */
      bearer: string;
    };

/** Where redirects lead: all are followed, none, any is an error, or any to another scheme, host or port is. */
export type RedirectMode = "follow" | "manual" | "error" | "same-origin";

/** Whether a response is a `StatusError`. It must not read the body. What it throws is thrown in place of that. */
export type StatusJudge = (response: SessionResponse) => boolean;

type Awaitable<T> = T | PromiseLike<T>;

/** What is called on a request's way. All are run one after the other, the session's first, then the request's. */
export interface Hooks {
  /**
   * Before the request is handed to the engine, which retries and follows redirects by itself. It may change the request,
   * or give another one; a response that it gives is taken in place of sending it, and no later one is asked.
   * @default []
   */
  beforeRequest?: ((state: { request: SessionRequest; options: AnyRequestOptions }) => Awaitable<SessionRequest | SessionResponse | Response | void>)[];
  /**
   * With the final response, before its status is an error. It may give another response: the first is then its to cancel.
   * @default []
   */
  afterResponse?: ((state: {
    request: SessionRequest;
    options: AnyRequestOptions;
    response: SessionResponse;
  }) => Awaitable<SessionResponse | Response | void>)[];
  /**
   * With an error of this library, before it is thrown. It may give another one. It is not asked about an abort.
   * @default []
   */
  beforeError?: ((state: { error: Error; request: SessionRequest; options: AnyRequestOptions }) => Awaitable<Error | void>)[];
  /**
   * Not supported: retries are the engine's. Setting it is an error of code `unsupported`.
   * @default []
   */
  beforeRetry?: never;
}

/**
 * What stands around a call, outside of hooks, redirects and retries; it sees a response before its status is an error. It may call `next` once, again (the first response
 * read or cancelled before), or not at all.
 */
export type Middleware = (
  request: SessionRequest,
  next: (request?: SessionRequest) => Promise<SessionResponse>,
) => Awaitable<SessionResponse | Response>;

/**
 * What the native library has and no platform's `fetch` can do. Setting one is an `UnsupportedError` that names it: a
 * session's is thrown by its constructor.
 */
export interface NativeOptions {
  /**
   * Whether names become IPv4 or IPv6 addresses alone.
   * @default the platform's
   */
  addressFamily?: never;
  /**
   * The authorities to trust beside the platform's.
   * @default the platform's
   */
  certificates?: never;
  /**
   * The coding in which a request's body is sent.
   * @default none
   */
  compress?: never;
  /**
   * A store of cookies of one's own.
   * @default the browser's own, by `credentials`; none elsewhere
   */
  cookieJar?: never;
  /**
   * Whether this library keeps cookies.
   * @default the browser's own, by `credentials`; none elsewhere
   */
  cookies?: never;
  /**
   * How names become addresses.
   * @default the platform's
   */
  dns?: never;
  /**
   * For how long a name's addresses are kept.
   * @default the platform's
   */
  dnsCache?: never;
  /**
   * Whether each connection ends with its response.
   * @default the platform's
   */
  forceClose?: never;
  /**
   * How long one address is tried before the next is tried beside it.
   * @default the platform's
   */
  happyEyeballs?: never;
  /**
   * Which version of HTTP is spoken.
   * @default the platform's
   */
  httpVersion?: never;
  /**
   * Which network interface is used.
   * @default the platform's
   */
  interface?: never;
  /**
   * For how long an idle connection is kept.
   * @default the platform's
   */
  keepAlive?: never;
  /**
   * Which address of this machine is used.
   * @default the platform's
   */
  localAddress?: never;
  /**
   * How many idle connections are kept to a host.
   * @default the platform's
   */
  maxIdlePerHost?: never;
  /**
   * Credentials of a netrc file.
   * @default none
   */
  netrc?: never;
  /**
   * A function that is told how much of a body has been sent.
   * @default none
   */
  onUploadProgress?: never;
  /**
   * Which proxy is for which URLs.
   * @default the platform's
   */
  proxies?: never;
  /**
   * The proxy of all URLs.
   * @default the platform's
   */
  proxy?: never;
  /**
   * Addresses that are fixed for some names.
   * @default none
   */
  resolve?: never;
  /**
   * A resolver of one's own.
   * @default the platform's
   */
  resolver?: never;
  /**
   * Whether the public internet alone is reached.
   * @default none
   */
  safeMode?: never;
  /**
   * Header fields that are not sent unless they are set.
   * @default none
   */
  skipAutoHeaders?: never;
  /**
   * After how long an idle connection is probed.
   * @default the platform's
   */
  tcpKeepalive?: never;
  /**
   * Whether small pieces are sent at once.
   * @default the platform's
   */
  tcpNodelay?: never;
  /**
   * Authorities, certificates, pins and versions.
   * @default the platform's
   */
  tls?: never;
  /**
   * A Unix socket that is connected to in place of the host.
   * @default none
   */
  unixSocket?: never;
}

/** What a session sets and a request may set otherwise. */
export interface SharedOptions extends NativeOptions {
  /**
   * What URLs that are not absolute are resolved against (RFC 3986, section 5; WHATWG URL): with `https://api.example/v1/`,
   * `users` is `https://api.example/v1/users` and `/users` is `https://api.example/users`. Its path must end in a slash.
   * What proves who is asking (`auth`, and the header fields `authorization`, `cookie`, `host`, `proxy-authorization`) of a
   * session that has one goes to its origin alone.
   * @default none; in a page, for verbs, the page's URL
   */
  baseUrl?: string | URL;
  /**
   * ky's name for `baseUrl`; URLs are resolved as that says, not appended as ky does.
   * @default none
   */
  prefixUrl?: string | URL;
  /**
   * Added to the URL's query; a request's come after its session's. A redirect does not add them again.
   * @default none
   */
  params?: Params;
  /**
   * ky's name for `params`.
   * @default none
   */
  searchParams?: Params;
  /**
   * Who is asking, in the field `authorization`. `null`: nobody, whatever the session says.
   * @default none
   */
  auth?: Auth | null;
  /**
   * The field `user-agent`. In a page setting it is an error of code `unsupported`.
   * @default "dualfetch/" and the version; in a page the browser's
   */
  userAgent?: string;
  /**
   * What is called on the way. `beforeRequest` alone for titles, pages and lists: there the others are `unsupported`.
   * @default {}
   */
  hooks?: Hooks;
  /**
   * What stands around each call, the first one outside. For titles, pages and lists it is `unsupported`.
   * @default []
   */
  middleware?: Middleware | Middleware[];
  /**
   * Bodies are always decompressed: `false` is an error of code `unsupported`.
   * @default true
   */
  autoDecompress?: boolean;
  /**
   * How many header fields a response may have; more are an error of code `headers_too_large`.
   * @default the platform's
   */
  maxHeaders?: number;
  /**
   * How many bytes the header fields of a response may have together, at least 8192.
   * @default the platform's
   */
  maxHeaderBytes?: number;
  /**
   * What becomes of redirects: one that is refused is a `RedirectError`. A page must follow them: there all but `"follow"`
   * is an error of code `unsupported`.
   * @default "follow"
   */
  redirect?: RedirectMode;
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
   * `true` is `redirect: "follow"`, `false` is `redirect: "manual"`.
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
   * What `json()` of the response makes a value by, such as `(text) => JSON.parse(text, reviver)`. What it throws is the
   * cause of an error of code `json`; a promise is waited for. Titles and pages read no JSON by it.
   * @default JSON.parse
   */
  parseJson?: (text: string) => unknown;
  /**
   * What the option `json` is written by. What it throws, or what it gives that is no string, is `invalid_option`.
   * @default JSON.stringify
   */
  stringifyJson?: (value: unknown) => string;
  /**
   * Whether a status of 400 or more is a `StatusError`, or a function that says which response is. Titles and pages take no
   * function: there it is `unsupported`. What the error has of the body is waited for 2 s at most.
   * @default false
   */
  raiseForStatus?: boolean | StatusJudge;
  /**
   * ky's name for `raiseForStatus`; its function is given the status alone.
   * @default false
   */
  throwHttpErrors?: boolean | ((status: number) => boolean);
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
  /**
   * Whether cookies and the like go along.
   * @default "same-origin", the browser's
   */
  credentials?: "include" | "omit" | "same-origin";
  /**
   * How the browser's cache is used.
   * @default "default", the browser's
   */
  cache?: "default" | "force-cache" | "no-cache" | "no-store" | "only-if-cached" | "reload";
  /**
   * The URL that is told as where the request comes from; "" for none.
   * @default the page's URL
   */
  referrer?: string;
  /**
   * How much of it is told to whom.
   * @default the page's policy
   */
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
  /**
   * How urgent it is beside the page's other requests; a request's own counts in line, too: of those that wait for the same
   * host `"high"` goes first, `"low"` last.
   * @default "auto", the browser's
   */
  priority?: "auto" | "high" | "low";
}

/** A fetch gateway, which the command `dualfetch serve` is, and how it is used. */
export interface GatewayOptions {
  /**
   * Where it is: an http or https URL, with or without a path, below which it has `/fetch`. No user, password, query or
   * fragment. In a page it may be relative to the page's URL; `"auto"`, together with `auto: true`, is the page's own origin.
   * @default the page's own origin, together with `auto: true`
   */
  url?: string | URL;
  /**
   * The key by which it knows who is asking, sent as `Authorization: Bearer …` to the gateway and to nobody else. It stands
   * in no error, and is seen by a `fetch` of your own alone. In a page, whoever opens the page can read it.
   * @default none
   */
  key?: string;
  /**
   * Whether each request goes by itself first, and through the gateway only where that fails with an error of the platform
   * that does not say why, as that of a page is where the other site does not allow it by CORS. A GET or HEAD alone does: any
   * other may have arrived; and of header fields those alone that a page may send unasked (`accept`, `accept-language`,
   * `content-language`, a simple `range`), `if-range` and `last-event-id`: any other may be for that site alone, and the error
   * says so. Of a `fetch` of your own a rejection counts that is a `TypeError` in a browser's words. Outside of pages and their
   * workers nothing goes a second way, and nothing is refused for the gateway's sake. An origin that was had through the gateway alone is asked through it at once from then on (the
   * last 1000 of them). The page's own origin and the gateway's are always asked directly, and so are requests that a
   * gateway cannot carry.
   * @default false; true for `gateway: "auto"`
   */
  auto?: boolean;
}

/** What a session is made with. */
export interface SessionOptions extends SharedOptions {
  /**
   * A fetch gateway that sends the requests: its URL, or more about it. `"auto"` is the gateway of the page's own origin,
   * for what cannot be had directly; where there is no page it is an error of code `invalid_option`. It is shared by the
   * sessions that extend this one, which cannot change it. `null`: none.
   *
   * Responses and errors are those of the target: the URL asked, the limits by host, the codes, phases and attempts. What
   * the gateway refuses for itself, such as a key it does not know, is a `NetworkError` of code `proxy` in its words, and so
   * is an answer that no gateway gave; one that cannot be reached is one of code `network` that names it. Once the head is
   * there, whatever fails is of code `disconnected`, in a page `network`, without a phase. Not shown are header fields by which
   * the target tells a browser of its own site, such as `set-cookie`, `www-authenticate`, `content-security-policy`,
   * `strict-transport-security`, `x-frame-options`, `x-content-type-options`, `refresh` and `report-to`. `retry` counts
   * as it does without a gateway; its `Retry-After` is waited for. Timeouts are the session's, around those of the gateway.
   *
   * The gateway follows redirects, so that `redirect` other than `"follow"`, and `maxRedirects`, are errors of code
   * `unsupported`; it passes no credentials on, so that `auth`, the header fields `authorization`, `cookie`, `host`,
   * `origin`, `referer`, `user-agent`, `via`, `x-request-id` and those of connections and proxies, `userAgent`, `credentials:
   * "include"` and `referrer` are, too, and `mode` other than `"cors"`, methods other than GET, HEAD, POST, PUT, PATCH and
   * DELETE, and WebSockets. With `auto` such requests, WebSockets among them, are sent directly. `cache`, `integrity`,
   * `keepalive`, `priority` and `referrerPolicy` are those of the request to the gateway; `integrity` is held against the
   * target's bytes.
   *
   * @example
   * const session = new Session({ gateway: "https://gateway.example" });
   * const { title } = await session.title("https://no-cors.example/");
   * @example
   * new Session({ gateway: "auto" });
   * @example
   * new Session({ gateway: { url: "https://gateway.example", key: "df_…", auto: true } });
   * @throws {InputError} by the constructor, of code `invalid_option`, for what is no gateway
   * @throws {UnsupportedError} by the constructor and each call, for what a gateway cannot do
   * @default none
   */
  gateway?: "auto" | string | URL | GatewayOptions | null;
  /**
   * How many requests may be under way. 0, `null` and `Infinity` are no limit.
   * @default 100; 6 in a page whose `gateway` all goes through and is reached over `http:`, to which a browser has no more connections
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
  rate?:
    | number
    | {
        /**
         * How many may start.
         * @default 1
         */
        requests?: number;
        /**
         * In how many milliseconds.
         * @default 1000
         */
        per?: number;
      }
    | null;
  /**
   * What sends requests instead of the global `fetch`, called as `fetch(url, init)`.
   * @default globalThis.fetch
   */
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /**
   * What WebSockets are made by instead of the global class, such as undici's or that of the package `ws`: Node 20 has none.
   * @default globalThis.WebSocket
   */
  WebSocket?: new (url: string, protocols: string[]) => object;
}

/** What `session.extend` changes: all but the limits, `fetch`, `gateway` and `WebSocket`, which are shared. */
export interface ExtendOptions extends SharedOptions {}

/** What every request takes. */
export interface GetOptions extends SharedOptions {
  /**
   * Ends the request, or the body after it; the call, or the loop over `titles` and `fetchAll`, throws the signal's own
   * reason. That is no error of this library: `isTimeoutError` is false for `AbortSignal.timeout`'s.
   * @default none
   */
  signal?: AbortSignal | null;
}

/** What requests take that may have a body. */
export interface RequestOptions extends GetOptions {
  /**
   * The body, and the `Content-Type` that goes with its kind. A `Blob` (so a `File`) and a `FormData` are handed to the
   * platform's `fetch`, which reads them by itself: however large, they take none of the session's memory, and a retry or a
   * redirect sends them again. A form's type is `fetch`'s to set, since it alone knows the boundary. A stream is read to
   * its end before it is sent.
   * @default none
   */
  body?: string | ArrayBuffer | ArrayBufferView | Blob | FormData | URLSearchParams | ReadableStream<Uint8Array> | null;
  /**
   * A value sent as JSON. Not together with `body` or `form`.
   * @default none
   */
  json?: unknown;
  /**
   * A form, sent as `application/x-www-form-urlencoded`. Not together with `body` or `json`.
   * @default none
   */
  form?: Params;
}

/** What a request of any method takes. */
export interface AnyRequestOptions extends RequestOptions {
  /**
   * The method, in any case; CONNECT, TRACE and TRACK are not `fetch`'s to send.
   * @default "GET"
   */
  method?: string;
}

/** How far a page is read for its title. */
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

/** What else is gathered from a page. */
export interface MetadataOptions {
  /**
   * Whether to gather what the page says about itself: `"head"` reads to the end of its `head`, where nearly every page
   * has it, and on to the title if that is not there; `"page"` to the end, as some have JSON-LD or Open Graph there.
   * @default none
   */
  metadata?: "head" | "page";
}

/** What `page` takes. */
export interface PageOptions extends TitleOptions, MetadataOptions {
  /**
   * Whether to keep the page's text, and so to read it to its end.
   * @default false
   */
  html?: boolean;
}

/** Rows given so far. */
export interface Progress {
  /** How many rows have been given. */
  done: number;
  /** How many of them have an error. */
  failed: number;
  /** Milliseconds since the first row was asked for. */
  elapsed: number;
}

/** How the rows of many requests come. */
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
  /**
   * Called with each row. What it throws ends the iteration.
   * @default none
   */
  onProgress?: (progress: Progress) => void;
}

/** What `titles` takes. */
export interface TitlesOptions extends TitleOptions, MetadataOptions, BatchOptions {}
/** What `fetchAll` takes: what each of its requests is given that says nothing else. */
export interface FetchAllOptions extends AnyRequestOptions, BatchOptions {}

/** What a download may be given: what a GET request may, and how it is saved. */
export interface DownloadOptions extends Omit<GetOptions, "raiseForStatus">, SaveOptions {
  /**
   * How many requests in a row may fail of which none but the first has brought anything new. Before the file has been seen
   * it is `retry` that counts, and from then on this alone.
   * @default 5
   */
  attempts?: number;
  /**
   * Whether a path's part is gone on with, and left for a later call; otherwise nothing is left after a failure.
   * @default true
   */
  resume?: boolean;
}
