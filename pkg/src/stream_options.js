import { bytesOrNone, callable, EVENTS_READER, invalid, milliseconds, NATIVE, positive, refusing, REQUEST, SHARED, shown, text } from "./options.js";

/** What belongs to a handshake and no platform's WebSocket takes. */
const UNSENT = refusing(
  ["auth", "autoPong", "headers", "heartbeat", "hooks", "maxFrameSize", "middleware", "origin", "permessageDeflate", "userAgent"],
  "no platform's WebSocket can",
);

/** How many bytes, or none by 0, null or Infinity. */
const bytesOrZero = (value, name, out) => {
  bytesOrNone(value, name, out);
  out[name] ||= Infinity;
};

const period = (value, name, out) => {
  out[name] = milliseconds(value, name);
};

/** As RFC 6455 has a subprotocol's name: section 4.1. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

const protocols = (value, name, out) => {
  const list = typeof value === "string" ? [value] : value;
  if (!Array.isArray(list)) throw invalid(name, `names in an array, not ${shown(value)}`);
  list.forEach((one, at) => {
    if (typeof one !== "string" || !TOKEN.test(one)) throw invalid(name, `${shown(one)} is no subprotocol's name`);
    if (list.indexOf(one) !== at) throw invalid(name, `${shown(one)} is there twice`);
  });
  out[name] = [...list];
};

const { baseUrl, params, parseJson, prefixUrl, priority, retry, searchParams, stringifyJson, timeout } = SHARED;

/** What `websocket` takes. */
export const WEBSOCKET = {
  ...NATIVE,
  ...UNSENT,
  baseUrl,
  closeTimeout: period,
  maxBuffered: bytesOrZero,
  maxMessageSize: bytesOrZero,
  params,
  parseJson,
  prefixUrl,
  priority,
  protocols,
  receiveTimeout: period,
  retry,
  searchParams,
  signal: REQUEST.signal,
  stringifyJson,
  timeout,
};

const pause = (value, name, out) => {
  out[name] = value === 0 ? 0 : milliseconds(value, name);
};

/** A status is judged by whether the stream may come later. */
const { raiseForStatus: _, throwHttpErrors: __, ...OF_REQUEST } = REQUEST;

/** What `eventSource` takes. */
export const EVENT_SOURCE = {
  ...OF_REQUEST,
  ...EVENTS_READER,
  lastEventId: text,
  maxAttempts: (value, name, out) => (out[name] = value === null || value === Infinity ? Infinity : positive(value, name)),
  maxReconnectionTime: pause,
  onLost: callable,
  reconnectionTime: pause,
};
