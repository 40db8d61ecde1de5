import { error } from "./failure.js";

// Each reader is given a value that is not undefined, the option's name, and where its result goes. Of what is there
// in the end, `settings` makes what src/js/request.rs reads; an infinite number means no bound.

const invalid = (name, why) => error("invalid_option", `invalid option ${name}: ${why}`, { detail: name });

const flag = (value, name, out) => {
  if (typeof value !== "boolean") throw invalid(name, `true or false, not ${shown(value)}`);
  out[name] = value;
};

const text = (value, name, out) => {
  if (typeof value !== "string") throw invalid(name, `a string, not ${shown(value)}`);
  out[name] = value;
};

const callable = (value, name, out) => {
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

const bytesOrNone = (value, name, out) => {
  out[name] = value === Infinity || value === null ? Infinity : integer(value, name, Number.MAX_SAFE_INTEGER);
};

const milliseconds = (value, name) => {
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

const positive = (value, name) => {
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

const json = (value, name, out) => {
  let written;
  try {
    written = JSON.stringify(value);
  } catch (cause) {
    throw invalid(name, `it cannot be written as JSON (${cause?.message})`);
  }
  if (written === undefined) throw invalid(name, `it cannot be written as JSON, being ${shown(value)}`);
  out[name] = written;
};

const SHARED = {
  cache: word("default", "force-cache", "no-cache", "no-store", "only-if-cached", "reload"),
  credentials: word("include", "omit", "same-origin"),
  followRedirects: flag,
  headers,
  integrity: text,
  keepalive: flag,
  maxBody: bytesOrNone,
  maxRedirects: count,
  mode: word("cors", "no-cors", "same-origin"),
  priority: word("auto", "high", "low"),
  raiseForStatus: flag,
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
  timeout,
};

const PER_REQUEST = { ...SHARED, params };
const WITH_BODY = { ...PER_REQUEST, body: (value, name, out) => (out[name] = value), json };

/** What each call takes. */
export const SESSION = { ...SHARED, fetch: callable, limit, limitPerHost: limit, rate };
export const REQUEST = { ...WITH_BODY, method: text, signal };
export const TITLE = { ...PER_REQUEST, drain: bytes, maxBytes: bytes, signal };
const METADATA = { metadata: word("head", "page") };
export const PAGE = { ...TITLE, ...METADATA, html: flag };
const BATCH = { onProgress: callable, ordered: flag, signal, window: count };
export const TITLES = { ...TITLE, ...METADATA, ...BATCH };
export const FETCH_ALL = { ...WITH_BODY, method: text, ...BATCH };
export const FETCH_ALL_ITEM = { ...WITH_BODY, method: text };
export const JSON_READER = { checkContentType: flag };

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
    if (!Object.hasOwn(table, key)) throw invalid(within + key, `there is only ${Object.keys(table).sort().join(", ")}`);
    const value = options[key];
    if (value === undefined) continue;
    if (within === "") table[key](value, key, out);
    else table[key](value, within + key, out);
  }
  return out;
}

/** The places of numbers and flags, which `Number` in src/js/request.rs has, too. */
const NUMBERS = [
  "followRedirects",
  "keepalive",
  "limit",
  "limitPerHost",
  "maxBody",
  "maxRedirects",
  "raiseForStatus",
  "ratePer",
  "rateRequests",
  "retryAttempts",
  "retryBase",
  "retryCap",
  "timeoutConnect",
  "timeoutHeaders",
  "timeoutQueue",
  "timeoutRead",
  "timeoutTotal",
  "timeoutWall",
];

const WORDS = ["cache", "credentials", "integrity", "mode", "priority", "referrer", "referrerPolicy"];

/** Options that were read, in the few fields that the wasm side asks for: each field that it reads is a call. */
export function settings(options) {
  const isSet = (name) => options[name] !== undefined;
  const words = WORDS.filter(isSet);
  return {
    headers: options.headers,
    numbers: NUMBERS.some(isSet) ? Float64Array.from(NUMBERS, (name) => options[name]) : undefined,
    words: words.length > 0 ? words.flatMap((name) => [name, options[name]]) : undefined,
  };
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
