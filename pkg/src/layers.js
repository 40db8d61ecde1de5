import { error, isOurs } from "./failure.js";
import { shown } from "./options.js";
import { href, sending } from "./request.js";
import { failureOf, made, SessionResponse } from "./response.js";

/** A request as hooks and middleware see it and may change it: the caller's own, without what the session adds to all. */
export class SessionRequest {
  #asked;

  /** Made by a session. */
  constructor(asked, options) {
    this.#asked = asked;
    this.method = asked.method;
    this.url = asked.url;
    this.headers = new Headers();
    const fields = asked.headers ?? [];
    for (let at = 0; at < fields.length; at += 2) {
      try {
        this.headers.append(fields[at], fields[at + 1]);
      } catch (cause) {
        throw error("invalid_header", `invalid header: ${cause.message}`, { url: asked.url, cause });
      }
    }
    this.body = asked.body ?? null;
    this.options = options ?? {};
  }

  /** What the engine is asked. */
  static async asked(request) {
    const { body: _, ...rest } = request.#asked;
    const fields = [...request.headers].flat();
    const plain = { ...rest, headers: fields, url: href(request.url), method: String(request.method).toUpperCase() };
    const hadType = request.headers.has("content-type");
    const asked = await sending(plain, request.body);
    // The type of a text that had none before was taken away on purpose.
    if (!hadType && request.body === request.#asked.body) asked.headers = fields;
    return asked;
  }
}

/**
 * One call through its layers: middleware, around it hooks, around the engine.
 *
 * @param {object} call what `calling` gave
 * @param {SessionRequest} request
 * @param {(asked: object) => Promise<SessionResponse>} send the engine
 * @param {object} reading what responses of a hook's own are read by
 */
export async function layered({ hooks, middleware, raise, complete }, request, send, reading) {
  const once = async (asking) => {
    let [asked, response] = await before(hooks, asking, reading);
    response ??= await send(complete(await SessionRequest.asked(asked)));
    for (const hook of hooks.afterResponse) {
      const given = await hook({ request: asked, options: asked.options, response });
      if (given !== undefined) response = responseOf(given, asked, reading, "hooks.afterResponse");
    }
    return response;
  };
  const next = (at) => async (asking = request) => {
    if (!(asking instanceof SessionRequest)) throw wrong("middleware", "hand a request to next", asking);
    if (at === middleware.length) return once(asking);
    return responseOf(await middleware[at](asking, next(at + 1)), asking, reading, "middleware");
  };
  try {
    const response = await next(0)(request);
    if (isRaised(response, raise)) throw await failureOf(response);
    return response;
  } catch (thrown) {
    let told = thrown;
    // A signal's own reason stays what it is.
    for (const hook of isOurs(thrown) ? hooks.beforeError : []) {
      told = (await hook({ error: told, request, options: request.options })) ?? told;
    }
    throw told;
  }
}

/** Runs the hooks before a request: what it has become, and the response that one of them gave instead of sending it. */
export async function before(hooks, request, reading) {
  let asked = request;
  for (const hook of hooks.beforeRequest) {
    const given = await hook({ request: asked, options: asked.options });
    if (given instanceof SessionRequest) asked = given;
    else if (given !== undefined) return [asked, responseOf(given, asked, reading, "hooks.beforeRequest")];
  }
  return [asked, undefined];
}

/**
 * Whether the response is an error by its status.
 *
 * @param {SessionResponse} response which ends if the function that judges throws
 * @param {boolean | Function} raise
 */
export function isRaised(response, raise) {
  if (typeof raise === "boolean") return raise && response.status >= 400;
  try {
    const isError = raise(response);
    if (typeof isError !== "boolean") throw wrong("raiseForStatus", "its function gives true or false", isError);
    return isError;
  } catch (thrown) {
    response.cancel();
    throw thrown;
  }
}

/** What a call over many requests cannot do, refused by name. */
export function withoutLayers({ hooks, middleware }, why = "titles, pages and lists are the engine's", also = []) {
  const found = middleware.length > 0 ? "middleware" : ["afterResponse", "beforeError", ...also].find((when) => hooks[when].length > 0);
  if (found === undefined) return;
  const feature = found === "middleware" ? found : `hooks.${found}`;
  const message = `${feature} is not supported here (${why}): extend a session without it`;
  throw error("unsupported", message, { detail: feature });
}

function responseOf(given, { url }, reading, option) {
  if (given instanceof SessionResponse) return given;
  if (given instanceof Response) return made(given, href(url), reading);
  throw wrong(option, "it gives a response", given);
}

const wrong = (option, why, given) =>
  error("invalid_option", `invalid option ${option}: ${why}, not ${shown(given)}`, { detail: option });
