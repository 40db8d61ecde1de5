// Bodies as server-sent events (HTML, section 9.2.6), as src/event_stream/parser.rs reads them, and as lines of JSON.

/** In characters, as every length here. */
const LONGEST = 1024 * 1024;

/** How long an id may be, in bytes of UTF-8: as `MAX_ID` in src/event_stream/parser.rs. */
const LONGEST_ID = 8 * 1024;

/** Reads events from bytes that come in pieces, however they are cut. */
export class EventParser {
  /** The reconnection time that the server has set last, in milliseconds; undefined before. */
  retry;
  #error;
  #most;
  // It passes over a byte order mark in front, and over no other.
  #decoder = new TextDecoder();
  /** What has come of a line that has not ended. */
  #line = "";
  /** The line's end was a CR: an LF that comes next belongs to it. */
  #skipsLf = false;
  /** The data so far, an LF behind each line. */
  #data = "";
  #name = "";
  /** As it will be when the event ends. */
  #id;
  #fresh = null;

  /** @param {string} lastEventId which events have until the server says another one */
  constructor(error, most = LONGEST, lastEventId = "") {
    this.#error = error;
    this.#most = most;
    this.#id = lastEventId;
    this.lastEventId = lastEventId;
  }

  /** The events that end in this piece. */
  *take(piece) {
    const text = this.#decoder.decode(piece, { stream: true });
    let at = 0;
    let lf = text.indexOf("\n");
    let cr = text.indexOf("\r");
    while (at < text.length) {
      if (this.#skipsLf) {
        this.#skipsLf = false;
        if (lf === at) {
          at += 1;
          lf = text.indexOf("\n", at);
          continue;
        }
      }
      const end = cr === -1 || (lf !== -1 && lf < cr) ? lf : cr;
      const part = end === -1 ? text.slice(at) : text.slice(at, end);
      this.#line += part;
      this.#check();
      if (end === -1) return;
      at = end + 1;
      this.#skipsLf = end === cr;
      if (end === cr) cr = text.indexOf("\r", at);
      else lf = text.indexOf("\n", at);
      const line = this.#line;
      this.#line = "";
      const event = line === "" ? this.#dispatch() : this.#field(line);
      if (event !== undefined) yield event;
    }
  }

  #check() {
    if (this.#line.length + this.#data.length + this.#name.length <= this.#most) return;
    const most = this.#most;
    throw this.#error("line_too_long", `an event of the stream is longer than ${most} characters; raise maxEvent to read it`);
  }

  #field(line) {
    const colon = line.indexOf(":");
    const name = colon === -1 ? line : line.slice(0, colon);
    // A space behind the colon, and only one, is no part of the value.
    const value = colon === -1 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (name === "data") this.#data += `${value}\n`;
    else if (name === "event") this.#name = value;
    else if (name === "id" && !value.includes("\0")) this.#id = this.#checkedId(value);
    else if (name === "retry" && /^[0-9]+$/.test(value)) this.retry = this.#fresh = Number(value);
  }

  #checkedId(id) {
    // No character of a string is more than three bytes.
    if (id.length * 3 <= LONGEST_ID || new TextEncoder().encode(id).length <= LONGEST_ID) return id;
    throw this.#error("line_too_long", `an event's id is longer than ${LONGEST_ID} bytes`);
  }

  #dispatch() {
    this.lastEventId = this.#id;
    const [event, data] = [this.#name || "message", this.#data];
    [this.#name, this.#data] = ["", ""];
    if (data === "") return undefined;
    const retry = this.#fresh;
    this.#fresh = null;
    return { event, data: data.slice(0, -1), id: this.lastEventId, retry };
  }
}

/** The values of a body that has one on each line. */
export async function* values(chunk, { error, maxLine = LONGEST, parseJson = JSON.parse, shown }) {
  const decoder = new TextDecoder();
  let number = 0;
  let line = "";
  const check = (length) => {
    if (length <= maxLine) return;
    throw error("line_too_long", `no end of the line within ${maxLine} characters; raise maxLine to read it`);
  };
  const value = async () => {
    number += 1;
    const text = line.endsWith("\r") ? line.slice(0, -1) : line;
    line = "";
    check(text.length);
    if (/^[ \t\f\r]*$/.test(text)) return undefined;
    try {
      return { value: await parseJson(text) };
    } catch (cause) {
      const start = JSON.stringify(text.slice(0, 80));
      throw error("json", `invalid JSON: line ${number}: ${cause?.message ?? shown(cause)}; it starts ${start}`, { cause });
    }
  };
  for (let piece; piece !== END; ) {
    piece = (await chunk()) ?? END;
    const text = piece === END ? decoder.decode() : decoder.decode(piece, { stream: true });
    let at = 0;
    for (let end; (end = text.indexOf("\n", at)) !== -1; at = end + 1) {
      line += text.slice(at, end);
      const read = await value();
      if (read !== undefined) yield read.value;
    }
    line += text.slice(at);
    // A carriage return may belong to its end.
    check(line.length - 1);
  }
  const last = await value();
  if (last !== undefined) yield last.value;
}

const END = Symbol("end");
