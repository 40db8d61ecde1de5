import { error } from "./failure.js";
import { fetchOver } from "./fetch.js";
import { FETCH_ALL, FETCH_ALL_ITEM, PAGE, REQUEST, SESSION, settings, shown, read, TITLE, TITLES } from "./options.js";
import { Page, pageRow } from "./page.js";
import { race, Relay } from "./relay.js";
import { asked, href, resolved } from "./request.js";
import { SessionResponse } from "./response.js";
import { Rows } from "./rows.js";

/** A session without a build of its own: the entries' `Session` brings the wasm. */
export class BaseSession {
  #settings;
  #load;
  #loadCharset;
  #opening;
  #handle;
  #Document;
  #closing = new Relay();

  constructor(options, load, loadCharset) {
    const own = read(SESSION, options);
    this.#settings = { ...settings(own), fetch: own.fetch };
    this.#load = load;
    this.#loadCharset = loadCharset;
    // A function of its own, so that it can be handed to a library that takes a `fetch`.
    this.fetch = fetchOver(this);
  }

  get(url, options) {
    return this.#send("GET", url, options);
  }

  head(url, options) {
    return this.#send("HEAD", url, options);
  }

  options(url, options) {
    return this.#send("OPTIONS", url, options);
  }

  post(url, options) {
    return this.#send("POST", url, options);
  }

  put(url, options) {
    return this.#send("PUT", url, options);
  }

  patch(url, options) {
    return this.#send("PATCH", url, options);
  }

  delete(url, options) {
    return this.#send("DELETE", url, options);
  }

  request(url, options) {
    return this.#send(undefined, url, options);
  }

  /** A page as far as its title needs. */
  async title(url, options) {
    return this.#page(url, read(TITLE, options));
  }

  /** A page as far as is asked for. */
  async page(url, options) {
    return this.#page(url, read(PAGE, options));
  }

  /** The titles of many pages, each as soon as it is there. */
  titles(urls, options) {
    const { signal, metadata, maxBytes, drain, ordered, window, onProgress, ...rest } = read(TITLES, options);
    iterable(urls, "urls");
    const open = async (pull) => {
      const relay = this.#begin(signal);
      await this.#ready(relay);
      const handle = this.#live();
      needTitles(handle);
      return handle.titles(pull, ordered ?? false, window, toEnd(metadata), maxBytes, drain, relay);
    };
    // The URL stays as it was given; one that is none gets a row that says so.
    const ask = async (url) => ({ ...(await told(url, () => asked(href(url), rest))), given: written(url) });
    return new Rows(open, urls, ask, pageRow, onProgress);
  }

  /** The responses to many requests, each as soon as its head is there. */
  fetchAll(requests, options) {
    const { signal, ordered, window, onProgress, ...rest } = read(FETCH_ALL, options);
    iterable(requests, "requests");
    const open = async (pull) => {
      const relay = this.#begin(signal);
      await this.#ready(relay);
      return this.#live().fetchAll(pull, ordered ?? false, window, relay);
    };
    const ask = (item) => {
      const plain = typeof item === "object" && item !== null && !(item instanceof URL);
      const { url, ...own } = plain ? item : { url: item };
      return told(url, () => asked(href(url), { ...rest, ...read(FETCH_ALL_ITEM, own) }));
    };
    return new Rows(open, requests, ask, fetchRow, onProgress);
  }

  /** What is under way and what waits, now. */
  figures() {
    const [inFlight, waiting, ...flat] = this.#handle?.figures() ?? [0, 0];
    const hosts = [];
    for (let i = 0; i + 2 < flat.length; i += 3) {
      hosts.push({ origin: flat[i], inFlight: flat[i + 1], waiting: flat[i + 2] });
    }
    return { inFlight, waiting, hosts };
  }

  /** Ends every request under way, unread bodies among them. Each rejects with a `ClosedError`, as later ones do. */
  close() {
    this.#closing.end(error("closed", "the session is closed"));
    this.#handle?.free();
    this.#handle = undefined;
  }

  [Symbol.dispose ?? Symbol.for("Symbol.dispose")]() {
    this.close();
  }

  async #page(url, { signal, metadata, html, maxBytes, drain, ...rest }) {
    const relay = this.#begin(signal);
    const request = await this.#ready(relay, asked(href(url), rest));
    const handle = this.#live();
    needTitles(handle);
    const told = await handle.page(request, toEnd(metadata), html ?? false, maxBytes, drain, relay);
    return new Page(pageRow(told), this.#Document);
  }

  async #send(method, url, options) {
    const { signal, ...rest } = read(REQUEST, options);
    const relay = this.#begin(signal);
    const asking = asked(resolved(url), rest, method);
    // One await less for each of many requests, and the first of them is sent before the last is looked at.
    const isReady = this.#handle !== undefined && !(asking instanceof Promise);
    const request = isReady ? asking : await this.#ready(relay, asking);
    return new SessionResponse(await this.#live().send(request, relay), request.url);
  }

  /**
   * The request, once all that is needed to begin is there. A body of the caller's own and the first load may take
   * long: signals end that, too.
   */
  async #ready(relay, asking) {
    const [request] = await race(Promise.all([asking, this.#open()]), [relay, this.#closing]);
    return request;
  }

  /** The wasm side, which may have gone while something was awaited. */
  #live() {
    this.#closing.throwIfAborted();
    return this.#handle;
  }

  /** The signal to listen to, once it is known that neither it nor the session has ended. */
  #begin(signal) {
    const relay = Relay.of(signal);
    relay?.throwIfAborted();
    this.#closing.throwIfAborted();
    return relay;
  }

  async #open() {
    this.#opening ??= this.#load().then((glue) => {
      this.#closing.throwIfAborted();
      this.#Document = glue.DocumentHandle;
      return (this.#handle = new glue.SessionHandle(this.#settings, this.#closing, this.#loadCharset));
    });
    try {
      await this.#opening;
    } catch (reason) {
      // What failed to load may load later.
      this.#opening = undefined;
      throw reason;
    }
    this.#closing.throwIfAborted();
    return this.#handle;
  }
}

/** How far to read for metadata, as the wasm side has it. */
function toEnd(metadata) {
  return metadata && metadata === "page";
}

function needTitles(handle) {
  if (handle.titles !== undefined) return;
  const message = "titles are not supported here (this build): import from dualfetch, not from dualfetch/core";
  throw error("unsupported", message, { detail: "titles" });
}

/** A request, or a row's error where none can be made. */
async function told(url, request) {
  try {
    return await request();
  } catch (reason) {
    return { url: written(url), error: reason };
  }
}

function written(url) {
  return typeof url === "string" ? url : typeof url?.href === "string" ? url.href : shown(url);
}

function iterable(value, name) {
  if (typeof value === "string" || !(value?.[Symbol.iterator] ?? value?.[Symbol.asyncIterator])) {
    throw error("invalid_option", `invalid option ${name}: an iterable, not ${shown(value)}`, { detail: name });
  }
}

function fetchRow([index, url, elapsed, failure, handle]) {
  const response = handle === undefined ? null : new SessionResponse(handle, url);
  return { index, url, elapsed, response, error: failure ?? null };
}
