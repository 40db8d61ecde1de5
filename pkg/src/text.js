import { error } from "./failure.js";
import { shown } from "./options.js";
import { mediaType } from "./fields.js";

const UTF8 = /^(unicode-1-1-utf-8|unicode11utf8|unicode20utf8|utf-?8|x-unicode20utf8)$/i;

/** The content type by which a label decides on the encoding; an error for what can be none. */
function labelled(label) {
  if (!/^[\w.:-]+$/.test(label.trim())) throw unknown(label);
  return `text/plain;charset=${label.trim()}`;
}

const unknown = (label) =>
  error("invalid_option", `invalid option encoding: ${shown(label)} is the label of no encoding`, { detail: "encoding" });

const isUtf16 = (bytes) => (bytes[0] === 0xfe && bytes[1] === 0xff) || (bytes[0] === 0xff && bytes[1] === 0xfe);

const hasMark = (bytes) => bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;

/**
 * Bytes as text.
 *
 * @param {Uint8Array} bytes
 * @param {{label?: string, contentType?: string | null, host: string}} about
 * @param {Function} loadCharset
 * @returns {Promise<[text: string, encoding: string, source: string]>}
 */
export async function decoded(bytes, { label, contentType, host }, loadCharset) {
  const type = label === undefined ? contentType : labelled(label);
  if (UTF8.test(mediaType(type ?? "")?.charset ?? "") && !isUtf16(bytes)) {
    return [new TextDecoder().decode(bytes), "UTF-8", hasMark(bytes) ? "bom" : "content-type"];
  }
  const decoder = (await loadCharset()).charsetDecoder(type ?? undefined, host, false);
  try {
    let text = decoder.push(bytes);
    const rest = decoder.finish();
    text = decoder.restarted() ? rest : text + rest;
    check(decoder, label);
    return [text, decoder.encoding(), decoder.source()];
  } finally {
    decoder.free();
  }
}

function check(decoder, label) {
  if (label !== undefined && !["bom", "content-type"].includes(decoder.source())) throw unknown(label);
}

/** How much of a body that names no encoding is looked at before its first line is given. */
const LOOKED_AT = 1024;

/**
 * A body as lines of text, without LF or CR LF. As it cannot be read again, one that names no encoding is ASCII up to the
 * piece where it is not; that is read as UTF-8 if it can be, else its encoding is guessed.
 *
 * @param {() => Promise<Uint8Array | undefined>} chunk the next piece
 * @param {object} about as for `decoded`
 * @param {number} maxLine in characters
 */
export async function* lines(chunk, about, maxLine, loadCharset) {
  const text = new LineText(maxLine);
  const decoder = new StreamDecoder(about, loadCharset);
  for (let piece; (piece = await chunk()) !== undefined; ) {
    await decoder.push(piece, text);
    yield* text.whole();
  }
  await decoder.push(undefined, text);
  yield* text.whole();
  yield* text.last();
}

/** Text that comes in pieces and goes in lines. */
class LineText {
  #most;
  #read = "";
  /** Up to here there is no end of a line. */
  #searched = 0;
  /** What was there when the present decoder began, and how many lines were given since. */
  #before = "";
  #given = 0;

  constructor(most) {
    this.#most = most;
  }

  add(text) {
    this.#read += text;
  }

  /** Another decoder begins: its text comes after what is here. */
  begin() {
    this.#before = this.#read;
    this.#given = 0;
  }

  /** All text of the present decoder has been read anew: what was given is passed over. */
  startOver(text) {
    this.#read = this.#before + text;
    this.#searched = 0;
    for (let skipped = 0; skipped < this.#given; skipped += 1) {
      const end = this.#read.indexOf("\n");
      this.#read = end < 0 ? "" : this.#read.slice(end + 1);
    }
  }

