import { error, headersOf, hops, isOurs } from "./failure.js";
import { contentDisposition, essence, links, mediaType, utf8 } from "./fields.js";
import { parts } from "./multipart.js";
import { EVENTS_READER, JSON_LINES_READER, JSON_READER, LINES_READER, read, SAVE, shown } from "./options.js";
import { inALine, inWords, isProblemType, problemOf } from "./problem.js";
import { blocks, decoded, joined, lines } from "./text.js";

/** Statuses whose responses have no body (WHATWG Fetch, "null body status"). */
const NO_BODY = [101, 103, 204, 205, 304];

/** What `formData` reads. */
const FORMS = ["multipart/form-data", "application/x-www-form-urlencoded"];

/** The error that a response's status is, with the start of its body: a promise of it. */
export let failureOf;

/** The same at once, without the body. */
export let statusError;

/** How long the start of a body is waited for that is to go with an error, in milliseconds. */
const RAISE_TIME = 2000;

/** How much of a body goes with an error. */
const KEPT = 1024;

/** How much of one that says what is wrong in words of its own is read for them. */
const KEPT_OF_A_PROBLEM = 64 * 1024;

/** The answer to a request: its head is here, its body is read by one of the readers, once. */
export class SessionResponse {
  #handle;
  #reading;
  #asked;
  #fields;
  #queue;
  #head;
  #hops;
  #headers;
  #history;
  #stream;
  #used = false;
  #encoding = null;
  #encodingSource = null;

