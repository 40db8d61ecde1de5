import { error } from "./failure.js";
import { shown, written } from "./options.js";
import { settings } from "./settings.js";

/**
 * The request that these read options make, as src/js/request.rs reads it: at once, or a promise of it where a body is
 * yet to be read.
 *
 * @param {string} url what `href` or `resolved` gave
 * @param {object} options what `read` gave
 * @param {string} [method] the verb's own; else the option's, else GET
 */
export function asked(url, options, method) {
  const { params, body, form, json, stringifyJson } = options;
  const request = settings(options);
  request.url = withParams(url, params);
  // A lower-case "patch" is a method of its own in HTTP; nobody who writes it means that.
  request.method = (method ?? options.method ?? "GET").toUpperCase();
  const [also, other] = Object.entries({ json, form, body }).filter(([, content]) => content != null).map(([name]) => name);
  if (other !== undefined) {
    throw error("invalid_option", `invalid option ${also}: ${other} is set, too; set one of the two`, { detail: also });
  }
  if (json !== undefined) return withBody(request, "json", written(json.value, stringifyJson), "application/json");
  if (form !== undefined) return withBody(request, "form", form, "application/x-www-form-urlencoded");
  return sending(request, body);
}

/** The request with this body: at once, or a promise of it. */
export function sending(request, body) {
  if (body == null) return request;
  if (typeof body === "string") return withBody(request, "body", body, "text/plain;charset=UTF-8");
  if (body instanceof Uint8Array) return withBody(request, "body", body);
  if (ArrayBuffer.isView(body)) {
    return withBody(request, "body", new Uint8Array(body.buffer, body.byteOffset, body.byteLength));
  }
  // These the platform reads by itself, as often as it sends them.
  if (is(body, "Blob")) return withBody(request, "body", body, body.type);
  if (is(body, "FormData")) return withBody(request, "body", copied(body));
  return whole(body).then(([bytes, type]) => withBody(request, "body", bytes, type));
}

/** The body as it can be sent again: a stream is read to its end. */
export async function repeatable(body) {
  const isStream = typeof body?.getReader === "function" || typeof body?.[Symbol.asyncIterator] === "function";
  return isStream ? (await whole(body))[0] : body;
}

const is = (body, name) => typeof globalThis[name] === "function" && body instanceof globalThis[name];

/** The form as it is now: it may be sent later, and more than once. */
function copied(form) {
  const copy = new FormData();
  for (const [name, value] of form) copy.append(name, value);
  return copy;
}

function withBody(request, option, content, type) {
  if (request.method === "GET" || request.method === "HEAD") {
    const message = `invalid option ${option}: a ${request.method} request has no body`;
    throw error("invalid_option", message, { detail: option });
  }
  request.body = content;
  if (type) request.headers = withType(request.headers ?? [], type);
  return request;
}

/** The text of a URL that was handed in. */
export function href(url) {
  if (typeof url === "string") return url;
  if (typeof url === "object" && url !== null && typeof url.href === "string") return url.href;
  throw error("invalid_url", `invalid URL: a string or URL, not ${shown(url)}`);
}

/** The text of a URL that may be relative to this one. What is no URL is left for the engine to refuse. */
export function resolved(given, base) {
  const url = href(given);
  if (base === undefined) return url;
  try {
    return new URL(url, base).href;
  } catch {
    return url;
  }
}

/**
 * What URLs are relative to where there is no base: in a page the page's, as for `fetch`. Not for titles and lists, whose
 * URLs come from elsewhere: there `example.com` would become a path on the page's own site.
 */
export function pageUrl() {
  return globalThis.document?.baseURI ?? globalThis.location?.href;
}

function withParams(url, params) {
  const query = params?.toString();
  if (!query) return url;
  const [, before, fragment] = /^([^#]*)(.*)$/s.exec(url);
  const joint = !before.includes("?") ? "?" : /[?&]$/.test(before) ? "" : "&";
  return before + joint + query + fragment;
}

/** The bytes of a body, and the type that goes with its kind. */
async function whole(body) {
  try {
    if (typeof body !== "object") throw new TypeError(`it is ${shown(body)}`);
    if (Object.getPrototypeOf(body) === Object.prototype) throw new TypeError("a plain object: use json");
    // The platform knows how URLSearchParams and streams become bytes, and of which type.
    const response = new Response(body);
    // Before the bytes: Bun no longer tells a Blob's type once they are read.
    const type = response.headers.get("content-type");
    return [new Uint8Array(await response.arrayBuffer()), type];
  } catch (cause) {
    const message = `invalid option body: it cannot be sent (${cause?.message ?? shown(cause)})`;
    throw error("invalid_option", message, { detail: "body", cause });
  }
}

function withType(headers, type) {
  const has = headers.some((name, at) => at % 2 === 0 && name.toLowerCase() === "content-type");
  return has ? headers : [...headers, "content-type", type];
}
