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
} from "./errors.js";

const classes = {
  body_consumed: RequestBodyError,
  body_too_large: BodyError,
  body_used: BodyError,
  closed: ClosedError,
  connect: NetworkError,
  content_type: BodyError,
  decode: BodyError,
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
  redirect: RedirectError,
  request_body: RequestBodyError,
  status: StatusError,
  timeout: TimeoutError,
  tls: NetworkError,
  too_many_redirects: RedirectError,
  unsupported: UnsupportedError,
  unsupported_scheme: InputError,
};

/** An error of this code, of the class that goes with it. */
export function error(code, message, details) {
  return new (classes[code] ?? DualfetchError)(code, message, details);
}

/** Whether it is an error of this library, of whatever copy. */
export { isDualfetchError as isOurs } from "./errors.js";

/** What the wasm side makes its errors by. */
export function errorFromRust(code, message, url, phase, attempts, detail, history, cause) {
  const details = { url, phase, attempts, detail, history: hops(history ?? []) };
  if (cause !== undefined) details.cause = cause;
  return error(code, message, details);
}

/** Redirects as the wasm side tells them: URL, status and milliseconds, one after the other. */
export function hops(flat) {
  const list = [];
  for (let i = 0; i + 2 < flat.length; i += 3) {
    list.push({ url: flat[i], status: flat[i + 1], elapsed: flat[i + 2] });
  }
  return list;
}
