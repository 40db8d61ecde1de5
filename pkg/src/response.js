import { error, hops } from "./failure.js";
import { JSON_READER, read } from "./options.js";

/** Statuses whose responses have no body (WHATWG Fetch, "null body status"). */
const NO_BODY = [101, 103, 204, 205, 304];

/** The answer to a request: its head is here, its body is read by one of the readers, once. */
export class SessionResponse {
  #handle;
  #asked;
  #fields;
  #hops;
  #headers;
  #history;
  #stream;
  #used = false;
  #encoding = null;
  #encodingSource = null;

  /** Made by a session. */
  constructor(handle, asked) {
    this.#handle = handle;
    this.#asked = asked;
    [this.status, this.url, this.attempts, this.elapsed, this.#fields, this.#hops] = handle.head;
  }

  /** Whether the status is from 200 to 299, as `fetch` has it. (In Rust `ok` means less than 400.) */
  get ok() {
    return this.status >= 200 && this.status <= 299;
  }

  /** Whether another URL answered than the one that was asked. */
  get redirected() {
    return this.#hops.length > 0 || withoutFragment(this.#asked) !== withoutFragment(this.url);
  }

  get headers() {
    if (this.#headers === undefined) {
      this.#headers = new Headers();
      for (const field of this.#fields.split("\n").slice(0, -1)) {
        const colon = field.indexOf(":");
        try {
          this.#headers.append(field.slice(0, colon), field.slice(colon + 1));
        } catch {
          // A value that HTTP allows and this platform's Headers does not.
        }
      }
    }
    return this.#headers;
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

  /** The whole body as text, by the encoding it is in. */
  async text() {
    this.#begin();
    const [text, encoding, source] = await this.#handle.text();
    this.#encoding = encoding;
    this.#encodingSource = source;
    return text;
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

  /** The whole body read as JSON, which is UTF-8 (RFC 8259). */
  async json(options) {
    const { checkContentType = true } = read(JSON_READER, options);
    const type = this.headers.get("content-type") ?? "";
    const bytes = await this.bytes();
    if (checkContentType && !isJson(type)) {
      throw error("content_type", `unexpected content type: ${JSON.stringify(type)} is not JSON; ${start(bytes)}`, this);
    }
    try {
      return JSON.parse(new TextDecoder().decode(bytes));
    } catch (cause) {
      const details = { url: this.url, attempts: this.attempts, cause };
      throw error("json", `invalid JSON: ${cause.message}; ${start(bytes)}`, details);
    }
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
  const essence = type.split(";")[0].trim().toLowerCase();
  return essence === "application/json" || essence.endsWith("+json");
}

/** The first bytes of a body for a message. */
function start(bytes) {
  return `the body starts ${JSON.stringify(new TextDecoder().decode(bytes.subarray(0, 80)))}`;
}
