// Requests through the gateway that `dualfetch serve` is. The engine asks for the target's URL and is answered as `fetch`
// would answer it; what goes wrong on the way is told as it would be told without a gateway.

/** How much of a gateway's own answer is read, in bytes. */
const MOST_OF_A_PROBLEM = 64 * 1024;

/** How much of its words is passed on, in characters. */
const MOST_WORDS = 1000;

/**
 * What is the gateway's or the connection's and not the target's: the gateway passes no such field of the target on
 * (src/gateway/headers.rs). What it adds beside where the target has none, it names.
 */
const NOT_THE_TARGETS =
  /^(accept-ch|activate-storage-access|alt-svc|authentication-info|clear-site-data|connection|critical-ch|document-policy|expect-ct|http2-settings|integrity-policy|integrity-policy-report-only|keep-alive|nel|origin-agent-cluster|origin-trial|public-key-pins|refresh|report-to|reporting-endpoints|service-worker-allowed|set-cookie|set-cookie2|set-login|sourcemap|speculation-rules|strict-transport-security|supports-loading-mode|te|trailer|transfer-encoding|upgrade|use-as-dictionary|via|www-authenticate|x-content-type-options|x-dns-prefetch-control|x-frame-options|x-permitted-cross-domain-policies|x-request-id|(access-control-|cdn-cache-control|content-security-policy|cross-origin-|dualfetch-|permissions-policy|proxy-|sec-|surrogate-|x-accel-|x-lighttpd-|x-litespeed-|x-reproxy-|x-sendfile).*|.*-cdn-cache-control)$/i;

/** What a gateway adds to `Vary` for CORS, and before that for whoever has a key. */
const VARY = /(^|, *)origin(, *access-control-request-(headers|method))+$/i;
const VARY_BY_KEY = /(^|, *)authorization$/i;

/** Codes that are the same whoever met them. The others are of the way to the gateway, or newer than this. */
const OF_THE_TARGET = [
  "body_consumed",
  "body_too_large",
  "connect",
  "decode",
  "denied",
  "disconnected",
  "dns",
  "headers_too_large",
  "invalid_header",
  "invalid_url",
  "network",
  "opaque",
  "protocol",
  "proxy",
  "redirect",
  "request_body",
  "timeout",
  "tls",
  "too_many_redirects",
  "unsupported_scheme",
];

const PHASES = ["connect", "headers", "queue", "read", "total", "wall"];

/** By which of Node's codes the engine knows what may pass: `kind_of` in src/platform/browser/failure.rs. */
const PASSING = {
  connect: "ECONNREFUSED",
  disconnected: "ECONNRESET",
  dns: "ENOTFOUND",
  network: "",
  timeout_connect: "UND_ERR_CONNECT_TIMEOUT",
  timeout_headers: "UND_ERR_HEADERS_TIMEOUT",
};

/** A code of what does not pass. */
const LASTING = "HPE_GATEWAY";

/** By which words browsers reject what failed: Chromium, Firefox, Safari. */
const UNTOLD = /^(Failed to fetch|network error|NetworkError when attempting to fetch resource|Load failed|The network connection was lost|The Internet connection appears to be offline|A server with the specified hostname could not be found|Could not connect to the server|Network request failed)\b/i;

/** The statuses by which a gateway asks to be asked later, and those of what stands before one that is not there. */
const LATER = [429, 503];
const NOT_THERE = [...LATER, 502, 504];

/**
 * The answer to a request that goes through the gateway.
 *
 * @param {Gateway} gateway
 * @param {string} url the target's
 * @param {RequestInit} init the target's
 * @param {Function} fetch which reaches the gateway
 * @param {object} way `refusalUrl` and `rejection`, for modules that are loaded late have none of their own
 */
export async function through(gateway, url, init, fetch, way) {
  const refused = refusalOf(gateway, init);
  if (refused !== undefined) throw way.rejection(refused, LASTING);
  return (await asked(gateway, url, init, fetch, way)).answer;
}

