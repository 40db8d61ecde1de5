/** What every call of this package rejects with, but for an abort: that rejects with the signal's own reason. */
export class DualfetchError extends Error {
  constructor(code, message, details = {}) {
    super(message, "cause" in details ? { cause: details.cause } : undefined);
    this.code = code;
    this.url = details.url;
    this.phase = details.phase;
    this.attempts = details.attempts ?? 0;
    this.history = details.history ?? [];
  }

  get name() {
    return "DualfetchError";
  }

  toJSON() {
    const { name, code, message, phase, url, attempts } = this;
    return { name, code, message, phase, url, attempts };
  }
}

/** A body that cannot be read as asked: `body_too_large`, `body_used`, `checksum`, `content_type`, `decode`, `json`, `line_too_long`. */
export class BodyError extends DualfetchError {
  get name() {
    return "BodyError";
  }
}

/** The session, or the WebSocket that is to send, was closed: `closed`. */
export class ClosedError extends DualfetchError {
  get name() {
    return "ClosedError";
  }
}

/** Something handed in makes no sense: `invalid_header`, `invalid_option`, `invalid_url`, `unsupported_scheme`. */
export class InputError extends DualfetchError {
  constructor(code, message, details = {}) {
    super(code, message, details);
    if (typeof details.detail === "string") this.option = details.detail;
  }

  get name() {
    return "InputError";
  }
}

/** No answer, half of one, or too large a head: `connect`, `denied`, `disconnected`, `dns`, `headers_too_large`, `network`, `opaque`, `protocol`, `proxy`, `tls`. */
export class NetworkError extends DualfetchError {
  get name() {
    return "NetworkError";
  }
}

/** A redirect that is not followed: `redirect`, `too_many_redirects`. */
export class RedirectError extends DualfetchError {
  get name() {
    return "RedirectError";
  }
}

/** The request's own body failed, or cannot be sent again: `body_consumed`, `request_body`. */
export class RequestBodyError extends DualfetchError {
  get name() {
    return "RequestBodyError";
  }
}

/** A status of 400 or more, where `raiseForStatus` is set: `status`. */
export class StatusError extends DualfetchError {
  constructor(code, message, details = {}) {
    super(code, message, details);
    this.status = details.detail;
    this.body = details.body ?? null;
    this.problem = details.problem ?? null;
  }

  get name() {
    return "StatusError";
  }
}

/** Time ran out: `timeout`; `phase` says which. */
export class TimeoutError extends DualfetchError {
  get name() {
    return "TimeoutError";
  }
}

/** The platform, or this build, cannot do it: `unsupported`. */
export class UnsupportedError extends DualfetchError {
  constructor(code, message, details = {}) {
    super(code, message, details);
    this.feature = details.detail;
  }

  get name() {
    return "UnsupportedError";
  }
}

/** What came over a WebSocket breaks its rules or a limit, and it was closed for that: `websocket`. */
export class WebSocketError extends DualfetchError {
  constructor(code, message, details = {}) {
    super(code, message, details);
    this.closeCode = details.detail;
  }

  get name() {
    return "WebSocketError";
  }
}

// By name and code, not by class: two copies of this package, or a realm's border, have classes of their own. The
// codes are words; a DOMException of the same name has a number.
const named = (thrown, name) =>
  typeof thrown === "object" && thrown !== null && thrown.name === name && typeof thrown.code === "string";

export const isBodyError = (thrown) => named(thrown, "BodyError");
export const isClosedError = (thrown) => named(thrown, "ClosedError");
export const isInputError = (thrown) => named(thrown, "InputError");
export const isNetworkError = (thrown) => named(thrown, "NetworkError");
export const isRedirectError = (thrown) => named(thrown, "RedirectError");
export const isRequestBodyError = (thrown) => named(thrown, "RequestBodyError");
export const isStatusError = (thrown) => named(thrown, "StatusError");
export const isTimeoutError = (thrown) => named(thrown, "TimeoutError");
export const isUnsupportedError = (thrown) => named(thrown, "UnsupportedError");
export const isWebSocketError = (thrown) => named(thrown, "WebSocketError");
export const isDualfetchError = (thrown) =>
  named(thrown, "DualfetchError") ||
  isBodyError(thrown) ||
  isClosedError(thrown) ||
  isInputError(thrown) ||
  isNetworkError(thrown) ||
  isRedirectError(thrown) ||
  isRequestBodyError(thrown) ||
  isStatusError(thrown) ||
  isTimeoutError(thrown) ||
  isUnsupportedError(thrown) ||
  isWebSocketError(thrown);