  /**
   * Made by a session.
   *
   * @param {{ loadCharset: Function, parseJson?: Function }} reading what the body is read by
   */
  constructor(handle, asked, reading) {
    this.#handle = handle;
    this.#reading = reading;
    this.#asked = asked;
    [this.status, this.url, this.attempts, this.elapsed, this.#fields, this.#hops, this.#queue, this.#head] = handle.head;
  }

  /** Whether the status is from 200 to 299, as `fetch` has it. (In Rust `ok` means less than 400.) */
  get ok() {
    return this.status >= 200 && this.status <= 299;
  }

  /** No platform's `fetch` is asked for the reason phrase, which HTTP/2 has done away with. */
  get statusText() {
    return "";
  }

  /** Whether another URL answered than the one that was asked. */
  get redirected() {
    return this.#hops.length > 0 || withoutFragment(this.#asked) !== withoutFragment(this.url);
  }

  get headers() {
    return (this.#headers ??= headersOf(this.#fields));
  }

  /** Where the time went, in milliseconds. */
  get timing() {
    return { queue: this.#queue, headers: this.#head, total: this.elapsed };
  }

  /** The media type of `Content-Type`, without parameters, in lower case; null where there is none, or it is malformed. */
  get mimeType() {
    return mediaType(this.headers.get("content-type") ?? "")?.essence ?? null;
  }

  /** The `charset` of `Content-Type`, as declared; null where there is none. */
  get charset() {
    return mediaType(this.headers.get("content-type") ?? "")?.charset ?? null;
  }

  /** What `Content-Disposition` says (RFC 6266); null where there is none. */
  get contentDisposition() {
    const value = this.headers.get("content-disposition");
    return value === null ? null : contentDisposition(utf8(value));
  }

  /** The links in the header fields (RFC 8288), their URLs made absolute. */
  links() {
    const value = this.headers.get("link");
    return value === null ? [] : links(utf8(value), withoutUserinfo(this.url));
  }

  /** The first link that leads from this response and is of this relation. */
  link(rel) {
    const is = (known) => known.toLowerCase() === String(rel).toLowerCase();
    return this.links().find(({ anchor, rels }) => anchor === null && rels.some(is)) ?? null;
  }

  /** The redirects followed on the way, the first one first. Empty in a page, which follows them unseen. */
  get history() {
    return (this.#history ??= hops(this.#hops));
  }

  /** The encoding that `text` found, by its WHATWG name; null before. */
  get encoding() {
    return this.#encoding;
  }

  /** Which rule decided on the encoding; null before `text`. */
  get encodingSource() {
    return this.#encodingSource;
  }

  get bodyUsed() {
    return this.#used;
  }

  /** The body as a stream; null where there can be none. */
  get body() {
    if (NO_BODY.includes(this.status)) return null;
    return (this.#stream ??= this.#open());
  }

  /** The whole body as text, by the encoding it is in, or by the one of this label. */
  async text(label) {
    if (label !== undefined && typeof label !== "string") {
      const message = `invalid option encoding: a string, not ${shown(label)}`;
      throw error("invalid_option", message, { detail: "encoding" });
    }
    this.#begin();
    const told = label === undefined ? this.#handle.text() : decoded(await this.#handle.bytes(), this.#about(label), this.#reading.loadCharset);
    const [text, encoding, source] = await told;
    this.#encoding = encoding;
    this.#encodingSource = source;
    return text;
  }

  /** The body as lines of text, as they come. */
  lines(options) {
    const { encoding, maxLine = 1024 * 1024 } = read(LINES_READER, options);
    return this.#pieces((chunk) => lines(chunk, this.#about(encoding), maxLine, this.#reading.loadCharset));
  }

  /** The body as server-sent events, as they come. */
  events(options) {
    const { anyType = false, maxEvent } = read(EVENTS_READER, options);
    if (!anyType && this.status >= 400 && !isEvents(this)) return this.#raising();
    const need = () => anyType || needEvents(this);
    return this.#pieces(async function* (chunk) {
      need();
      const { EventParser } = await import("./events.js");
      const parser = new EventParser(error, maxEvent);
      for (let piece; (piece = await chunk()) !== undefined; ) yield* parser.take(piece);
    });
  }

  /** The body as values of JSON, one on each line, as they come. */
  jsonLines(options) {
    const { maxLine, parseJson = this.#reading.parseJson } = read(JSON_LINES_READER, options);
    return this.#pieces(async function* (chunk) {
      const { values } = await import("./events.js");
      yield* values(chunk, { error, maxLine, parseJson, shown });
    });
  }

  /** The body in pieces of so many bytes each, the last one of what is left. */
  blocks(size) {
    if (!Number.isSafeInteger(size) || size < 1) {
      const message = `invalid option size: a whole number from 1 on, not ${shown(size)}`;
      throw error("invalid_option", message, { detail: "size" });
    }
    return this.#pieces((chunk) => blocks(chunk, size));
  }

  /** This response, unless its status is 400 or more: then an error with the first kilobyte of its body. */
  async errorForStatus() {
    if (this.status < 400) return this;
    throw await this.#failure();
  }

  static {
    failureOf = (response) => {
      // A body that does not come ends: what had come goes with the error. As `RAISE_TIME` in src/client/layered.rs.
      const timer = setTimeout(() => response.#handle.cancel(), RAISE_TIME);
      return response.#failure().finally(() => clearTimeout(timer));
    };
    statusError = (response) => response.#statusError();
  }

  /** The error that this status is, with the first kilobyte of the body, and the problem: the transfer ends. */
  async #failure() {
    const isProblem = isProblemType(this.headers.get("content-type") ?? "");
    const most = isProblem ? KEPT_OF_A_PROBLEM : KEPT;
    const pieces = [];
    let length = 0;
    try {
      this.#begin();
      for (let piece; length < most && (piece = await this.#handle.chunk()) !== undefined; length += piece.length) pieces.push(piece);
    } catch {
      // The error has what had come.
    }
    this.#handle.cancel();
    if (length === 0) return this.#statusError();
    const all = joined(pieces, length).subarray(0, most);
    const bytes = all.subarray(0, KEPT);
    const problem = isProblem ? problemOf(all, this.url) : null;
    const [text] = await decoded(bytes, this.#about(), this.#reading.loadCharset).catch(() => [new TextDecoder().decode(bytes)]);
    // Where the body was cut, in the middle of a character perhaps.
    return this.#statusError(length >= KEPT ? text.replace(/\ufffd+$/, "") : text, problem);
  }

  /** What is to be read, where the status says why it is not there. */
  async *#raising() {
    throw await failureOf(this);
  }

  #statusError(body, problem = null) {
    const url = withoutUserinfo(this.url);
    const told = inWords(problem) || (body ? `the body starts ${JSON.stringify(inALine(body, 100))}` : "");
    const message = `status ${this.status}${told && `: ${told}`} (${url})`;
    return error("status", message, { url, attempts: this.attempts, history: this.history, detail: this.status, body, problem });
  }

  /** The whole body as bytes. */
  async bytes() {
    this.#begin();
    return this.#handle.bytes();
  }

  async arrayBuffer() {
    return (await this.bytes()).buffer;
  }

  async blob() {
    return new Blob([await this.bytes()], { type: this.headers.get("content-type") ?? "" });
  }

  /** Saves the body, decompressed, to a path, a `FileSystemFileHandle` or a `WritableStream`. */
  async save(target, options) {
    const wishes = read(SAVE, options);
    if (this.#used || this.#stream?.locked) this.#begin();
    const { saved } = await import("./files.js");
    return saved(this, target, wishes, error);
  }

  /** The whole body read as JSON, which is UTF-8 (RFC 8259). */
  async json(options) {
    const { checkContentType = true, parseJson = this.#reading.parseJson ?? JSON.parse } = read(JSON_READER, options);
    const type = this.headers.get("content-type") ?? "";
    const bytes = await this.bytes();
    if (checkContentType && !isJson(type)) {
      throw error("content_type", `unexpected content type: ${JSON.stringify(type)} is not JSON; ${start(bytes)}`, this);
    }
    try {
      return await parseJson(new TextDecoder().decode(bytes));
    } catch (cause) {
      const details = { url: this.url, attempts: this.attempts, cause };
      throw error("json", `invalid JSON: ${cause?.message ?? shown(cause)}; ${start(bytes)}`, details);
    }
  }

  /** The whole body read as a form: `multipart/form-data`, or `application/x-www-form-urlencoded`. */
  async formData() {
    const type = this.headers.get("content-type") ?? "";
    const details = { url: withoutUserinfo(this.url), attempts: this.attempts };
    if (!FORMS.includes(this.mimeType)) {
      this.cancel();
      throw error("content_type", `unexpected content type: ${JSON.stringify(type)} is no form`, details);
    }
    const bytes = await this.bytes();
    try {
      // Every platform has a reader of its own for that.
      return await new Response(bytes, { headers: { "content-type": type } }).formData();
    } catch (cause) {
      throw error("decode", `the body could not be decoded: it is no form (${cause?.message ?? shown(cause)})`, { ...details, cause });
    }
  }

  /** The parts of a `multipart/…`, as they come. */
  multipart(options) {
    const { loadCharset, parseJson } = this.#reading;
    const { hostname } = new URL(this.url);
    const failed = (code, message, cause) => {
      const details = { url: withoutUserinfo(this.url), attempts: this.attempts };
      return error(code, message, cause === undefined ? details : { ...details, cause });
    };
    const decode = async (bytes, label, contentType) => (await decoded(bytes, { label, contentType, host: hostname }, loadCharset))[0];
    const type = this.headers.get("content-type") ?? "";
    return this.#pieces((chunk) => parts(chunk, type, options, { failed, decode, parseJson }));
  }

  /** Pieces one by one: leaving the loop ends the transfer. */
  async *#pieces(read) {
    this.#begin();
    try {
      yield* read(() => this.#handle.chunk());
    } catch (thrown) {
      if (isOurs(thrown) && thrown.url === undefined) Object.assign(thrown, { url: withoutUserinfo(this.url), attempts: this.attempts });
      throw thrown;
    } finally {
      this.#handle.cancel();
    }
  }

  #about(label) {
    return { label, contentType: this.headers.get("content-type"), host: new URL(this.url).hostname };
  }

  /** Ends the transfer and gives the permit back. */
  cancel() {
    this.#used = true;
    this.#handle.cancel();
  }

  #begin() {
    if (this.#used || this.#stream?.locked) {
      throw error("body_used", "the body has been read already", { url: this.url, attempts: this.attempts });
    }
    this.#used = true;
  }

  #open() {
    const begun = this.#used;
    const source = {
      pull: async (controller) => {
        // A stream that was looked at, then read by a reader instead.
        if (begun) throw error("body_used", "the body has been read already", { url: this.url });
        this.#used = true;
        const piece = await this.#handle.chunk();
        if (piece === undefined) controller.close();
        else controller.enqueue(piece);
      },
      cancel: () => this.cancel(),
    };
    // Nothing is read ahead: what waits here would hold the permit of a body that is done.
    return new ReadableStream(source, { highWaterMark: 0 });
  }
}

/** Refuses what is no stream of events. */
export function needEvents(response) {
  if (isEvents(response)) return;
  const { attempts, headers } = response;
  const url = withoutUserinfo(response.url);
  const type = JSON.stringify(headers.get("content-type") ?? "");
  throw error("content_type", `unexpected content type: ${type} is not text/event-stream (${url})`, { url, attempts });
}

function isEvents({ headers }) {
  return essence(headers.get("content-type") ?? "") === "text/event-stream";
}

/** A response of the platform's as one of ours. */
export function made(response, asked, reading) {
  return new SessionResponse(new Made(response, asked, reading.loadCharset), asked, reading);
}

/** As `ResponseHandle` in src/js/response.rs. */
class Made {
  #response;
  #loadCharset;
  #reader;

  constructor(response, asked, loadCharset) {
    this.#response = response;
    this.#loadCharset = loadCharset;
    const fields = [...response.headers].map(([name, value]) => `${name}:${value}\n`).join("");
    this.head = [response.status, response.url || asked, 0, 0, fields, [], 0, 0];
  }

  async text() {
    const about = { contentType: this.#response.headers.get("content-type"), host: new URL(this.head[1]).hostname };
    return decoded(await this.bytes(), about, this.#loadCharset);
  }

  async bytes() {
    return new Uint8Array(await this.#response.arrayBuffer());
  }

  async chunk() {
    this.#reader ??= this.#response.body?.getReader();
    return (await this.#reader?.read())?.value;
  }

  cancel() {
    const cancelled = this.#reader?.cancel() ?? this.#response.body?.cancel();
    cancelled?.catch(() => {});
  }
}

function withoutUserinfo(url) {
  try {
    const parsed = new URL(url);
    parsed.username = parsed.password = "";
    return parsed.href;
  } catch {
    return url;
  }
}

function withoutFragment(url) {
  try {
    const parsed = new URL(url);
    // Nor are name and password a part of what answers.
    parsed.hash = parsed.username = parsed.password = "";
    return parsed.href;
  } catch {
    return url;
  }
}

function isJson(type) {
  const told = essence(type);
  return told === "application/json" || told === "text/json" || told.endsWith("+json");
}

/** The first bytes of a body for a message. */
function start(bytes) {
  return `the body starts ${JSON.stringify(new TextDecoder().decode(bytes.subarray(0, 80)))}`;
}
