/** Where the page is: a gateway that serves it has its routes below this. */
const HERE = new URL(".", document.baseURI).href;
/** What this tab remembers. */
const KEPT = "dualfetch.gateway";
/** How long a gateway may take to say who it is. */
const PATIENCE = 10_000;

/** The gateway: this page's own or another, and the key to it. */
export class Gateway {
  #url;
  #key;
  #fault;
  #isServed = false;

  /** `fault(input, words)` tells what is wrong beside its field; no words, that nothing is. */
  constructor(form, fault) {
    this.#url = form.querySelector("#gateway-url");
    this.#key = form.querySelector("#gateway-key");
    this.#fault = fault;
    const { url, key } = kept();
    if (url) this.#url.value = url;
    if (key) this.#key.value = key;
  }

  /** Whether there is one to go by. */
  get isThere() {
    return this.#isServed || this.#url.value.trim() !== "";
  }

  /** Asks whether a gateway serves this page. */
  async find() {
    this.#isServed = await isGateway(HERE);
    return this.#isServed;
  }

  /** `{ url, key }` as written; the key is undefined where none is. */
  read() {
    const written = this.#url.value.trim();
    const url = written === "" ? HERE : based(written);
    this.#fault(this.#url, url === null ? "An absolute URL, such as https://gateway.example" : "");
    const key = this.#key.value.trim() || undefined;
    this.#fault(this.#key, /^[\x21-\x7e]*$/.test(key ?? "") ? "" : "A key has letters, digits and signs of ASCII alone.");
    return { url, key };
  }

  /** Looks whether it is there and takes the key, and tells beside the fields what is wrong. */
  async check({ url, key }, signal) {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]);
    const status = await statusOf(url, key, limited);
    signal.throwIfAborted();
    const words = wording(status, key, new URL(url).host);
    this.#fault(status === 401 ? this.#key : this.#url, words);
    if (words === "") keep({ url: this.#url.value.trim(), key });
  }
}

/** The status of a route that needs the key; 0 where none can be told. */
async function statusOf(url, key, signal) {
  const headers = key ? { authorization: `Bearer ${key}` } : {};
  const asked = fetch(new URL("metrics", url), { method: "HEAD", headers, signal, cache: "no-store", credentials: "omit", redirect: "manual" });
  return asked.then(({ status }) => status, () => 0);
}

function wording(status, key, host) {
  if (status >= 200 && status < 300) return "";
  if (status === 401) return key ? `${host} does not know this key.` : `${host} asks for a key.`;
  if (status === 0) return `No gateway answers at ${host}, or it does not allow this page’s origin, ${location.origin}.`;
  if (status === 403) return `The gateway at ${host} does not serve this page’s origin, ${location.origin}.`;
  if (status === 429) return `The gateway at ${host} has had too many requests from here: wait a moment.`;
  return `${host} answered with status ${status}: that is no gateway.`;
}

async function isGateway(url) {
  try {
    const response = await fetch(new URL("healthz", url), { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    // Read to its end whatever it is: what is left unread counts as broken off.
    const text = await response.text();
    const { status, version } = JSON.parse(text);
    return response.ok && status === "ok" && typeof version === "string";
  } catch {
    return false;
  }
}

/** The URL below which a gateway's routes are; null where it is none. */
function based(written) {
  if (!URL.canParse(written)) return null;
  const url = new URL(written);
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