/** The answer to a request that goes by itself, and through the gateway where a page is not told why it fails. */
export async function byItself(gateway, url, init, fetch, way) {
  const hindrance = gateway.hindrance(url, init);
  const { origin } = new URL(url);
  let directly;
  if (hindrance !== undefined || !gateway.remembers(origin)) {
    try {
      return await fetch(url, init);
    } catch (thrown) {
      if (!isUntold(thrown, way) || hindrance === "" || init.signal?.aborted) throw thrown;
      if (hindrance !== undefined) throw way.rejection(untold(thrown, hindrance), PASSING.network);
      directly = thrown;
    }
  }
  try {
    const { answer, isRelayed } = await asked(gateway, url, init, fetch, way, directly);
    if (isRelayed) gateway.remember(origin);
    return answer;
  } catch (thrown) {
    // It may have come to allow it, or the gateway have gone.
    if (!init.signal?.aborted) gateway.forget(origin);
    throw thrown;
  }
}

function refusalOf(gateway, init) {
  const [feature, why] = gateway.refusalOf(init) ?? [];
  if (feature === undefined) return undefined;
  return { code: "unsupported", message: `${feature} is not supported here (${why})`, detail: feature, attempts: 0 };
}

/**
 * What a page is told of whatever went wrong: a run-time that knows more names it by a code. Of a `fetch` of the caller's
 * own any other TypeError is a fault in it.
 */
function isUntold(thrown, { isPlatforms }) {
  if (thrown?.name !== "TypeError" || thrown.code !== undefined || thrown.cause?.code !== undefined) return false;
  return isPlatforms || UNTOLD.test(thrown.message);
}

function untold(cause, hindrance) {
  const message = `network error: ${wordsOf(cause)} (a page cannot tell DNS, refused, TLS, CORS and offline apart; not sent through the gateway: ${hindrance})`;
  return { code: "network", message, cause };
}

async function asked(gateway, url, init, fetch, way, directly) {
  const fail = (told, code) => way.rejection(also(told, directly), code);
  let answer;
  try {
    answer = await fetch(gateway.address(url), asking(gateway, init));
  } catch (cause) {
    if (init.signal?.aborted) throw cause;
    throw fail(unreachable(gateway, cause, init), PASSING.network);
  }
  // The engine says what is wrong with what is no response.
  if (typeof answer?.headers?.get !== "function") return { answer, isRelayed: false };
  const at = answer.headers.get("dualfetch-url");
  if (at !== null && isWebUrl(at)) return { answer: relayed(answer, at, gateway), isRelayed: true };
  const code = answer.headers.get("dualfetch-error");
  const told = code === null ? stranger(gateway, answer) : await problem(gateway, answer, code, init);
  if ((code === null ? NOT_THERE : LATER).includes(answer.status)) {
    // As an answer, so that the engine waits for as long as it is asked to, as it does for any.
    const after = answer.headers.get("retry-after");
    const fields = after === null ? [] : [["retry-after", after]];
    return { answer: bodiless(answer.status, way.refusalUrl(also(told, directly), url), fields), isRelayed: false };
  }
  throw fail(told, PASSING[told.phase === undefined ? told.code : `${told.code}_${told.phase}`] ?? LASTING);
}

/** What the gateway is asked with. */
function asking(gateway, { credentials: _, headers = [], mode: __, ...init }) {
  const fields = gateway.authorized([...headers].filter(([name]) => name.toLowerCase() !== "user-agent"));
  // Followed, a redirect would take the key and the body along to wherever it leads.
  init.redirect = "manual";
  return fields.length > 0 ? { ...init, headers: fields } : init;
}

