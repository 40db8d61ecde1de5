import type { EventsOptions, JsonLinesOptions, ServerEvent } from "./events.js";
import type { AnyRequestOptions } from "./options.js";

/** One redirect that was followed. */
export interface Hop {
  /** The URL that was asked. */
  url: string;
  /** The 3xx status it answered with. */
  status: number;
  /** Milliseconds from the start of the whole request to this answer. */
  elapsed: number;
  /** The header fields of that answer. */
  readonly headers: Headers;
}

/** Which rule decided on an encoding. */
export type EncodingSource = "bom" | "content-type" | "detected" | "meta" | "utf-8" | "xml";

/** Where the time went, in milliseconds. */
export interface Timing {
  /** Waiting for a permit, or for the rate, at all hops and before all attempts together. */
  queue: number;
  /** From the last hop's request sent to its head: connecting is a part of it, which no `fetch` tells. */
  headers: number;
  /** From the call to the head, all hops and attempts included. */
  total: number;
}

/** A link in a response's header fields (RFC 8288). */
export interface Link {
  /** Where it leads, absolute. */
  url: string;
  /** How the two are related: the words of `rel`, as written. */
  rels: string[];
  /** From where it leads, where that is another place than the response's own URL. */
  anchor: string | null;
  /** `title*` where that can be read, else `title`. */
  title: string | null;
  /** The first of each name, which is in lower case. */
  parameters: { readonly [name: string]: string | undefined };
}

/** What is to be done with a body (RFC 6266). */
export interface ContentDisposition {
  /** In lower case: `inline`, `attachment`, … */
  type: string;
  /** Whether the body is to be saved, not shown. */
  isAttachment: boolean;
  /** As the server wrote it, a stranger's word. To make a file of that name, take `safeFileName`. */
  fileName: string | null;
  /** The file name made harmless, as by the function `safeFileName`; null where nothing is left. */
  safeFileName: string | null;
  /** The first of each name, which is in lower case. */
  parameters: { readonly [name: string]: string | undefined };
}

/**
 * A file name that is harmless in any folder, on any system, made of one that a stranger gave: what follows the last slash,
 * without what is unseen, Windows' devices and what it does not allow, 255 bytes at most. Null where nothing is left.
 */
export function safeFileName(name: string): string | null;

/**
 * A request as hooks and middleware see it and may change it: the caller's own, its URL joined and its parameters added,
 * without the header fields that its session adds to all: what is set here goes before those.
 */
export class SessionRequest {
  private constructor();
  /** The method. */
  method: string;
  /** The URL, its parameters added. */
  url: string | URL;
  /** The caller's own fields, to be changed. */
  readonly headers: Headers;
  /** A string, bytes, a `Blob` or a `FormData` at first, whatever the caller gave. What `body` takes may be set. */
  body: AnyRequestOptions["body"];
  /** What the call was given. */
  readonly options: AnyRequestOptions;
}

/**
 * The answer to a request: its head is here, its body is read by one of the readers, once.
 *
 * Until the body has come to its end it holds one of the session's permits. Up to 64 KiB of a body that nobody reads are
 * taken in meanwhile, so a smaller one gives its permit back by itself. A larger one keeps it until it is read, cancelled
 * or past its total timeout, and others wait: read it, or `cancel()`.
 */
