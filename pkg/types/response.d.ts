/** One redirect that was followed. */
export interface Hop {
  /** The URL that was asked. */
  url: string;
  /** The 3xx status it answered with. */
  status: number;
  /** Milliseconds from the start of the whole request to this answer. */
  elapsed: number;
}

/** Which rule decided on an encoding. */
export type EncodingSource = "bom" | "content-type" | "detected" | "meta" | "utf-8" | "xml";

/**
 * The answer to a request: its head is here, its body is read by one of the readers, once.
 *
 * Until the body has come to its end it holds one of the session's permits. Up to 64 KiB of a body that nobody reads are
 * taken in meanwhile, so a smaller one gives its permit back by itself. A larger one keeps it until it is read, cancelled
 * or past its total timeout, and others wait: read it, or `cancel()`.
 */
export class SessionResponse {
  private constructor();
  readonly status: number;
  /** Whether the status is from 200 to 299, as `fetch` has it. */
  readonly ok: boolean;
  /** The URL that answered: the last one, after redirects. */
  readonly url: string;
  /** Whether another URL answered than the one that was asked. */
  readonly redirected: boolean;
  readonly headers: Headers;
  /** How many attempts the last hop took. */
  readonly attempts: number;
  /** Milliseconds from the call to the head. */
  readonly elapsed: number;
  /** The redirects followed, the first one first. Empty in a page, which follows them unseen. */
  readonly history: Hop[];
  /** The encoding that `text()` found, by its WHATWG name; null before. */
  readonly encoding: string | null;
  /** Which rule decided on the encoding; null before `text()`. */
  readonly encodingSource: EncodingSource | null;
  readonly bodyUsed: boolean;
  /** The body as a stream; null where there can be none. */
  readonly body: ReadableStream<Uint8Array> | null;
  /** The whole body as text, by the encoding it is in: byte order mark, Content-Type, `<meta>`, else a guess. */
  text(): Promise<string>;
  /** The whole body read as JSON. */
  json<T = unknown>(options?: JsonOptions): Promise<T>;
  bytes(): Promise<Uint8Array>;
  arrayBuffer(): Promise<ArrayBuffer>;
  blob(): Promise<Blob>;
  /** Ends the transfer and gives the permit back. */
  cancel(): void;
}

export interface JsonOptions {
  /**
   * Whether a body that is neither `application/json` nor `*+json` is an error of code `content_type`.
   * @default true
   */
  checkContentType?: boolean;
}
