import { error } from "./failure.js";
import { invalid, read, shown, text } from "./options.js";
import { isInPage } from "./place.js";
import { pageUrl } from "./request.js";

/** What a gateway sends upstream in its own name, or not at all, and names with what may be read as a hyphen: src/gateway/headers.rs. */
const NOT_PASSED =
  /^(authorization|client-ip|connection|cookie|cookie2|expect|forwarded|host|http2-settings|keep-alive|origin|referer|service-worker|te|trailer|transfer-encoding|true-client-ip|upgrade|user-agent|via|x-client-ip|x-cluster-client-ip|x-real-ip|x-request-id|(access-control-request-|cf-|cloudfront-|dualfetch-|fastly-|fly-|proxy-|remote-|sec-|ssl-client-|tailscale-|x-amzn-mtls-|x-amzn-oidc-|x-appengine-|x-arr-|x-auth-request-|x-azure-|x-envoy-|x-forwarded-|x-goog-authenticated-user-|x-goog-iap-|x-ms-client-principal|x-ms-token-|x-original-|x-remote-|x-ssl-).*|.*_.*)$/i;

/** What the engine sends of itself where nobody has said another. */
const isOwnAgent = ([name, value]) => name.toLowerCase() === "user-agent" && /^dualfetch\//.test(value);

/**
 * Fields that a page may send without asking the other site first (Fetch, "CORS-safelisted request-header"), by what their
 * values may be; and those that say no more than what of the site's is here already, as downloads and event sources have
 * them. Any other may be a secret, or be what the site refuses the page for.
 */
