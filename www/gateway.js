import { parsed } from "./words.js";

/** Where the page is: a gateway that serves it has its routes below this. */
const HERE = new URL(".", document.baseURI).href;
/** What this tab remembers. */
const KEPT = "dualfetch.gateway";
/** How long a gateway may take to say who it is. */
const PATIENCE = 10_000;
/** How many connections a browser has to one HTTP/1.1 server. */
const CONNECTIONS = 6;

/** The gateway: this page's own or another, and the key to it. */
export class Gateway {
  #url;
  #key;
  /** Whose key is in the field, by origin, and the keys that were taken. */
  #keyOf;
  #keys;
  #fault;
  #isServed = false;

  /** `fault(input, words)` tells what is wrong beside its field; no words, that nothing is. */
  constructor(form, fault) {
    this.#url = form.querySelector("#gateway-url");
    this.#key = form.querySelector("#gateway-key");
    this.#fault = fault;
    const { url, keys = {} } = kept();
    this.#keys = new Map(Object.entries(keys));
    if (url) this.#url.value = url;
    this.#turn();
    this.#url.addEventListener("change", () => this.#turn());
    this.#key.addEventListener("input", () => (this.#keyOf = originOf(this.#address)));
  }

  /** Whether there is one to go by. */
  get isThere() {
    return this.#isServed || this.#url.value.trim() !== "";
  }

  /** How many requests it can have under way from one browser; infinitely many where nobody says so. */
  get connections() {
    const url = this.#address;
    return url !== null && isNarrow(url) ? CONNECTIONS : Infinity;
  }

  /** Asks whether a gateway serves this page. */
  async find() {
    this.#isServed = (await greeted(HERE, AbortSignal.timeout(PATIENCE))).isGateway;
    return this.#isServed;
  }

  /** `{ url, key }` as written; the key is undefined where none is. */
  read() {
    this.#turn();
    const url = this.#address;
    this.#fault(this.#url, url === null ? "An absolute URL, such as https://gateway.example" : "");
    const key = this.#key.value.trim() || undefined;
    this.#fault(this.#key, /^[\x21-\x7e]*$/.test(key ?? "") ? "" : "A key has letters, digits and signs of ASCII alone.");
    return { url, key };
  }

  /** Looks whether it is there and takes the key, and tells beside the fields what is wrong. */
  async check({ url, key }, signal) {
    const [limited, end] = within(PATIENCE, signal);
    let { status, isGateway } = await greeted(url, limited);
    // Only what has said that it is a gateway is shown the key.
    if (isGateway) status = await statusOf(url, key, limited);
    end();
    signal.throwIfAborted();
    const words = wording(status, isGateway, key, placeOf(url));
    this.#fault(isGateway && status === 401 ? this.#key : this.#url, words);
    if (words === "") this.#keep(url, key);
  }

  /** The URL below which its routes are; null where what is written is none. */
  get #address() {
    const written = this.#url.value.trim();
    return written === "" ? HERE : based(written);
  }

  /** A key is for the server that it was written for, and leaves the field with it. */
  #turn() {
    const origin = originOf(this.#address);
    if (origin === undefined || origin === this.#keyOf) return;
    this.#keyOf = origin;
    this.#key.value = this.#keys.get(origin) ?? "";
    this.#fault(this.#key, "");
  }

  #keep(url, key) {
    if (key === undefined) this.#keys.delete(originOf(url));
    else this.#keys.set(originOf(url), key);
    keep({ url: this.#url.value.trim(), keys: Object.fromEntries(this.#keys) });
  }
}

/** The status of a route that needs the key; 0 where none can be told. */
async function statusOf(url, key, signal) {
  const headers = key ? { authorization: `Bearer ${key}` } : {};
  const asked = fetch(new URL("metrics", url), { method: "HEAD", headers, signal, cache: "no-store", credentials: "omit", redirect: "manual" });
  return asked.then(({ status }) => status, () => 0);
}

function wording(status, isGateway, key, place) {
  if (isGateway && status >= 200 && status < 300) return "";
  if (isGateway && status === 401) return key ? `${place} does not know this key.` : `${place} asks for a key.`;
  if (status === 0) return `No gateway answers at ${place}, or it does not allow this page’s origin, ${location.origin}.`;
  if (status === 403) return `The gateway at ${place} does not serve this page’s origin, ${location.origin}.`;
  if (status === 429) return `The gateway at ${place} has had too many requests from here: wait a moment.`;
  return `${place} answered with status ${status}: that is no gateway.`;
}

/** Whether what is there says that it is a gateway, which is asked without a key; and its status, 0 where none can be told. */
async function greeted(url, signal) {
  let status = 0;
  try {
    const response = await fetch(new URL("healthz", url), { cache: "no-store", redirect: "manual", signal });
    status = response.status;
    // Read to its end whatever it is: what is left unread counts as broken off.
    const said = JSON.parse(await response.text());
    return { status, isGateway: response.ok && said?.status === "ok" && typeof said.version === "string" };
  } catch {
    return { status, isGateway: false };
  }
}

/** Whether it is known to speak HTTP/1.1: without TLS it is, to a browser, and else the browser may say so. */
function isNarrow(url) {
  const seen = performance.getEntriesByName(new URL("healthz", url).href).at(-1)?.nextHopProtocol ?? "";
  return seen === "" ? new URL(url).protocol === "http:" : seen.startsWith("http/1");
}

/** A signal that also fires after so many milliseconds, and what ends the wait for it. */
function within(milliseconds, signal) {
  const both = new AbortController();
  const abort = () => both.abort();
  const timer = setTimeout(abort, milliseconds);
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  return [both.signal, () => {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }];
}

/** Where it is, as people write it: the path, too, for that may be what is wrong. */
function placeOf(url) {
  const { host, pathname } = new URL(url);
  return host + pathname.replace(/\/$/, "");
}

function originOf(url) {
  return url === null ? undefined : new URL(url).origin;
}

/** The URL below which a gateway's routes are; null where it is none. */
function based(written) {
  const url = parsed(written);
  if (url === null) return null;
  if (!/^https?:$/.test(url.protocol) || url.username || url.password) return null;
  url.search = "";
  url.hash = "";
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url.href;
}

// Where a page may store nothing, the tab remembers nothing.
function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT)) ?? {};
  } catch {
    return {};
  }
}

function keep(gateway) {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(gateway));
  } catch {
    // It is written anew next time.
  }
}