  *whole() {
    let at = 0;
    for (let end; (end = this.#read.indexOf("\n", Math.max(at, this.#searched))) >= 0; at = end + 1) {
      const line = this.#read.slice(at, this.#read[end - 1] === "\r" && end > at ? end - 1 : end);
      this.#check(line.length);
      this.#given += 1;
      yield line;
    }
    this.#read = this.#read.slice(at);
    this.#searched = this.#read.length;
    // A carriage return may belong to its end.
    this.#check(this.#read.length - 1);
  }

  *last() {
    if (this.#read === "") return;
    this.#check(this.#read.length);
    yield this.#read;
  }

  #check(length) {
    if (length <= this.#most) return;
    throw error("line_too_long", `no end of the line within ${this.#most} characters; raise maxLine to read it`);
  }
}

class StreamDecoder {
  #about;
  #loadCharset;
  #type;
  #held = [];
  #size = 0;
  #utf8;
  #decoder;

  constructor(about, loadCharset) {
    this.#about = about;
    this.#loadCharset = loadCharset;
    this.#type = (about.label === undefined ? about.contentType : labelled(about.label)) ?? undefined;
  }

  /** The next piece, or the end. */
  async push(piece, text) {
    if (this.#decoder !== undefined) return this.#byTables(piece, text);
    if (this.#utf8 !== undefined) return this.#byUtf8(piece, text);
    if (piece !== undefined) {
      this.#held.push(piece);
      this.#size += piece.length;
      const isDeclared = mediaType(this.#type ?? "")?.charset != null;
      if (this.#size < (isDeclared ? 3 : LOOKED_AT)) return undefined;
    }
    const start = joined(this.#held, this.#size);
    this.#held = [];
    await this.#choose(start);
    await this.push(start, text);
    return piece === undefined ? this.push(undefined, text) : undefined;
  }

  async #choose(start) {
    const charset = mediaType(this.#type ?? "")?.charset;
    const isUtf8 = !isUtf16(start) && (hasMark(start) || UTF8.test(charset ?? ""));
    // What a page declares, and an encoding that is switched by escapes.
    const looked = charset == null ? String.fromCharCode(...start.subarray(0, LOOKED_AT)) : "";
    const isPlain = charset == null && !isUtf16(start) && !/<meta|<\?xml|\x1b|\0/i.test(looked);
    if (isUtf8) this.#utf8 = { decoder: new TextDecoder(), isSure: true };
    else if (isPlain) this.#utf8 = { decoder: new TextDecoder("utf-8", { fatal: true }), isSure: false };
    else this.#decoder = await this.#tables(false);
  }

  async #byUtf8(piece, text) {
    const { decoder, isSure } = this.#utf8;
    const isAscii = isSure || piece === undefined || !piece.some((byte) => byte > 0x7f);
    try {
      text.add(piece === undefined ? decoder.decode() : decoder.decode(piece, { stream: true }));
      // The first piece that is more than ASCII decides.
      if (!isAscii) this.#utf8 = { decoder: this.#lenient(piece), isSure: true };
    } catch {
      text.begin();
      this.#decoder = await this.#tables(true);
      await this.#byTables(piece, text);
    }
    return undefined;
  }

  /** A decoder that replaces, where the strict one has come to. */
  #lenient(piece) {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    // A character that the piece ends in the middle of.
    const tail = /[\xc2-\xf4][\x80-\xbf]{0,2}$/.exec(String.fromCharCode(...piece.subarray(-3)));
    const begun = tail?.[0] ?? "";
    const lead = begun.charCodeAt(0);
    const size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (begun !== "" && begun.length < size) decoder.decode(piece.subarray(piece.length - begun.length), { stream: true });
    return decoder;
  }

  async #byTables(piece, text) {
    const decoder = this.#decoder;
    const read = piece === undefined ? decoder.finish() : decoder.push(piece);
    const { label } = this.#about;
    if (label !== undefined && (read !== "" || piece === undefined)) check(decoder, label);
    if (decoder.restarted()) text.startOver(read);
    else text.add(read);
    if (piece === undefined) decoder.free();
  }

  async #tables(pastAscii) {
    return (await this.#loadCharset()).charsetDecoder(this.#type, this.#about.host, pastAscii);
  }
}

/** A body in pieces of this size, the last one of what is left. */
export async function* blocks(chunk, size) {
  let held = [];
  let length = 0;
  for (let piece; (piece = await chunk()) !== undefined; ) {
    held.push(piece);
    length += piece.length;
    if (length < size) continue;
    const all = joined(held, length);
    let at = 0;
    for (; at + size <= length; at += size) yield all.slice(at, at + size);
    held = [all.subarray(at)];
    length -= at;
  }
  if (length > 0) yield joined(held, length);
}

export function joined(pieces, length) {
  if (pieces.length === 1) return pieces[0];
  const all = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
