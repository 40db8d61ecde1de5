// Parts as they come, taken apart as src/multipart/parser.rs does it.

import { contentDisposition, cutEnd, mediaType, multipartBoundary, utf8 } from "./fields.js";
import { MULTIPART_READER, read } from "./options.js";
import { joined } from "./text.js";

/** White space that may follow a boundary on its line. */
const PADDING = 256;

/** Header fields that a part may have. */
const MOST_FIELDS = 128;

/** How deep parts may stand in parts. */
const DEEPEST = 8;

/** How much may follow the last part. */
const EPILOGUE = 64 * 1024;

const LARGEST = 256 * 1024 * 1024;

const SPACE = /[ \t]/;

/**
 * The parts of a body.
 *
 * @param {() => Promise<Uint8Array | undefined>} chunk the next piece of the body
 * @param {string} contentType
 * @param {object} options
 * @param {{failed: Function, decode: Function, parseJson?: Function}} by `failed(code, message)` is an error of the
 * response, `decode(bytes, label, contentType)` a promise of a text
 */
export async function* parts(chunk, contentType, options, by, depth = 0) {
  const endless = /^\s*multipart\/x-mixed-replace\s*(;|$)/i.test(contentType);
  const told = read(MULTIPART_READER, options);
  const { maxHeaderBytes = 16 * 1024, maxPart = LARGEST, maxParts = endless ? Infinity : 10_000 } = told;
  const boundary = multipartBoundary(contentType);
  if (boundary === undefined) {
    throw by.failed("content_type", `unexpected content type: ${JSON.stringify(contentType)} is no multipart with a boundary`);
  }
  const broken = (why) => by.failed("decode", `the body could not be decoded: the multipart body: ${why}`);
  if (depth > DEEPEST) throw broken(`parts stand in parts more than ${DEEPEST} times`);
  const parser = new Parser(boundary, maxHeaderBytes, broken, by.failed);
  let reading = Promise.resolve();
  const next = async () => {
    for (;;) {
      const event = parser.next();
      if (event !== MORE) return event;
      const piece = await chunk();
      if (piece === undefined) parser.finish();
      else parser.push(piece);
    }
  };
  // Each event after the one before, whoever asks for it.
  const event = () => (reading = reading.then(next, next));
  const tools = { ...by, broken, maxPart, options, depth };
  let part;
  for (let count = 0; ; ) {
    part?.pass();
    const come = await event();
    if (come === END) break;
    if (!Array.isArray(come)) continue;
    if (++count > maxParts) throw broken(`it has more than ${maxParts} parts; raise maxParts to read it`);
    part = new Open(event, broken);
    yield new MultipartPart(come, part, tools);
  }
  // To the body's end: only then it is whole, and its connection can be used again.
  for (let length = 0, piece; length < EPILOGUE && (piece = await chunk()) !== undefined; ) length += piece.length;
}

/** A part's content, until the next part is asked for. */
class Open {
  #event;
  #broken;
  #ended = false;
  #passed = false;

  constructor(event, broken) {
    this.#event = event;
    this.#broken = broken;
  }

  pass() {
    this.#passed = true;
  }

