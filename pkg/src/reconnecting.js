// How streams of events are connected again: as src/event_source/source.rs and src/policy/reconnect.rs have it.

import { EventParser } from "./events.js";

/** What no `Retry-After` is waited for longer than, in milliseconds. */
const LONGEST = 60 * 60_000;

/** What a server cannot have the pause shorter than, and what it doubles from where there is to be none at all. */
const SHORTEST = 500;

/** Failures that may pass, beside timeouts and statuses. */
const PASSING = ["connect", "disconnected", "dns", "network", "proxy"];

const DEFAULTS = { anyType: false, maxAttempts: Infinity, maxReconnectionTime: 60_000, reconnectionTime: 3000 };

/**
 * The events of one connection after the other.
 *
 * @param {object} plan as the constructor of `SessionEventSource` is given it
 * @param {object} way how it is asked, and `id`, which is gone on after, and the `parser` of the connection there is
 */
export async function* reconnecting(plan, way) {
  const { anyType, maxAttempts, maxEvent, onLost, ...times } = { ...DEFAULTS, ...plan };
  // Connections in a row that came to no stream, and that brought no event.
  let [failed, fruitless] = [0, 0];
  for (let isFirst = true; ; isFirst = false) {
    let failure = null;
    try {
      const response = await connected(way, isFirst, isFirst || failed + 1 >= maxAttempts, anyType);
      if (response === undefined) return;
      [failed, fruitless] = [0, fruitless + 1];
      way.parser = new EventParser(way.error, maxEvent, way.id);
      for await (const event of events(response, way)) {
        fruitless = 0;
        yield event;
      }
    } catch (thrown) {
      failure = thrown;
      if (way.parser === undefined) {
        if (isFirst) throw thrown;
        [failed, fruitless] = [failed + 1, fruitless + 1];
      }
    }
    if (way.parser !== undefined) {
      way.id = way.parser.lastEventId;
      times.asked = way.parser.retry ?? times.asked;
      way.parser = undefined;
    }
    if (failure !== null && (!mayPass(failure, way) || failed >= maxAttempts)) throw failure;
    const pause = pauseOf(times, fruitless, failure?.[RETRY_AFTER] ?? 0);
    onLost?.({ error: failure, pause, failed });
    await slept(pause, way);
  }
}

/** On an error: the pause that the server asks for. */
const RETRY_AFTER = Symbol("retry-after");

/** The response of a connection that is a stream; undefined where there are to be no more. */
async function connected({ ask, error, failureOf, id, needEvents, signal, statusError }, isFirst, isLast, anyType) {
  const fields = id === "" ? [] : ["last-event-id", headerText(id, error)];
  const response = await ask(fields, isFirst, signal);
  const { status, headers } = response;
  if (status === 204) {
    response.cancel();
    return undefined;
  }
  if (status !== 200) {
    // The body of what is asked for again is not waited for.
    const failure = status >= 400 && (isLast || !isPassing(status)) ? await failureOf(response) : statusError(response);
    response.cancel();
    throw Object.defineProperty(failure, RETRY_AFTER, { value: askedFor(headers) });
  }
  try {
    if (!anyType) needEvents(response);
  } catch (thrown) {
    response.cancel();
    throw thrown;
  }
  return response;
}

async function* events(response, { isOurs, parser }) {
  const reader = response.body.getReader();
  try {
    for (let read; !(read = await reader.read()).done; ) yield* parser.take(read.value);
  } catch (thrown) {
    if (isOurs(thrown) && thrown.url === undefined) Object.assign(thrown, { url: response.url, attempts: response.attempts });
    throw thrown;
  } finally {
    response.cancel();
  }
}

function pauseOf({ asked, maxReconnectionTime, reconnectionTime }, fruitless, retryAfter) {
  // Whoever wants to be connected again sooner than a server may ask for, is.
  const time = asked === undefined ? reconnectionTime : Math.max(asked, Math.min(SHORTEST, reconnectionTime));
  const least = Math.min(time, maxReconnectionTime);
  let own = least;
  if (fruitless > 0) {
    const bound = Math.min(Math.max(least, SHORTEST) * 2 ** fruitless, maxReconnectionTime);
    const from = Math.max(least, bound / 2);
    own = from + Math.random() * Math.max(0, bound - from);
  }
  return Math.max(own, Math.min(retryAfter, LONGEST));
}

async function slept(milliseconds, { race, signal }) {
  let timer;
  let wake;
  const passed = new Promise((resolve, reject) => {
    wake = () => reject(signal.reason);
    timer = setTimeout(resolve, Math.min(milliseconds, 2 ** 31 - 1));
    signal.addEventListener("abort", wake);
    if (signal.aborted) wake();
  });
  try {
    await race(passed);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", wake);
  }
}

function mayPass(thrown, { isOurs }) {
  if (!isOurs(thrown)) return false;
  if (thrown.code === "timeout") return !["queue", "wall"].includes(thrown.phase);
  return thrown.code === "status" ? isPassing(thrown.status) : PASSING.includes(thrown.code);
}

function isPassing(status) {
  return status >= 500 || [408, 425, 429].includes(status);
}

/** `Retry-After` in milliseconds, by the server's own clock where it is a date. */
function askedFor(headers) {
  const asked = headers.get("retry-after")?.trim() ?? "";
  if (/^\d+$/.test(asked)) return Number(asked) * 1000;
  return Math.max(0, Date.parse(asked) - Date.parse(headers.get("date") ?? "")) || 0;
}

/** A text as a header field has it: UTF-8, each byte a character. */
function headerText(text, error) {
  if (/[\0-\x08\x0a-\x1f\x7f]/.test(text)) {
    const why = "\"last-event-id\" cannot hold this id: it has a control character";
    throw error("invalid_header", `invalid header: ${why}`, { detail: "last-event-id" });
  }
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join("");
}
