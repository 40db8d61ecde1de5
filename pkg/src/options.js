import { error } from "./failure.js";
import { isInPage } from "./place.js";

// Each reader is given a value that is not undefined, the option's name, and where its result goes. Of what is there
// in the end, `settings` (settings.js) makes what src/js/request.rs reads; an infinite number means no bound.

export const invalid = (name, why) => error("invalid_option", `invalid option ${name}: ${why}`, { detail: name });

const flag = (value, name, out) => {
  if (typeof value !== "boolean") throw invalid(name, `true or false, not ${shown(value)}`);
  out[name] = value;
};

export const text = (value, name, out) => {
  if (typeof value !== "string") throw invalid(name, `a string, not ${shown(value)}`);
  out[name] = value;
};

export const callable = (value, name, out) => {
  if (typeof value !== "function") throw invalid(name, `a function, not ${shown(value)}`);
  out[name] = value;
};

const word = (...words) => (value, name, out) => {
  if (!words.includes(value)) throw invalid(name, `one of ${words.join(", ")}, not ${shown(value)}`);
  out[name] = value;
};

const integer = (value, name, most) => {
  if (!Number.isSafeInteger(value) || value < 0 || value > most) {
    throw invalid(name, `a whole number from 0 to ${most}, not ${shown(value)}`);
  }
  return value;
};

const LARGEST = 2 ** 32 - 1;

const count = (value, name, out) => {
  out[name] = integer(value, name, LARGEST);
};

const limit = (value, name, out) => {
  out[name] = value === Infinity || value === null ? 0 : integer(value, name, LARGEST);
};

const bytes = (value, name, out) => {
  out[name] = integer(value, name, Number.MAX_SAFE_INTEGER);
};

export const bytesOrNone = (value, name, out) => {
  out[name] = value === Infinity || value === null ? Infinity : integer(value, name, Number.MAX_SAFE_INTEGER);
};

export const milliseconds = (value, name) => {
  if (value === null || value === Infinity) return Infinity;
  if (typeof value !== "number" || !(value > 0) || value > Number.MAX_SAFE_INTEGER) {
    throw invalid(name, `milliseconds, more than 0, or null for no bound, not ${shown(value)}`);
  }
  return value;
};

const phase = (field) => (value, name, out) => {
  out[field] = milliseconds(value, name);
};

const PHASES = {
  connect: phase("timeoutConnect"),
  headers: phase("timeoutHeaders"),
  queue: phase("timeoutQueue"),
  read: phase("timeoutRead"),
  total: phase("timeoutTotal"),
  wall: phase("timeoutWall"),
};

const timeout = (value, name, out) => {
  if (typeof value === "object" && value !== null) read(PHASES, value, out, `${name}.`);
  else out.timeoutTotal = milliseconds(value, name);
};

const RETRY = {
  attempts: (value, name, out) => {
    out.retryAttempts = integer(value, name, LARGEST);
  },
  backoff: phase("retryBase"),
  maxBackoff: phase("retryCap"),
};

const retry = (value, name, out) => {
  if (value === false || value === null) out.retryAttempts = 1;
  else if (typeof value === "number") out.retryAttempts = integer(value, name, LARGEST);
  else {
    Object.assign(out, { retryAttempts: 3, retryBase: 500, retryCap: 30_000 });
    if (value !== true) read(RETRY, value, out, `${name}.`);
  }
};

export const positive = (value, name) => {
  if (!(integer(value, name, LARGEST) > 0)) throw invalid(name, "at least 1; leave it out for no bound");
  return value;
};

const RATE = {
  per: (value, name, out) => {
    out.ratePer = milliseconds(value, name);
    if (out.ratePer === Infinity) throw invalid(name, "milliseconds, more than 0; leave rate out for no bound");
  },
  requests: (value, name, out) => {
    out.rateRequests = positive(value, name);
  },
};

const rate = (value, name, out) => {
  if (value === null || value === Infinity) return;
  Object.assign(out, { rateRequests: 1, ratePer: 1000 });
  if (typeof value === "object") read(RATE, value, out, `${name}.`);
  else out.rateRequests = positive(value, name);
};