const PLAIN = {
  accept: /^[^"():<>?@[\\\]{}\0-\x08\x0a-\x1f\x7f]*$/,
  "accept-language": /^[0-9A-Za-z *,.;=-]*$/,
  "content-language": /^[0-9A-Za-z *,.;=-]*$/,
  "if-range": /^/,
  "last-event-id": /^/,
  range: /^bytes=\d+-\d*$/,
};

/** How long the value of one may be, in characters. */
const MOST_OF_PLAIN = 128;

/** How many connections a browser has to one HTTP/1.1 server. */
const CONNECTIONS = 6;

const METHODS = ["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"];

/** What a request may be that is sent a second time, by another way. */
const SAFE = ["GET", "HEAD"];

/** How many origins are remembered that need the gateway. */
const MOST_REMEMBERED = 1000;

const unsupported = (name, why) => error("unsupported", `${name} is not supported here (${why})`, { detail: name });

/** The option `gateway`: what it says, as a `Gateway`. */
export const gateway = (value, name, out) => {
  if (value === null) return;
  const isPlain = typeof value === "object" && typeof value.href !== "string";
  const { auto = false, key, url = "auto" } = isPlain ? read(PARTS, value, {}, `${name}.`) : { url: value };
  if (isPlain && url === "auto" && !auto) throw invalid(name, "a url, or auto: true for the gateway of the page's own origin");
  const isOwn = url === "auto";
  out[name] = new Gateway(isOwn ? ownOrigin(name) : addressOf(url, isPlain ? `${name}.url` : name), key, auto || isOwn);
};

const PARTS = {
  auto: (value, name, out) => {
    if (typeof value !== "boolean") throw invalid(name, `true or false, not ${shown(value)}`);
    out.auto = value;
  },
  key: (value, name, out) => {
    // Its value is nobody's to read in a message.
    if (typeof value !== "string") throw invalid(name, "a string");
    if (!/^[\x21-\x7e]+$/.test(value)) throw invalid(name, "visible characters of ASCII, and at least one");
    out.key = value;
  },
  url: (value, name, out) => {
    if (typeof value !== "object") text(value, name, {});
    out.url = value;
  },
};

function ownOrigin(name) {
  const origin = globalThis.location?.origin;
  if (/^https?:/.test(origin ?? "")) return origin;
  throw invalid(name, '"auto" is the gateway of the page\'s own origin, and there is no page here: give its url, { url, auto: true }');
}

/** The URL without a slash at its end. */
function addressOf(value, name) {
  const given = typeof value === "object" && typeof value?.href === "string" ? value.href : value;
  if (typeof given !== "string") throw invalid(name, `a string or URL, not ${shown(value)}`);
  let url;
  try {
    url = new URL(given, pageUrl());
  } catch {
    throw invalid(name, "an absolute URL, such as https://gateway.example");
  }
  if (!/^https?:$/.test(url.protocol)) throw invalid(name, "an http or https URL");
  if (url.username || url.password) throw invalid(name, "a URL without user and password: gateway.key says who is asking");
  if (/[?#]/.test(url.href)) throw invalid(name, "a URL without a query or fragment");
  return url.href.replace(/\/+$/, "");
}

/** The gateway of a session. */
export class Gateway {
  #key;
  #loading;
  #remembered = new Set();

  constructor(base, key, isAuto) {
    // Where there is no page, the platform says why a request fails, or none needs another way.
    Object.assign(this, { base, isAuto, isIdle: isAuto && !isInPage(), isKeyed: key !== undefined });
    this.#key = key;
  }

  /** The URL at which this URL is asked for. */
  address(url) {
    return `${this.base}/fetch?url=${encodeURIComponent(url.split("#", 1)[0])}&wrapped=true`;
  }

  /** Header fields, and the one that says who is asking. */
  authorized(fields) {
    return this.#key === undefined ? fields : [...fields, ["authorization", `Bearer ${this.#key}`]];
  }

  /** Whether what is at this origin was had by the gateway before, and not by itself. */
  remembers(origin) {
    return this.#remembered.has(origin);
  }

  remember(origin) {
    // The one that was of use the longest ago goes.
    this.#remembered.delete(origin);
    if (this.#remembered.size >= MOST_REMEMBERED) this.#remembered.delete(this.#remembered.values().next().value);
    this.#remembered.add(origin);
  }

  forget(origin) {
    this.#remembered.delete(origin);
  }

  /** A new session's options, as `checked` has them. */
  rooted(own) {
    const checked = this.checked(own);
    if (this.isAuto) return checked;
    // What comes has been followed to its end; where the engine could follow redirects it holds a hash against them.
    if (!isInPage()) return { ...checked, redirect: 0 };
    // What waits for a connection is under way to the engine, and its time runs. Over TLS it is HTTP/2, and there is one.
    const isNarrow = own.limit === undefined && this.base.startsWith("http:");
    return isNarrow ? { ...checked, limit: CONNECTIONS } : checked;
  }

  /**
   * Options that were read, as the engine is to have them.
   *
   * @throws {UnsupportedError} for what a gateway cannot do
   */
  checked(own) {
    if (this.isIdle) return own;
    // The way that a request takes is not known yet when its redirects are to be followed.
    if (own.redirect !== undefined && own.redirect !== 1) throw unsupported("redirect", "the gateway follows redirects");
    if (own.maxRedirects !== undefined) throw unsupported("maxRedirects", "the gateway follows redirects, up to a bound of its own");
    if (this.isAuto) return own;
    if (own.auth != null || own.digest !== undefined) throw unsupported("auth", `the gateway passes no credentials on: ${this.base}`);
    if (own.userAgent !== undefined) throw unsupported("userAgent", "the gateway sends its own");
    const fields = pairs(own.headers ?? []);
    const why = this.refusal({ ...own, method: own.method?.toUpperCase(), headers: fields });
    if (why !== undefined) throw unsupported(...why);
    return own.redirect === undefined ? own : { ...own, redirect: undefined };
  }

  /** The request, whose URL may say who is asking. */
  admitted(request) {
    if (!this.isAuto && hasUserinfo(request.url)) {
      throw unsupported("auth", "the gateway passes no credentials on: leave user and password out of the URL");
    }
    return request;
  }

  /** What of a request cannot go through the gateway, and why. */
  refusal({ cache, credentials, headers = [], method = "GET", mode, referrer }) {
    if (!METHODS.includes(method)) return ["method", `the gateway takes ${METHODS.join(", ")}, not ${method}`];
    for (const [name] of headers) {
      if (NOT_PASSED.test(name)) return [`headers.${name.toLowerCase()}`, "the gateway does not pass it on"];
    }
    if (credentials === "include") return ["credentials", "the gateway passes no cookies on"];
    if (mode === "no-cors" || mode === "same-origin") return ["mode", "through the gateway every origin can be read"];
    if (cache === "only-if-cached") return ["cache", "only-if-cached is for the page's own origin, and the gateway gives what is of another"];
    if (referrer !== undefined && referrer !== "") return ["referrer", "the gateway does not pass it on"];
    return undefined;
  }

  /** As `refusal`, of what the engine asks for. */
  refusalOf(init) {
    return this.refusal({ ...init, headers: [...(init.headers ?? [])].filter((field) => !isOwnAgent(field)) });
  }

  /** Why this request stays away from the gateway where it fails by itself: "" where nobody needs to be told, undefined where it need not. */
  hindrance(url, init) {
    const { origin } = new URL(url);
    if (origin === globalThis.location?.origin || origin === new URL(this.base).origin) return "";
    if (!SAFE.includes(init.method ?? "GET")) return `${init.method} may have arrived`;
    const [feature, why] = this.refusalOf(init) ?? [];
    if (feature !== undefined) return `${feature}: ${why}`;
    const own = [...(init.headers ?? [])].find((field) => !isOwnAgent(field) && !isPlain(field));
    return own && `headers.${own[0].toLowerCase()}: it may be for that site alone`;
  }

  /** The answer of `fetch`, through the gateway or not. */
  async answer(url, init, fetch, way) {
    if (this.isIdle) return fetch(url, init);
    this.#loading ??= import("./gateway.js");
    // What failed to load may load later.
    this.#loading.catch(() => (this.#loading = undefined));
    const { byItself, through } = await this.#loading;
    return this.isAuto ? byItself(this, url, init, fetch, way) : through(this, url, init, fetch, way);
  }
}

function isPlain([name, value]) {
  return value.length <= MOST_OF_PLAIN && PLAIN[name.toLowerCase()]?.test(value) === true;
}

function hasUserinfo(url) {
  try {
    const { username, password } = new URL(url);
    return username !== "" || password !== "";
  } catch {
    // The engine refuses it.
    return false;
  }
}

function pairs(flat) {
  return flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1]]] : []));
}
