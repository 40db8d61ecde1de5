import { error } from "./failure.js";
import { settings } from "./settings.js";

/** What is for one origin: what proves who is asking, and its name. As `FOR_ONE_ORIGIN` in src/policy/redirect.rs. */
const FOR_ONE_ORIGIN = ["authorization", "cookie", "host", "proxy-authorization"];

const NO_HOOKS = { afterResponse: [], beforeError: [], beforeRequest: [] };

/** What a session adds to its requests on this side; `options` are those of the engine. */
const NOTHING = {
  baseUrl: undefined,
  digest: undefined,
  headers: [],
  hooks: NO_HOOKS,
  middleware: [],
  options: {},
  params: undefined,
  parseJson: undefined,
  raise: undefined,
  stringifyJson: undefined,
};

/**
 * Of what a new session was given: the engine's own settings, and what is added here. What proves who is asking is added
 * here, as where it goes depends on the base URL, which an extended session may have of its own.
 */
export function rooted(own) {
  const fields = fieldsOf(own);
  const isForOne = (at) => FOR_ONE_ORIGIN.includes(fields[at].toLowerCase());
  const headers = fields.filter((_, at) => !isForOne(at - (at % 2)));
  const given = { ...own, headers: headers.length > 0 ? headers : undefined, raiseForStatus: undefined };
  const engine = { ...settings(given), fetch: own.fetch };
  const kept = fields.filter((_, at) => isForOne(at - (at % 2)));
  return [engine, { ...extended(NOTHING, own), headers: kept, options: {} }];
}

/** The defaults of a session that changes these. */
export function extended(defaults, own) {
  const isMoved = own.baseUrl !== undefined && defaults.baseUrl !== undefined && own.baseUrl.origin !== defaults.baseUrl.origin;
  let kept = own.auth === null ? without(defaults.headers, "authorization") : defaults.headers;
  const digest = own.auth !== undefined ? own.digest : isMoved ? undefined : defaults.digest;
  if (digest !== undefined && (own.baseUrl ?? defaults.baseUrl) === undefined) {
    // Anybody may ask for an answer, and try passwords on it.
    const message = "invalid option auth.digest: it is for the origin of baseUrl, which is not set; else give auth with each request";
    throw error("invalid_option", message, { detail: "auth.digest" });
  }
  // What proves who is asking at the one origin does not go along to the other.
  for (const name of isMoved ? FOR_ONE_ORIGIN : []) kept = without(kept, name);
  return {
    ...shared(defaults, own),
    digest,
    headers: added(fieldsOf(own), kept),
    options: merged(defaults.options, own),
    raise: own.raiseForStatus ?? defaults.raise,
  };
}

/**
 * One call of a session of these defaults.
 *
 * @returns what `asked` takes as `options`, the layers around the engine, `raise`, by which the status is judged on this
 *   side, after hooks and with the body, and `complete`, which adds the session's header fields to a request
 */
export function calling(defaults, own) {
  const { baseUrl, hooks, middleware, params, parseJson, stringifyJson } = shared(defaults, own);
  const raise = own.raiseForStatus ?? defaults.raise ?? false;
  const options = { ...merged(defaults.options, own), headers: fieldsOf(own), params, stringifyJson };
  if (options.headers.length === 0) options.headers = undefined;
  const fields = own.auth === null ? without(defaults.headers, "authorization") : defaults.headers;
  const isOwn = own.auth !== undefined;
  const digest = isOwn ? own.digest : defaults.digest;
  const adds = fields.length > 0 || digest !== undefined;
  const complete = adds ? (request) => completed(request, fields, defaults.baseUrl, { digest, isOwn }) : (request) => request;
  return { baseUrl, complete, hooks, middleware, options, parseJson, raise };
}

function shared(defaults, own) {
  const hooks = own.hooks === undefined ? defaults.hooks : {};
  for (const when of own.hooks === undefined ? [] : Object.keys(NO_HOOKS)) {
    hooks[when] = [...defaults.hooks[when], ...(own.hooks[when] ?? [])];
  }
  const both = own.params !== undefined && defaults.params !== undefined;
  return {
    baseUrl: own.baseUrl ?? defaults.baseUrl,
    hooks,
    middleware: own.middleware === undefined ? defaults.middleware : [...defaults.middleware, ...own.middleware],
    params: both ? new URLSearchParams([...defaults.params, ...own.params]) : (own.params ?? defaults.params),
    parseJson: own.parseJson ?? defaults.parseJson,
    stringifyJson: own.stringifyJson ?? defaults.stringifyJson,
  };
}

function merged(options, { auth, baseUrl, digest, headers, hooks, middleware, params, parseJson, raiseForStatus, stringifyJson, userAgent, ...own }) {
  // A way to retry is one whole.
  const { retryBase, retryCap, ...rest } = options;
  return own.retryAttempts === undefined ? { ...options, ...own } : { ...rest, ...own };
}

/** The header fields that options make, names and values one after the other. */
function fieldsOf({ auth, digest, headers = [], userAgent }) {
  const fields = [...headers];
  for (const [option, name, value] of [["auth", "authorization", auth ?? digest], ["userAgent", "user-agent", userAgent]]) {
    if (value == null) continue;
    if (has(fields, name)) {
      const message = `invalid option ${option}: headers has ${name}, too; set one of the two`;
      throw error("invalid_option", message, { detail: option });
    }
    if (value !== digest) fields.push(name, value);
  }
  return fields;
}

/** The request with the session's fields of which it has none itself, and with whom it is to answer for. */
function completed(request, fields, base, { digest, isOwn }) {
  let url;
  try {
    url = new URL(request.url);
  } catch {
    // The engine refuses it.
    return request;
  }
  let rest = fields;
  // The session's is for its origin alone; a request's own comes before what stands in the URL.
  const isForIt = base === undefined || base.origin === url.origin;
  if (digest !== undefined && (isOwn || (isForIt && !url.username && !url.password))) request.digest = digest;
  if (!isForIt) {
    for (const name of FOR_ONE_ORIGIN) rest = without(rest, name);
  } else if (url.username || url.password) {
    // Who is asking stands in the URL.
    rest = without(rest, "authorization");
  }
  request.headers = added(request.headers ?? [], rest);
  return request;
}

/** The fields, and those of `more` of whose name there is none. */
export function added(fields, more) {
  const rest = more.filter((_, at) => !has(fields, more[at - (at % 2)].toLowerCase()));
  return rest.length === 0 ? fields : [...fields, ...rest];
}

/** Header fields without those of this name, in lower case. */
export const without = (fields, name) => fields.filter((_, at) => fields[at - (at % 2)].toLowerCase() !== name);

const has = (fields, name) => fields.some((field, at) => at % 2 === 0 && field.toLowerCase() === name);
