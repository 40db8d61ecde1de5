/** The places of numbers and flags, which `Number` in src/js/request.rs has, too. */
const NUMBERS = [
  "keepalive",
  "limit",
  "limitPerHost",
  "maxBody",
  "maxHeaderBytes",
  "maxHeaders",
  "maxRedirects",
  "raiseForStatus",
  "ratePer",
  "rateRequests",
  "redirect",
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
    decide: options.decide,
    headers: options.headers,
    numbers: NUMBERS.some(isSet) ? Float64Array.from(NUMBERS, (name) => options[name]) : undefined,
    words: words.length > 0 ? words.flatMap((name) => [name, options[name]]) : undefined,
  };
}
