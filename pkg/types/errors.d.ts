import type { Hop } from "./response.js";

/** The stable word for what went wrong, the same in Rust, JavaScript and JSON output. */
export type ErrorCode =
  | "aborted"
  | "body_consumed"
  | "body_too_large"
  | "body_used"
  | "checksum"
  | "closed"
  | "connect"
  | "content_type"
  | "decode"
  | "denied"
  | "disconnected"
  | "dns"
  | "file"
  | "headers_too_large"
  | "invalid_header"
  | "invalid_option"
  | "invalid_url"
  | "json"
  | "line_too_long"
  | "load"
  | "network"
  | "opaque"
  | "protocol"
  | "proxy"
  | "redirect"
  | "request_body"
  | "status"
  | "timeout"
  | "tls"
  | "too_many_redirects"
  | "unsupported"
  | "unsupported_scheme"
  | "websocket";

/** The part of a request's way that a timeout bounds. */
export type Phase = "close" | "connect" | "headers" | "heartbeat" | "queue" | "read" | "total" | "wall";

/** What every call rejects with, but for an abort: that rejects with the signal's own reason. */
export class DualfetchError extends Error {
  protected constructor();
  /** What went wrong, in one word. */
  readonly code: ErrorCode;
  /** The URL of the hop that failed, its password hidden. */
  readonly url: string | undefined;
  /** The phase that ran out, for a timeout. */
  readonly phase: Phase | undefined;
  /** How many attempts were started at the hop that failed; 0 when nothing was sent. */
  readonly attempts: number;
  /** The redirects that had been followed by then. */
  readonly history: Hop[];
  /** What a log needs of it, with no secret in it. */
  toJSON(): { name: string; code: ErrorCode; message: string; phase?: Phase; url?: string; attempts: number };
}

/** A body that cannot be read as asked: `body_too_large`, `body_used`, `checksum`, `content_type`, `decode`, `json`, `line_too_long`. */
export class BodyError extends DualfetchError {}

/** The session, or the WebSocket that is to send, was closed: `closed`. */
export class ClosedError extends DualfetchError {}

/** Something handed in makes no sense: `invalid_header`, `invalid_option`, `invalid_url`, `unsupported_scheme`. */
export class InputError extends DualfetchError {
  /** The option's name, for `invalid_option`. */
  readonly option?: string;
}

/** No answer, half of one, or too large a head: `connect`, `denied`, `disconnected`, `dns`, `headers_too_large`, `network`, `opaque`, `protocol`, `proxy`, `tls`. */
export class NetworkError extends DualfetchError {}

/** A redirect that is not followed: `redirect`, `too_many_redirects`. */
export class RedirectError extends DualfetchError {}

/**
 * The request's own body failed, or was a stream and cannot be sent again: `body_consumed`, `request_body`. In this
 * package a stream is read to its end before it is sent, and one that fails is `invalid_option`: these codes are here for
 * what JSON of the command line and other platforms tell.
 */
export class RequestBodyError extends DualfetchError {}

/** A status that `raiseForStatus` or `errorForStatus()` makes an error: `status`. */
export class StatusError extends DualfetchError {
  /** The response's status. */
  readonly status: number;
  /** What the first kilobyte of the body says. Null where it is empty, and for titles, pages and the rows of `fetchAll`. */
  readonly body: string | null;
  /**
   * What the API tells of it, where the body was `application/problem+json` (RFC 9457) of at most 64 KiB; the message has
   * its title and detail. Null elsewhere, and where `body` is null.
   */
  readonly problem: Problem | null;
}

/** What went wrong, as an API tells it (RFC 9457): a stranger's word. A member of another type than here counts as left out. */
export interface Problem {
  /** Which problem it is, as a URI, absolute; `about:blank` where none is told, and the status says all. */
  type: string;
  /** A short text for people, the same for every problem of this type. */
  title?: string;
  /** The status that the server gave it: a proxy may have changed that of the response. */
  status?: number;
  /** What went wrong this time, for people. */
  detail?: string;
  /** This time's own URI, absolute. */
  instance?: string;
  /** What else it tells. */
  [member: string]: unknown;
}

/** Time ran out: `timeout`; `phase` says which. */
export class TimeoutError extends DualfetchError {
  /** Which of its bounds ran out. */
  readonly phase: Phase;
}

/** The platform, or this build, cannot do it: `unsupported`. */
export class UnsupportedError extends DualfetchError {
  /** What was asked for. */
  readonly feature: string;
}

/** What came by a WebSocket breaks its protocol or a limit, and it was closed for that: `websocket`. */
export class WebSocketError extends DualfetchError {
  /** The status it was closed with (RFC 6455, section 7.4.1): 1009. A page may not send it: there the server is told none. */
  readonly closeCode: number;
}

/** Guards go by name and code, so errors of another copy of this package are known, too. */
export function isDualfetchError(thrown: unknown): thrown is DualfetchError;
/** Whether it is a `BodyError` of this library. */
export function isBodyError(thrown: unknown): thrown is BodyError;
/** Whether it is a `ClosedError` of this library. */
export function isClosedError(thrown: unknown): thrown is ClosedError;
/** Whether it is an `InputError` of this library. */
export function isInputError(thrown: unknown): thrown is InputError;
/** Whether it is a `NetworkError` of this library. */
export function isNetworkError(thrown: unknown): thrown is NetworkError;
/** Whether it is a `RedirectError` of this library. */
export function isRedirectError(thrown: unknown): thrown is RedirectError;
/** Whether it is a `RequestBodyError` of this library. */
export function isRequestBodyError(thrown: unknown): thrown is RequestBodyError;
/** Whether it is a `StatusError` of this library. */
export function isStatusError(thrown: unknown): thrown is StatusError;
/** Whether it is a `TimeoutError` of this library. */
export function isTimeoutError(thrown: unknown): thrown is TimeoutError;
/** Whether it is an `UnsupportedError` of this library. */
export function isUnsupportedError(thrown: unknown): thrown is UnsupportedError;
/** Whether it is a `WebSocketError` of this library. */
export function isWebSocketError(thrown: unknown): thrown is WebSocketError;
