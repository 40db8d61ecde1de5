import { added, calling, extended, rooted, without } from "./defaults.js";
import { asking, SessionEventSource } from "./event_source.js";
import { error, isOurs, refusalAt, refusalUrl, rejection } from "./failure.js";
import { fetchOver } from "./fetch.js";
import { gateway } from "./gateway_options.js";
import { before, isRaised, layered, SessionRequest, withoutLayers } from "./layers.js";
import { DOWNLOAD, EXTENSION, FETCH_ALL, FETCH_ALL_ITEM, PAGE, read, REQUEST, SESSION, shown, TITLE, TITLES, written as jsonOf } from "./options.js";
import { Page, pageRow } from "./page.js";
import { race, Relay } from "./relay.js";
import { asked, href, pageUrl, repeatable, resolved } from "./request.js";
import { failureOf, SessionResponse, statusError } from "./response.js";
import { Rows } from "./rows.js";
import { EVENT_SOURCE, WEBSOCKET } from "./stream_options.js";

/** A session without a build of its own: the entries' `Session` brings the wasm. */
export class BaseSession {
  #engine;
  #defaults;

  constructor(options, load, loadCharset, { digest = false } = {}) {
    if (options instanceof Extended) [this.#engine, this.#defaults] = options.parts;
    else {
      const given = read({ ...SESSION, gateway }, options);
      needDigest(digest, given);
      const own = given.gateway?.rooted(given) ?? given;
      const [settings, defaults] = rooted(own);
      this.#engine = new Engine(settings, load, loadCharset, digest, own);
      this.#defaults = defaults;
    }
    // A function of its own, so that it can be handed to a library that takes a `fetch`.
    this.fetch = fetchOver(this);
  }

  /** A session with changed defaults, within the same limits: what is under way in one counts in the other. */
  extend(options) {
    const defaults = extended(this.#defaults, this.#engine.checked(read(EXTENSION, options)));
    // Of the class of this one, whose own constructor may take something else.
    return Reflect.construct(BaseSession, [new Extended([this.#engine, defaults])], this.constructor);
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

  /** Downloads a file by GET to a path, a `FileSystemFileHandle` or a `WritableStream`, going on where it is cut off. */
  async download(url, target, options) {
    const { attempts, onProgress, overwrite, resume, sha256, signal, ...rest } = read(DOWNLOAD, options);
    const wishes = { attempts, onProgress, overwrite, resume, sha256 };
    const call = calling(this.#defaults, rest);
    const own = { ...options };
    for (const name of Object.keys(wishes)) delete own[name];
    for (const name of ["range", "if-range"]) {
      if (!new Headers(own.headers ?? undefined).has(name)) continue;
      throw error("invalid_header", `invalid header: "${name}" is the download's own to set`, { detail: name });
    }
    const ask = (fields, hasBegun) => {
      const headers = new Headers(own.headers ?? undefined);
      for (const [name, value] of Object.entries(fields)) headers.set(name, value);
      // From its beginning on it is the download that tries again.
      return this.get(url, { ...own, ...(hasBegun && { retry: false }), headers: [...headers], raiseForStatus: false });
    };
    const { downloaded } = await import("./files.js");
    const way = { hasBegun: false, ask, failure: failureOf, url: resolved(url, call.baseUrl ?? pageUrl()), signal };
    return downloaded(way, target, wishes, error);
  }

  /** A page as far as its title needs. */
  async title(url, options) {
    return this.#page(url, read(TITLE, options), options);
  }

  /** A page as far as is asked for. */
  async page(url, options) {
    return this.#page(url, read(PAGE, options), options);
  }

  /** The titles of many pages, each as soon as it is there. */
  titles(urls, options) {
    const { signal, metadata, maxBytes, drain, ordered, window, onProgress, ...rest } = read(TITLES, options);
    iterable(urls, "urls");
    const call = this.#plain(rest);
    const open = async (pull) => {
      const handle = await this.#engine.ready(Relay.of(signal));
      needTitles(handle);
      return handle.titles(pull, ordered ?? false, window, toEnd(metadata), maxBytes, drain, Relay.of(signal));
    };
    // The URL stays as it was given; one that is none gets a row that says so.
    const ask = async (url) => ({ ...(await told(url, () => this.#asking(url, call, options))), given: written(url) });
    return new Rows(open, urls, ask, (told) => pageRow(judged(told, call.raise)), onProgress);
  }

  /** The responses to many requests, each as soon as its head is there. */
  fetchAll(requests, options) {
    const { signal, ordered, window, onProgress, ...rest } = read(FETCH_ALL, options);
    iterable(requests, "requests");
    withoutLayers(this.#calling(rest));
    const { loadCharset } = this.#engine;
    const open = async (pull) => {
      const handle = await this.#engine.ready(Relay.of(signal));
      return handle.fetchAll(pull, ordered ?? false, window, Relay.of(signal));
    };
    // What judges a status and reads JSON may be each request's own. The engine gives rows by the number of their request.
    const owns = new Map();
    let count = 0;
    const ask = (item) => {
      const at = count++;
      const plain = typeof item === "object" && item !== null && !(item instanceof URL);
      const { url, ...own } = plain ? item : { url: item };
      return told(url, () => {
        const call = this.#calling({ ...rest, ...read(FETCH_ALL_ITEM, own) });
        withoutLayers(call);
        const { parseJson, raise } = call;
        if (raise !== false || parseJson !== undefined) owns.set(at, { parseJson, raise });
        return this.#asking(url, call, own);
      });
    };
    const row = ([index, url, elapsed, failure, handle]) => {
      const { parseJson, raise = false } = owns.get(index) ?? {};
      owns.delete(index);
      let response = null;
      let error = failure ?? null;
      try {
        if (handle !== undefined) response = responseOf(handle, url, { loadCharset, parseJson });
        // Without the body, for which the rows behind this one would wait.
        if (response !== null && isRaised(response, raise)) error = statusError(response);
      } catch (reason) {
        error = reason;
      }
      if (error !== null) response?.cancel();
      return { index, url, elapsed, response: error === null ? response : null, error };
    };
    return new Rows(open, requests, ask, row, onProgress);
  }

  /** Server-sent events that go on where the connection is lost. */
  eventSource(url, options) {
    const { anyType, lastEventId, maxAttempts, maxEvent, maxReconnectionTime, onLost, reconnectionTime, signal, ...own } = read(EVENT_SOURCE, options);
    const plan = { anyType, lastEventId, maxAttempts, maxEvent, maxReconnectionTime, onLost, reconnectionTime };
    this.#calling(own);
    const given = { ...options };
    for (const name of [...Object.keys(plan), "signal", "searchParams"]) delete given[name];
    // Read once: what iterates may do so once, as a stream does.
    for (const name of ["params", "form"]) if (own[name] !== undefined) given[name] = String(own[name]);
    const ask = async (fields, isFirst, signal) => {
      if (isFirst) given.body = await this.#engine.race(Relay.of(signal), repeatable(given.body));
      const [asked, more] = asking(given, fields);
      // From then on it is connected again from here.
      if (!isFirst) asked.retry = false;
      // Where to go on is told once: the caller's field is where it began.
      const kept = fields.length === 0 ? (own.headers ?? []) : without(own.headers ?? [], "last-event-id");
      asked.headers = pairs(added(kept, more));
      return this.request(url, { ...asked, signal });
    };
    const relay = Relay.of(signal);
    return new SessionEventSource(defined(plan), ask, { relay, race: (promise) => this.#engine.race(undefined, promise) });
  }

  /** A WebSocket, once it is open. It has its place within the limits until it is closed. */
  async websocket(url, options) {
    const told = read(WEBSOCKET, options);
    const { closeTimeout, maxBuffered, maxMessageSize, protocols, receiveTimeout, signal, ...own } = told;
    const engine = this.#engine;
    needDirect(engine.own.gateway);
    const relay = engine.begin(signal);
    const call = this.#calling(own);
    withoutLayers(call, "a handshake is the platform's own", ["beforeRequest"]);
    const { opened } = await engine.race(relay, import("./websocket.js"));
    const wishes = defined({ closeTimeout, maxBuffered, maxMessageSize, protocols, receiveTimeout });
    const way = { asked, call, ending: new Relay(), engine, error, isOurs, relay, shown, written: jsonOf };
    return opened(resolved(url, call.baseUrl ?? pageUrl()), wishes, way);
  }

  /** What is under way and what waits, now. */
  figures() {
    const [inFlight, waiting, ...flat] = this.#engine.handle?.figures() ?? [0, 0];
    const hosts = [];
    for (let i = 0; i + 2 < flat.length; i += 3) {
      hosts.push({ origin: flat[i], inFlight: flat[i + 1], waiting: flat[i + 2] });
    }
    return { inFlight, waiting, hosts };
  }

  /**
   * Ends every request under way, unread bodies among them, and those of the sessions that extend this one or that it
   * extends. Each rejects with a `ClosedError`, as later ones do.
   */
  close() {
    this.#engine.close();
  }

  [Symbol.dispose ?? Symbol.for("Symbol.dispose")]() {
    this.close();
  }

  async #page(url, { signal, metadata, html, maxBytes, drain, ...rest }, options) {
    const relay = Relay.of(signal);
    const handle = await this.#engine.ready(relay);
    needTitles(handle);
    const call = this.#plain(rest);
    const asking = this.#asking(url, call, options);
    const request = asking instanceof Promise ? await this.#engine.race(relay, asking) : asking;
    const told = await this.#engine.live().page(request, toEnd(metadata), html ?? false, maxBytes, drain, relay);
    const row = pageRow(judged(told, call.raise));
    if (row.error !== null) throw row.error;
    return new Page(row, this.#engine.Document);
  }

  async #send(method, url, options) {
    const { signal, ...own } = read(REQUEST, options);
    const engine = this.#engine;
    const relay = engine.begin(signal);
    const call = this.#calling(own);
    const { complete, hooks, middleware, parseJson, raise } = call;
    const reading = { loadCharset: engine.loadCharset, parseJson };
    const asking = asked(resolved(url, call.baseUrl ?? pageUrl()), call.options, method);
    const send = async (request) => {
      // One await less for each of many requests, and the first of them is sent before the last is looked at.
      const handle = engine.handle ?? (await engine.ready(relay));
      return responseOf(await handle.send(request, relay), request.url, reading);
    };
    const isLayered = middleware.length > 0 || Object.values(hooks).some((list) => list.length > 0);
    if (!isLayered) {
      const request = complete(asking instanceof Promise ? await engine.race(relay, asking) : asking);
      const response = await send(request);
      if (isRaised(response, raise)) throw await engine.race(relay, failureOf(response));
      return response;
    }
    const working = async () => layered(call, new SessionRequest(await asking, options), send, reading);
    return engine.race(relay, working());
  }

  #calling(own) {
    const call = calling(this.#defaults, this.#engine.checked(own));
    const { gateway } = this.#engine.own;
    return gateway === undefined ? call : { ...call, complete: (request) => call.complete(gateway.admitted(request)) };
  }

  /** A call that the engine does alone. */
  #plain(own) {
    const call = this.#calling(own);
    withoutLayers(call);
    if (typeof call.raise === "function") {
      const message = "a function for raiseForStatus is not supported here (titles and pages): look at the row's status";
      throw error("unsupported", message, { detail: "raiseForStatus" });
    }
    // The engine takes the refusal of a gateway, which may ask for time, for the answer of the page.
    if (call.raise && this.#engine.own.gateway === undefined) call.options.raiseForStatus = true;
    return call;
  }

  /** A request of a list, or a page's: at once, or a promise of it. */
  #asking(url, { baseUrl, complete, hooks, options }, given) {
    const asking = asked(resolved(url, baseUrl), options);
    if (hooks.beforeRequest.length === 0) return asking instanceof Promise ? asking.then(complete) : complete(asking);
    return (async () => {
      const [request, response] = await before(hooks, new SessionRequest(await asking, given), this.#engine);
      if (response !== undefined) {
        response.cancel();
        const message = "a response from hooks.beforeRequest is not supported here (titles, pages and lists are the engine's)";
        throw error("unsupported", message, { detail: "hooks.beforeRequest" });
      }
      return complete(await SessionRequest.asked(request));
    })();
  }
}

/** What the constructor is given for a session that extends another one. */
class Extended {
  constructor(parts) {
    this.parts = parts;
  }
}

/** The wasm side, loaded when it is first needed, of a session and of those that extend it. */
class Engine {
  #settings;
  #load;
  #opening;
  #closing = new Relay();

  constructor(settings, load, loadCharset, digest, own) {
    this.#settings = { ...settings, fetch: answering(settings.fetch, own.gateway) };
    this.#load = load;
    this.digest = digest;
    this.loadCharset = loadCharset;
    this.own = own;
    this.headers = settings.headers ?? [];
    this.handle = undefined;
    this.Document = undefined;
  }

  /** Options of a session that extends this one or of a call, once it is known that they can be held to. */
  checked(own) {
    needDigest(this.digest, own);
    return this.own.gateway?.checked(own) ?? own;
  }

  /** The signal to listen to, once it is known that neither it nor the session has ended. */
  begin(signal) {
    const relay = Relay.of(signal);
    relay?.throwIfAborted();
    this.#closing.throwIfAborted();
    return relay;
  }

  /** The handle. The first load may take long: signals end that, too. */
  async ready(relay) {
    relay?.throwIfAborted();
    this.#closing.throwIfAborted();
    await this.race(relay, this.#open());
    return this.live();
  }

  /** What the promise gives, unless the signal or the session's end comes first. */
  race(relay, promise) {
    return race(promise, [relay, this.#closing]);
  }

  /** The handle, which may have gone while something was awaited. */
  live() {
    this.#closing.throwIfAborted();
    return this.handle;
  }

  close() {
    this.#closing.end(error("closed", "the session is closed"));
    this.handle?.free();
    this.handle = undefined;
  }

  async #open() {
    this.#opening ??= this.#load().then((glue) => {
      this.#closing.throwIfAborted();
      this.Document = glue.DocumentHandle;
      this.handle = new glue.SessionHandle(this.#settings, this.#closing, this.loadCharset);
    });
    try {
      await this.#opening;
    } catch (reason) {
      // What failed to load may load later.
      this.#opening = undefined;
      throw reason;
    }
    this.#closing.throwIfAborted();
  }
}

/** The caller's `fetch`, or the platform's; a function in the place of a body gives the answer itself. */
function answering(own, gateway) {
  const fetch = (url, init) => (own === undefined ? globalThis.fetch(url, init) : own(url, init));
  const way = { isPlatforms: own === undefined, refusalUrl, rejection };
  return (url, init) => {
    if (typeof init.body === "function") return init.body(url, init);
    return gateway === undefined ? fetch(url, init) : gateway.answer(url, init, fetch, way);
  };
}

/** The response that the wasm side gives, or the error that it is. */
function responseOf(handle, asked, reading) {
  const response = new SessionResponse(handle, asked, reading);
  const refusal = refusalAt(response.url, response.attempts);
  if (refusal === undefined) return response;
  response.cancel();
  throw refusal;
}

/** A page's row as the wasm side tells it: that of an error where a gateway gave no page, or where its status is one. */
function judged(told, raise) {
  const [, , , failure, url, status, ...more] = told;
  if (failure != null) return told;
  const attempts = more[5];
  const raised = () => (raise && status >= 400 ? error("status", `status ${status} (${url})`, { url, attempts, detail: status }) : undefined);
  const wrong = refusalAt(url, attempts) ?? raised();
  return wrong === undefined ? told : [...told.slice(0, 3), wrong];
}

/** What was not left out. */
function defined(options) {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** Names and values that stand one after the other. */
function pairs(flat) {
  return flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1]]] : []));
}

/** How far to read for metadata, as the wasm side has it. */
function toEnd(metadata) {
  return metadata && metadata === "page";
}

/** @param {boolean} has whether this build answers challenges */
function needDigest(has, { digest }) {
  if (has || digest === undefined) return;
  const message = "auth.digest is not supported here (this build): import from dualfetch/full";
  throw error("unsupported", message, { detail: "auth.digest" });
}

function needDirect(gateway) {
  if (gateway === undefined || gateway.isAuto) return;
  const message = "websocket is not supported here (the session's gateway relays none: open it by a session without, or with gateway.auto)";
  throw error("unsupported", message, { detail: "websocket" });
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
