import {
  BodyError,
  ClosedError,
  DualfetchError,
  InputError,
  NetworkError,
  RedirectError,
  RequestBodyError,
  StatusError,
  TimeoutError,
  UnsupportedError,
  WebSocketError,
} from "./errors.js";

const classes = {
  body_consumed: RequestBodyError,
  body_too_large: BodyError,
  body_used: BodyError,
  checksum: BodyError,
  closed: ClosedError,
  connect: NetworkError,
  content_type: BodyError,
  decode: BodyError,
  denied: NetworkError,
  disconnected: NetworkError,
  dns: NetworkError,
  headers_too_large: NetworkError,
  invalid_header: InputError,
  invalid_option: InputError,
  invalid_url: InputError,
  json: BodyError,
  line_too_long: BodyError,
  network: NetworkError,
  opaque: NetworkError,
  protocol: NetworkError,
  proxy: NetworkError,
  redirect: RedirectError,
  request_body: RequestBodyError,
  status: StatusError,
  timeout: TimeoutError,
  tls: NetworkError,
  too_many_redirects: RedirectError,
  unsupported: UnsupportedError,
  unsupported_scheme: InputError,
  websocket: WebSocketError,
};

/** An error of this code, of the class that goes with it. */
export function error(code, message, details) {
  return new (classes[code] ?? DualfetchError)(code, message, details);
}

/** Whether it is an error of this library, of whatever copy. */
export { isDualfetchError as isOurs } from "./errors.js";

/** Options that have another name there. */
const NAMES = { followRedirects: "redirect", redirectPolicy: "redirect" };

/** Where what a `fetch` of ours rejects with has what it is to be told as. */
const TOLD = Symbol("told");

/** Where the URL of an answer that is a refusal begins to say so, once there was one. No server can guess it. */
let mark;

/**
 * What the engine takes for `fetch`'s rejection and tries again as what Node names by this code.
 *
 * @param {object} told what becomes of it: `code`, `message`, and of `phase`, `url`, `attempts`, `detail` and `cause` what is known
 */
export function rejection(told, code) {
  return Object.assign(new Error(told.message), { code, [TOLD]: told });
}

/** The URL of an answer that is an error in the end, if the engine does not ask again. */
export function refusalUrl({ cause: _, ...told }, url) {
  mark ??= `#refused-${crypto.getRandomValues(new Uint32Array(4)).join("-")}:`;
  return url.split("#", 1)[0] + mark + encodeURIComponent(JSON.stringify(told));
}

/** The error that an answer of this URL is; undefined where it is none. */
export function refusalAt(url, attempts, history) {
  const at = mark === undefined || url == null ? -1 : url.indexOf(mark);
  if (at === -1) return undefined;
  return retold(JSON.parse(decodeURIComponent(url.slice(at + mark.length))), url.slice(0, at), attempts, history);
}

function retold({ code, message, attempts: made, url: at, ...details }, asked, attempts, history = []) {
  const url = at ?? asked;
  // Those before this one had at least one attempt each.
  const all = made === undefined ? attempts : attempts - 1 + made;
  return error(code, `${message} (${url})`, { ...details, url, attempts: Math.max(0, all), history: hops(history) });
}

/** What the wasm side makes its errors by. */
export function errorFromRust(code, words, url, phase, attempts, told, history, cause) {
  const own = cause?.[TOLD];
  const refusal = own === undefined ? refusalAt(url, attempts, history) : retold(own, url, attempts, history);
  if (refusal !== undefined) return refusal;
  const detail = NAMES[told] ?? told;
  const message = (detail === told ? words : words.replace(told, detail)).replace("follow_redirects", "followRedirects");
  const details = { url, phase, attempts, detail, history: hops(history ?? []) };
  if (cause !== undefined) details.cause = cause;
  return error(code, message, details);
}

/** Redirects as the wasm side tells them: URL, status, milliseconds and header fields, one after the other. */
export function hops(flat) {
  const list = [];
  for (let i = 0; i + 3 < flat.length; i += 4) {
    const fields = flat[i + 3];
    let headers;
    list.push({
      url: flat[i],
      status: flat[i + 1],
      elapsed: flat[i + 2],
      get headers() {
        return (headers ??= headersOf(fields));
      },
    });
  }
  return list;
}

/** Header fields as the wasm side tells them: lines of `name:value`. */
export function headersOf(fields) {
  const headers = new Headers();
  for (const field of fields.split("\n").slice(0, -1)) {
    const colon = field.indexOf(":");
    try {
      headers.append(field.slice(0, colon), field.slice(colon + 1));
    } catch {
      // A value that HTTP allows and this platform's Headers does not.
    }
  }
  return headers;
}