/** The target's answer, of what the gateway relays. */
function relayed(answer, url, { isKeyed }) {
  const added = (answer.headers.get("dualfetch-added") ?? "").split(/, */);
  const fields = [...answer.headers].flatMap(([name, value]) => {
    if (NOT_THE_TARGETS.test(name) || added.includes(name.toLowerCase())) return [];
    const own = name.toLowerCase() === "vary" ? value.replace(VARY, "").replace(isKeyed ? VARY_BY_KEY : "", "") : value;
    return own === "" && value !== "" ? [] : [[name, own]];
  });
  // Of a status that a browser acts upon itself the gateway tells by a field.
  const status = /^[1-9]\d\d$/.exec(answer.headers.get("dualfetch-status") ?? "")?.[0];
  return { type: answer.type, status: Number(status ?? answer.status), url, headers: { entries: () => fields }, body: answer.body };
}

function bodiless(status, url, fields) {
  return { type: "default", status, url, headers: { entries: () => fields }, body: null };
}

function unreachable({ base }, cause, { integrity }) {
  const held = integrity ? "; or what it gave is not what integrity says" : "";
  const { origin } = globalThis.location ?? {};
  const why = origin === undefined ? "" : `; it may be down, or not allow ${origin}`;
  return { code: "network", message: `the gateway ${base} could not be reached: ${wordsOf(cause)}${why}${held}`, cause };
}

/** An answer that no gateway gave. */
function stranger({ base }, answer) {
  answer.body?.cancel().catch(() => {});
  const type = answer.headers.get("content-type");
  const isRedirect = answer.type === "opaqueredirect" || [301, 302, 303, 307, 308].includes(answer.status);
  const what = isRedirect ? "a redirect" : `status ${answer.status}${type ? `, ${JSON.stringify(words(type))}` : ""}`;
  const why = "its URL may be wrong, a login page or another proxy be in between, or its header fields not be exposed to this page";
  return { code: "proxy", message: `what answers at the gateway ${base} is no dualfetch gateway (${what}): ${why}` };
}

/** What the gateway says is wrong (RFC 9457). */
async function problem({ base }, answer, code, { signal }) {
  let own = {};
  try {
    own = JSON.parse(await start(answer)) ?? {};
  } catch (reason) {
    if (signal?.aborted) throw reason;
    // To HEAD there are no words, and what stands before the gateway may have taken them away.
  }
  const told = words(own.detail) || words(own.title);
  if (!OF_THE_TARGET.includes(code)) {
    return { code: "proxy", message: `the gateway ${base} refuses it: ${words(code)}${told && `: ${told}`}` };
  }
  const url = typeof own.url === "string" && isWebUrl(own.url) ? own.url : undefined;
  const suffix = ` (${url})`;
  return {
    code,
    message: (told.endsWith(suffix) ? told.slice(0, -suffix.length) : told) || `${code}, as the gateway ${base} says`,
    phase: PHASES.find((phase) => phase === (own.phase ?? answer.headers.get("dualfetch-phase"))),
    url,
    attempts: Number.isSafeInteger(own.attempts) && own.attempts >= 0 ? own.attempts : undefined,
  };
}

async function start({ body }) {
  const reader = body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (let piece; text.length < MOST_OF_A_PROBLEM && (piece = await reader?.read()) && !piece.done; ) {
    text += decoder.decode(piece.value, { stream: true });
  }
  reader?.cancel().catch(() => {});
  return text;
}

function also(told, directly) {
  if (directly === undefined) return told;
  const { cause = directly, message } = told;
  return { ...told, message: `${message}; by itself it failed, too: ${wordsOf(directly)}`, cause };
}

/** The text of anything that was thrown. */
function wordsOf(thrown) {
  const cause = thrown?.cause?.message ? ` (${thrown.cause.message})` : "";
  return words(thrown?.message ? `${thrown.name}: ${thrown.message}${cause}` : String(thrown));
}

function words(value) {
  return typeof value === "string" ? value.slice(0, MOST_WORDS).replace(/[\0-\x1f\x7f]+/g, " ") : "";
}

function isWebUrl(value) {
  try {
    return /^https?:$/.test(new URL(value).protocol);
  } catch {
    return false;
  }
}