export class SessionResponse {
  private constructor();
  /** The status, 200 to 599. */
  readonly status: number;
  /** Whether the status is from 200 to 299, as `fetch` has it. */
  readonly ok: boolean;
  /** The URL that answered: the last one, after redirects. */
  readonly url: string;
  /** Whether another URL answered than the one that was asked. */
  readonly redirected: boolean;
  /** The header fields; a page sees those of other origins that CORS exposes. */
  readonly headers: Headers;
  /** Empty: no `fetch` is asked for it, and HTTP/2 has none. */
  readonly statusText: string;
  /** The media type of `Content-Type` without parameters, in lower case; null where there is none, or it is malformed. */
  readonly mimeType: string | null;
  /** The `charset` of `Content-Type`, as declared; null where there is none. */
  readonly charset: string | null;
  /** Null where there is none. A page sees it of its own origin, or where CORS exposes it; `links` as well. */
  readonly contentDisposition: ContentDisposition | null;
  /** The links in the header fields, what is malformed left out, and so is what comes after the first 256. */
  links(): Link[];
  /** The first link that leads from this response and is of this relation: `next`, `prev`, … */
  link(rel: string): Link | null;
  /** Where the time went. */
  readonly timing: Timing;
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
  /** Whether a reader has taken the body. */
  readonly bodyUsed: boolean;
  /** The body as a stream; null where there can be none. */
  readonly body: ReadableStream<Uint8Array> | null;
  /**
   * The whole body as text, by the encoding it is in: byte order mark, Content-Type, `<meta>`, else a guess. With a label
   * (`"latin1"`) by that encoding, whatever the response says; a byte order mark is stronger still.
   *
   * @throws {DualfetchError} for a body that has been read, is larger than `maxBody`, too slow, or cut off; for no encoding by that
   * label
   */
  text(encoding?: string): Promise<string>;
  /**
   * The body as lines of text, as they come, without LF or CR LF. It cannot be read again, so where no encoding is declared
   * it is ASCII up to the piece where it is not; that is read as UTF-8 if it can be, else the encoding is guessed. Such a
   * body gives no line before 1024 bytes of it have come. Leaving the loop ends the transfer.
   *
   * @throws {DualfetchError} as `text` does, and for a line of more than `maxLine`
   */
  lines(options?: LinesOptions): AsyncGenerator<string, void, undefined>;
  /**
   * The body in pieces of so many bytes, the last one of what is left. Leaving the loop ends the transfer.
   * @throws {DualfetchError} for a body that has been read, is too slow, or cut off
   */
  blocks(size: number): AsyncGenerator<Uint8Array, void, undefined>;
  /**
   * This response, unless its status is 400 or more: then it rejects with a `StatusError` whose `body` is the first kilobyte,
   * and ends the transfer.
   * @throws {StatusError} for such a status
   */
  errorForStatus(): Promise<this>;
  /**
   * The whole body read as JSON.
   * @throws {DualfetchError} as `text` does, and for another type, or for what is no JSON
   */
  json<T = unknown>(options?: JsonOptions): Promise<T>;
  /**
   * The whole body.
   * @throws {DualfetchError} for a body that has been read, is larger than `maxBody`, too slow, or cut off
   */
  bytes(): Promise<Uint8Array>;
  /**
   * The whole body, as `bytes`.
   * @throws {DualfetchError} as `bytes` does
   */
  arrayBuffer(): Promise<ArrayBuffer>;
  /**
   * The whole body, as `bytes`, with the response's `Content-Type`.
   * @throws {DualfetchError} as `bytes` does
   */
  blob(): Promise<Blob>;
  /**
   * The whole body read as a form, `multipart/form-data` or `application/x-www-form-urlencoded`, by the platform's own
   * reader.
   *
   * @throws {BodyError} of code `content_type` where it is no form, of code `decode` where it is a broken one
   */
  formData(): Promise<FormData>;
  /**
   * The body as server-sent events, as they come (HTML, section 9.2.6), in UTF-8. The stream ends with the body: to go on after
   * that is `session.eventSource`'s. As of any body `timeout.total` bounds all of it: an endless stream is asked for with
   * `{ timeout: { total: null } }`. A status is not looked at. Leaving the loop ends the transfer.
   *
   * @throws {BodyError} of code `content_type` where it is not `text/event-stream`, of code `line_too_long` past `maxEvent`
   */
  events(options?: EventsOptions): AsyncGenerator<ServerEvent, void, undefined>;
  /**
   * The body as values of JSON, one on each line, as they come: NDJSON, JSON Lines, in UTF-8. Blank lines are passed over; the
   * content type is not looked at, there being none that all use. Leaving the loop ends the transfer.
   *
   * @throws {BodyError} of code `json` for a line that is none, with its number, of code `line_too_long` past `maxLine`
   */
  jsonLines<T = unknown>(options?: JsonLinesOptions): AsyncGenerator<T, void, undefined>;
  /**
   * The parts of a `multipart/…` as they come: of a form, of `byteranges`, of the endless `x-mixed-replace`. What is not
   * read of a part is passed over when the next one is asked for. Leaving the loop ends the transfer.
   *
   * @throws {BodyError} of code `content_type` for another type, of code `decode` for what is malformed or cut short
   */
  multipart(options?: MultipartOptions): AsyncGenerator<MultipartPart, void, undefined>;
  /**
   * Saves the body, decompressed, whatever the status. A path's file has its name only when it is whole: after a failure
   * there is what was there before. It is as readable as what it replaces, and meanwhile only by its owner. A
   * `FileSystemFileHandle` does the same by itself. A `WritableStream` is closed in the end, or aborted.
   *
   * @throws {DualfetchError} of code `file` where it cannot be written, or is there and not to be replaced
   * @throws {BodyError} of code `checksum`, and what ended the body early
   * @throws {UnsupportedError} a path where there are no files: in pages, and in Node before 20.16
   */
  save(target: SaveTarget, options?: SaveOptions): Promise<Saved>;
  /** Ends the transfer and gives the permit back. */
  cancel(): void;
}