  async chunk() {
    if (this.#ended) return undefined;
    if (this.#passed) throw this.#broken("the part has been passed over: read it before the next one");
    const come = await this.#event();
    if (come instanceof Uint8Array) return come;
    this.#ended = true;
    return undefined;
  }
}

/** One part: its header fields are here, its content is read by one of the readers, before the next part is asked for. */
export class MultipartPart {
  #open;
  #tools;
  #stream;
  #used = false;

  /** Made by a response's `multipart`. */
  constructor(fields, open, tools) {
    this.#open = open;
    this.#tools = tools;
    this.headers = new Headers();
    for (const [name, value] of fields) {
      try {
        this.headers.append(name, value);
      } catch {
        throw tools.broken(`a part has a line that is no header field: ${JSON.stringify(`${name}: ${value}`.slice(0, 80))}`);
      }
    }
    const disposition = this.headers.get("content-disposition");
    this.contentDisposition = disposition === null ? null : contentDisposition(utf8(disposition));
    this.name = this.contentDisposition?.parameters.name ?? null;
    this.fileName = this.contentDisposition?.fileName ?? null;
    this.contentType = this.headers.get("content-type");
  }

  get bodyUsed() {
    return this.#used;
  }

  /** The content as a stream. */
  get body() {
    return (this.#stream ??= new ReadableStream(
      {
        pull: async (controller) => {
          this.#used = true;
          const piece = await this.#open.chunk();
          if (piece === undefined) controller.close();
          else controller.enqueue(piece);
        },
      },
      { highWaterMark: 0 },
    ));
  }

  /** The whole content. */
  async bytes() {
    const { failed, maxPart } = this.#tools;
    const pieces = [];
    let length = 0;
    for await (const piece of this.#pieces()) {
      length += piece.length;
      if (length > maxPart) {
        throw failed("body_too_large", `the part is longer than maxPart, ${maxPart} bytes; raise maxPart to read it`);
      }
      pieces.push(piece);
    }
    return joined(pieces, length);
  }

  async blob() {
    return new Blob([await this.bytes()], { type: this.contentType ?? "" });
  }

  /** The whole content as text, by the encoding it is in, or by the one of this label. */
  async text(label) {
    const bytes = await this.bytes();
    const type = mediaType(this.contentType ?? "");
    if (label === undefined && !type?.charset && !/html|xml/.test(type?.essence ?? "")) {
      try {
        // As most are: what is UTF-8 is that where nothing in it can say otherwise.
        return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
      } catch {
        // The encodings are needed.
      }
    }
    return this.#tools.decode(bytes, label, this.contentType);
  }

  /** The whole content read as JSON, whatever its type. */
  async json() {
    const text = new TextDecoder().decode(await this.bytes());
    try {
      return await (this.#tools.parseJson ?? JSON.parse)(text);
    } catch (cause) {
      throw this.#tools.failed("json", `invalid JSON in a part: ${cause?.message}`, cause);
    }
  }

  /** The parts in this part. */
  multipart(options) {
    const { depth, ...by } = this.#tools;
    const pieces = this.#pieces();
    const chunk = async () => (await pieces.next()).value;
    return parts(chunk, this.contentType ?? "", options ?? by.options, by, depth + 1);
  }

  async *#pieces() {
    if (this.#used || this.#stream?.locked) throw this.#tools.failed("body_used", "the part has been read already");
    this.#used = true;
    for (let piece; (piece = await this.#open.chunk()) !== undefined; ) yield piece;
  }
}

const MORE = Symbol("more");
const PART_END = Symbol("part end");
const END = Symbol("end");

const PREAMBLE = 0;
const FIELDS = 1;
const CONTENT = 2;
const DONE = 3;

/** Bytes in, wherever they are cut; out come a part's fields, its content in pieces, its end, and the end of all. */
class Parser {
  #delimiter;
  #maxHeaderBytes;
  #broken;
  #failed;
  #bytes = new Uint8Array();
  #state = PREAMBLE;
  /** Nothing of the preamble or the content has gone by. */
  #atStart = true;
  #hasEnded = false;

  constructor(boundary, maxHeaderBytes, broken, failed) {
    this.#delimiter = new TextEncoder().encode(`\r\n--${boundary}`);
    this.#maxHeaderBytes = maxHeaderBytes;
    this.#broken = broken;
    this.#failed = failed;
  }

  push(piece) {
    if (this.#state === DONE) return;
    this.#bytes = this.#bytes.length === 0 ? piece : joined([this.#bytes, piece], this.#bytes.length + piece.length);
  }

  finish() {
    this.#hasEnded = true;
  }

  next() {
    if (this.#state === DONE) return END;
    if (this.#state === FIELDS) return this.#fields();
    const inPart = this.#state === CONTENT;
    const [length, skip, last] = this.#delimited();
    if (length > 0) {
      const piece = this.#take(length);
      this.#atStart = false;
      return inPart ? piece : this.next();
    }
    if (skip === undefined) {
      if (!this.#hasEnded) return MORE;
      throw this.#broken(inPart ? "it ends within a part" : "there is no boundary in it");
    }
    this.#take(skip);
    this.#state = last ? DONE : FIELDS;
    return inPart ? PART_END : this.next();
  }

  /**
   * How many bytes surely stand before the next delimiter. Where it stands right behind them, also how many it takes, and
   * whether it is the last one.
   */
  #delimited() {
    const bytes = this.#bytes;
    if (this.#atStart) {
      const needle = this.#delimiter.subarray(2);
      if (startsAt(bytes, needle, 0)) {
        const after = this.#after(needle.length);
        if (after !== null) return [0, ...after];
      } else if (!this.#hasEnded && startsAt(needle, bytes, 0)) return [0];
    }
    const needle = this.#delimiter;
    for (let at = bytes.indexOf(13); at >= 0; at = bytes.indexOf(13, at + 1)) {
      if (startsAt(bytes, needle, at)) {
        const after = this.#after(at + needle.length);
        if (after !== null) return [at, ...after.map((value) => (typeof value === "number" ? value - at : value))];
      } else if (!this.#hasEnded && bytes.length - at < needle.length && startsAt(needle, bytes.subarray(at), 0)) return [at];
    }
    return [bytes.length];
  }

  /** What follows a boundary: none it was, nobody knows yet, or where it ends and whether it is the last one. */
  #after(from) {
    const bytes = this.#bytes;
    if (bytes[from] === 45 && bytes[from + 1] === 45) return [from + 2, true];
    let at = from;
    while (bytes[at] === 32 || bytes[at] === 9) at++;
    if (at - from > PADDING) return null;
    if (bytes[at] === 13 && bytes[at + 1] === 10) return [at + 2, false];
    const rest = bytes.length - at;
    const isOpen = rest === 0 || (rest === 1 && (bytes[at] === 13 || (bytes[at] === 45 && at === from)));
    return isOpen && !this.#hasEnded ? [] : null;
  }

  #fields() {
    const bytes = this.#bytes;
    const end = bytes[0] === 13 && bytes[1] === 10 ? 0 : find(bytes, [13, 10, 13, 10]) + 2;
    const isWhole = end !== 1;
    if ((isWhole ? end : bytes.length) > this.#maxHeaderBytes) {
      throw this.#failed("headers_too_large", `the header fields are too large: a part has more than ${this.#maxHeaderBytes} bytes of them`);
    }
    if (!isWhole) {
      if (this.#hasEnded) throw this.#broken("it ends within a part's header fields");
      return MORE;
    }
    const block = latin1(this.#take(end));
    this.#take(2);
    this.#state = CONTENT;
    this.#atStart = true;
    return this.#parsed(block);
  }

  #parsed(block) {
    // A line that starts with white space goes on with the one before.
    const lines = block.replace(/\r?\n$/, "").replace(/(?!^)\r?\n[ \t]+/g, " ").split(/\r?\n/);
    const fields = lines.length === 1 && lines[0] === "" ? [] : lines;
    if (fields.length > MOST_FIELDS) {
      throw this.#failed("headers_too_large", `the header fields are too large: a part has more than ${MOST_FIELDS} of them`);
    }
    return fields.map((line) => {
      const colon = line.indexOf(":");
      const name = cutEnd(line.slice(0, Math.max(colon, 0)), SPACE);
      const value = cutEnd(line.slice(colon + 1), SPACE).replace(/^[ \t]+/, "");
      if (!name) throw this.#broken(`a part has a line that is no header field: ${JSON.stringify(line.slice(0, 80))}`);
      return [name, value];
    });
  }

  #take(length) {
    const taken = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    return taken;
  }
}

function startsAt(bytes, needle, at) {
  if (at + needle.length > bytes.length) return false;
  for (let i = 0; i < needle.length; i++) if (bytes[at + i] !== needle[i]) return false;
  return true;
}

function find(bytes, needle) {
  for (let at = bytes.indexOf(needle[0]); at >= 0; at = bytes.indexOf(needle[0], at + 1)) {
    if (startsAt(bytes, needle, at)) return at;
  }
  return -1;
}

/** Each byte a character, as `Headers` takes them. */
function latin1(bytes) {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