const headers = (value, name, out) => {
  if (typeof value !== "object" || value === null) throw invalid(name, `header fields, not ${shown(value)}`);
  const pairs = typeof value[Symbol.iterator] === "function" ? value : Object.entries(value);
  const flat = [];
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2) throw invalid(name, "each field is a name and a value");
    const [field, content] = pair;
    if (content === undefined) continue;
    if (typeof field !== "string" || !["string", "number", "boolean"].includes(typeof content)) {
      throw invalid(`${name}.${String(field)}`, `a string, not ${shown(content)}`);
    }
    flat.push(field, String(content));
  }
  out[name] = flat;
};

const signal = (value, name, out) => {
  if (value === null) return;
  const looksRight = typeof value === "object" && typeof value.aborted === "boolean";
  if (!looksRight || typeof value.addEventListener !== "function") {
    throw invalid(name, `an AbortSignal, not ${shown(value)}`);
  }
  out[name] = value;
};

const params = (value, name, out) => {
  if (typeof value === "string") out[name] = new URLSearchParams(value);
  else {
    const query = (out[name] = new URLSearchParams());
    for (const [field, content] of fields(value, name)) {
      for (const one of Array.isArray(content) ? content : [content]) {
        // What was left out is no parameter of the text "undefined".
        if (one === undefined || one === null) continue;
        if (!["string", "number", "boolean", "bigint"].includes(typeof one)) {
          throw invalid(`${name}.${field}`, `a string, number, boolean or bigint, or an array of them, not ${shown(one)}`);
        }
        query.append(field, one);
      }
    }
  }
};

const fields = (value, name) => {
  const wrong = () => invalid(name, `a string, an object or pairs, not ${shown(value)}`);
  if (typeof value !== "object" || value === null) throw wrong();
  if (typeof value[Symbol.iterator] !== "function") {
    // A Date, say, has no fields, and would be no parameters.
    if (Object.prototype.toString.call(value) !== "[object Object]") throw wrong();
    return Object.entries(value);
  }
  const pairs = [...value];
  const arePairs = pairs.every((pair) => Array.isArray(pair) && pair.length === 2 && typeof pair[0] === "string");
  if (!arePairs) throw invalid(name, "each pair is a name and a value");
  return pairs;
};

/** Written once it is known by what. */
const json = (value, name, out) => {
  out[name] = { value };
};

/** The text of a value that `json` was given. */
export function written(value, stringify = JSON.stringify) {
  let text;
  try {
    text = stringify(value);
  } catch (cause) {
    throw error("invalid_option", `invalid option json: it cannot be written as JSON (${cause?.message})`, { detail: "json", cause });
  }
  if (typeof text === "string") return text;
  const wrong = stringify === JSON.stringify ? `it cannot be written as JSON, being ${shown(value)}` : `stringifyJson gives a string, not ${shown(text)}`;
  throw invalid("json", wrong);
}

/** What becomes of redirects, in the order of `REDIRECTS` in src/js/request.rs. */
const REDIRECTS = ["manual", "follow", "error", "same-origin"];

const redirect = (value, name, out) => {
  if (typeof value === "function") {
    out.redirect = REDIRECTS.length;
    // What is none of the words refuses, and so does what is thrown.
    out.decide = (status, from, to, method) => ["manual", "follow"].indexOf(value({ status, from, to, method }));
  } else {
    word(...REDIRECTS)(value, name, out);
    out.redirect = REDIRECTS.indexOf(value);
  }
};

const followRedirects = (value, name, out) => {
  flag(value, name, out);
  out.redirect = Number(value);
};

const AUTH = {};
for (const part of ["bearer", "password", "user"]) {
  AUTH[part] = (value, name, out) => {
    text(value, name, {});
    out[part] = value;
  };
}

AUTH.digest = (value, name, out) => {
  flag(value, name, {});
  out.digest = value;
};

const auth = (value, name, out) => {
  if (value === null) {
    out.auth = null;
    return;
  }
  const { user, password, bearer, digest } = read(AUTH, value, {}, `${name}.`);
  const isBasic = user !== undefined && bearer === undefined;
  if (!isBasic && (bearer === undefined || user !== undefined || password !== undefined || digest !== undefined)) {
    throw invalid(name, "either user and password, or bearer");
  }
  if (isBasic && user.includes(":")) {
    throw invalid(`${name}.user`, "a user name with a colon cannot be told from its password");
  }
  if (digest) {
    // As a header field's value cannot hold them.
    if (/[\0-\x08\n-\x1f\x7f]/.test(user)) throw invalid(`${name}.user`, "a user name without control characters");
    // No field says it: the engine answers for it.
    Object.assign(out, { auth: null, digest: [user, password ?? ""] });
    return;
  }
  out.auth = isBasic ? `Basic ${base64(`${user}:${password ?? ""}`)}` : `Bearer ${bearer}`;
};