/** One part of a body: its header fields are here, its content is read by one of the readers, once, before the next part is asked for. */
export interface MultipartPart {
  /** The part's own header fields, lines that were folded put together. */
  readonly headers: Headers;
  /** The name that it has in a form; null where it has none. */
  readonly name: string | null;
  /** The name of the file it is, a stranger's word: to make a file of that name, take `safeFileName` of it. */
  readonly fileName: string | null;
  /** The `Content-Type` as it was sent; null where none was. */
  readonly contentType: string | null;
  /** What `Content-Disposition` says; null where there is none. */
  readonly contentDisposition: ContentDisposition | null;
  /** Whether a reader has begun. */
  readonly bodyUsed: boolean;
  /** The content as a stream. */
  readonly body: ReadableStream<Uint8Array>;
  /**
   * The whole content.
   *
   * @throws {BodyError} of code `body_too_large` past `maxPart`
   */
  bytes(): Promise<Uint8Array>;
  /**
   * The whole content, of the part's type.
   * @throws {BodyError} as `bytes` does
   */
  blob(): Promise<Blob>;
  /**
   * The whole content as text, by the encoding it is in, or by the one of this label.
   * @throws {DualfetchError} as `bytes` does; for no encoding by that label
   */
  text(encoding?: string): Promise<string>;
  /**
   * The whole content read as JSON, whatever its type.
   * @throws {BodyError} as `bytes` does; of code `json` for what is none
   */
  json<T = unknown>(): Promise<T>;
  /**
   * The parts in this part. 8 may stand in one another.
   * @throws {BodyError} as the response's own `multipart` does
   */
  multipart(options?: MultipartOptions): AsyncGenerator<MultipartPart, void, undefined>;
}

/** What `multipart` takes. */
export interface MultipartOptions {
  /**
   * How many bytes a part's header fields may have; more is an error of code `headers_too_large`.
   * @default 16_384
   */
  maxHeaderBytes?: number;
  /**
   * How many bytes of a part its readers take; more is an error of code `body_too_large`.
   * @default 268_435_456, also where `maxBody` allows the whole body more
   */
  maxPart?: number;
  /**
   * How many parts there may be; more is an error of code `decode`.
   * @default 10_000, of an `x-mixed-replace` no bound
   */
  maxParts?: number;
}

/** What `json` takes. */
export interface JsonOptions {
  /**
   * Whether a body that is none of `application/json`, `text/json` and `*+json` is an error of code `content_type`.
   * @default true
   */
  checkContentType?: boolean;
  /**
   * What makes a value of the text, such as `(text) => JSON.parse(text, reviver)`. What it throws is the cause of an error
   * of code `json`; a promise is waited for.
   * @default the request's or the session's `parseJson`, else `JSON.parse`
   */
  parseJson?: (text: string) => unknown;
}

/** What `lines` takes. */
export interface LinesOptions {
  /**
   * The encoding, by its label.
   * @default the response's
   */
  encoding?: string;
  /**
   * How many characters a line may have; more is an error of code `line_too_long`.
   * @default 1_048_576
   */
  maxLine?: number;
}

/**
 * Where a body is saved: a path in Node (from 20.16), Deno and Bun, which a `file:` URL is, too; a `FileSystemFileHandle` as
 * `showSaveFilePicker()` and the origin private file system give it; or a `WritableStream` of bytes.
 */
export type SaveTarget = string | URL | FileHandleLike | WritableStream<Uint8Array>;

/** What is asked of a `FileSystemFileHandle`. */
export interface FileHandleLike {
  /** The file's name in its folder. */
  readonly name: string;
  /**
   * A stream that is written to, and that replaces the file when it is closed.
   * @throws where the page may not write to it
   */
  createWritable(): Promise<unknown>;
  /**
   * The file as it is now.
   * @throws where it is gone
   */
  getFile(): Promise<{
    /** How many bytes it has. */
    readonly size: number;
  }>;
}

/** What `save` takes. */
export interface SaveOptions {
  /**
   * Called when something has been written. What it throws ends the saving.
   * @default none
   */
  onProgress?: (progress: DownloadProgress) => void;
  /**
   * Whether what is there is replaced; otherwise it is an error of code `file`. A `WritableStream` has nothing to replace.
   * @default true
   */
  overwrite?: boolean;
  /**
   * The SHA-256 that the file must have, in hexadecimal, hashed as it comes. With another one there is no file, but an error
   * of code `checksum`.
   * @default none
   */
  sha256?: string;
}

/** How far a file has come. */
export interface DownloadProgress {
  /** Bytes in the file, those of earlier attempts and calls included. */
  received: number;
  /** Bytes in all; null where that is not known, as of a body that comes compressed. */
  total: number | null;
}

/** A file that was saved. */
export interface Saved {
  /** How many bytes it has. */
  bytes: number;
  /** How many of them were there from an earlier call. */
  resumed: number;
  /** What it hashes to, where `sha256` was given. */
  sha256?: string;
}