const base64 = (value) => btoa(Array.from(new TextEncoder().encode(value), (byte) => String.fromCharCode(byte)).join(""));

const userAgent = (value, name, out) => {
  text(value, name, out);
  if (isInPage()) throw unsupported(name, "browser");
};

const baseUrl = (value, name, out) => {
  const given = typeof value === "object" && typeof value?.href === "string" ? value.href : value;
  if (typeof given !== "string") throw invalid(name, `a string or URL, not ${shown(value)}`);
  let url;
  try {
    url = new URL(given);
  } catch (cause) {
    throw error("invalid_url", `invalid URL: ${shown(given)}: not an absolute URL, such as https://`, { cause });
  }
  if (!/^https?:$/.test(url.protocol)) throw invalid(name, "only http and https URLs can be fetched");
  if (/[?#]/.test(url.href)) throw invalid(name, "a query or fragment would be lost in every join");
  if (!url.pathname.endsWith("/")) {
    throw invalid(name, "its path must end in a slash, or the last part of it would be lost in every join");
  }
  out[name] = url;
};

const raise = (value, name, out) => {
  if (typeof value !== "function") flag(value, name, out);
  else out[name] = value;
};

/** ky's: its function is given the status alone. */
const throwHttpErrors = (value, name, out) => {
  raise(value, name, out);
  if (typeof value === "function") out[name] = ({ status }) => value(status);
};

const autoDecompress = (value, name, out) => {
  flag(value, name, out);
  if (!value) throw unsupported(name, "a platform's fetch always does");
};

const HOOKS = {};
for (const when of ["afterResponse", "beforeError", "beforeRequest"]) {
  HOOKS[when] = (value, name, out) => {
    out[when] = functions(value, name);
  };
}

const hooks = (value, name, out) => {
  const cannot = (_, own) => {
    throw unsupported(own, "retries are the engine's, between two calls of fetch");
  };
  out[name] = read({ ...HOOKS, beforeRetry: cannot }, value, {}, `${name}.`);
};

const middleware = (value, name, out) => {
  out[name] = functions(typeof value === "function" ? [value] : value, name);
};

const functions = (value, name) => {
  if (!Array.isArray(value) || !value.every((one) => typeof one === "function")) {
    throw invalid(name, `functions in an array, not ${shown(value)}`);
  }
  return [...value];
};

const unsupported = (name, ...why) =>
  error("unsupported", `${name} is not supported here (${why.join(" ")})`, { detail: name });

/** Readers that refuse whatever they are given. */
const refusers = new WeakSet();

/** A table of what is refused by name, for this reason. */
export function refusing(names, why) {
  const table = {};
  for (const name of names) {
    table[name] = () => {
      throw unsupported(name, why);
    };
    refusers.add(table[name]);
  }
  return table;
}

/** What the native library has and no `fetch` can do. */
export const NATIVE = refusing(
  [
    "addressFamily",
    "certificates",
    "compress",
    "cookieJar",
    "cookies",
    "dns",
    "dnsCache",
    "forceClose",
    "happyEyeballs",
    "httpVersion",
    "interface",
    "keepAlive",
    "localAddress",
    "maxIdlePerHost",
    "netrc",
    "onUploadProgress",
    "proxies",
    "proxy",
    "resolve",
    "resolver",
    "safeMode",
    "skipAutoHeaders",
    "tcpKeepalive",
    "tcpNodelay",
    "tls",
    "unixSocket",
  ],
  "no platform's fetch can",
);

export const SHARED = {
  ...NATIVE,
  auth,
  autoDecompress,
  baseUrl,
  cache: word("default", "force-cache", "no-cache", "no-store", "only-if-cached", "reload"),
  credentials: word("include", "omit", "same-origin"),
  followRedirects,
  headers,
  hooks,
  integrity: text,
  keepalive: flag,
  maxBody: bytesOrNone,
  maxHeaderBytes: bytes,
  maxHeaders: count,
  maxRedirects: count,
  middleware,
  mode: word("cors", "no-cors", "same-origin"),
  params,
  parseJson: callable,
  prefixUrl: baseUrl,
  priority: word("auto", "high", "low"),
  raiseForStatus: raise,
  redirect,
  referrer: text,
  referrerPolicy: word(
    "no-referrer",
    "no-referrer-when-downgrade",
    "origin",
    "origin-when-cross-origin",
    "same-origin",
    "strict-origin",
    "strict-origin-when-cross-origin",
    "unsafe-url",
  ),
  retry,
  searchParams: params,
  stringifyJson: callable,
  throwHttpErrors,
  timeout,
  userAgent,
};

/** Other names, ky's and fetch's, of the same options. */
const SAME = {
  followRedirects: "redirect",
  prefixUrl: "baseUrl",
  searchParams: "params",
  throwHttpErrors: "raiseForStatus",
};

const form = (value, name, out) => {
  const read = {};
  params(value, name, read);
  out[name] = read[name].toString();
};

const WITH_BODY = { ...SHARED, body: (value, name, out) => (out[name] = value), form, json };

/** What each call takes. */
export const SESSION = { ...SHARED, fetch: callable, limit, limitPerHost: limit, rate, WebSocket: callable };
const common = (_, name) => {
  throw invalid(name, "it is shared with the session that is extended");
};
export const EXTENSION = { ...SHARED, fetch: common, gateway: common, limit: common, limitPerHost: common, rate: common, WebSocket: common };
export const REQUEST = { ...WITH_BODY, method: text, signal };
export const TITLE = { ...SHARED, drain: bytes, maxBytes: bytes, signal };
const METADATA = { metadata: word("head", "page") };
export const PAGE = { ...TITLE, ...METADATA, html: flag };
const BATCH = { onProgress: callable, ordered: flag, signal, window: count };
export const TITLES = { ...TITLE, ...METADATA, ...BATCH };
export const FETCH_ALL = { ...WITH_BODY, method: text, ...BATCH };
export const FETCH_ALL_ITEM = { ...WITH_BODY, method: text };
export const SAVE = { onProgress: callable, overwrite: flag, sha256: text };
export const DOWNLOAD = { ...SHARED, ...SAVE, signal, attempts: (value, name, out) => (out[name] = positive(value, name)), resume: flag };
export const JSON_READER = { checkContentType: flag, parseJson: callable };
export const MULTIPART_READER = Object.fromEntries(
  ["maxHeaderBytes", "maxPart", "maxParts"].map((name) => [name, (value, as, out) => (out[name] = positive(value, as))]),
);
const most = (value, name, out) => (out[name] = positive(value, name));
export const EVENTS_READER = { anyType: flag, maxEvent: most };
export const JSON_LINES_READER = { maxLine: most, parseJson: callable };
export const LINES_READER = { encoding: text, maxLine: most };

/**
 * Reads options by their table. What is undefined counts as left out; what the table does not know is an error.
 *
 * @throws {InputError} of code `invalid_option`, naming the option
 */
export function read(table, options, out = {}, within = "") {
  if (options === undefined || (options === null && within === "")) return out;
  if (typeof options !== "object" || options === null) {
    throw invalid(within.slice(0, -1) || "options", `an object, not ${shown(options)}`);
  }
  for (const key of Object.keys(options)) {
    if (!Object.hasOwn(table, key)) {
      const known = Object.keys(table).filter((name) => !refusers.has(table[name]));
      throw invalid(within + key, `there is only ${known.sort().join(", ")}`);
    }
    const value = options[key];
    if (value === undefined) continue;
    const same = within === "" ? SAME[key] : undefined;
    if (same !== undefined && options[same] !== undefined) {
      throw invalid(key, `${same} is set, too, and is the same option; set one of the two`);
    }
    if (same !== undefined && same !== "redirect") {
      const own = {};
      table[key](value, key, own);
      out[same] = own[key];
    } else if (within === "") table[key](value, key, out);
    else table[key](value, within + key, out);
  }
  return out;
}

/** A value for a message: strings quoted and cut, objects by their kind. */
export function shown(value) {
  if (typeof value === "string") return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof Date) return "a Date";
  return Array.isArray(value) ? "an array" : "an object";
}
