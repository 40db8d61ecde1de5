import { error, isOurs } from "./failure.js";
import { isInPage } from "./place.js";
import { failureOf, needEvents, statusError } from "./response.js";

/** Server-sent events that go on where the connection is lost. */
export class SessionEventSource {
  #events;
  #ended;
  #ending = new AbortController();
  #isClosed = false;
  #isOver = false;
  /** What `lastEventId` stays, where the event behind it was dropped. */
  #kept;
  #way;

  /**
   * Made by a session.
   *
   * @param {object} plan what `EVENT_SOURCE` in options.js adds to a request's options
   * @param {(fields: string[], isFirst: boolean, signal: AbortSignal) => Promise<SessionResponse>} ask
   * @param {{ relay?: Relay, race: (promise: Promise) => Promise }} ends the caller's signal, and what ends a pause
   */
  constructor(plan, ask, { relay, race }) {
    const pass = () => this.#ending.abort(relay.reason);
    relay?.add(pass);
    this.#ended = () => relay?.remove(pass);
    if (relay?.aborted) pass();
    const { signal } = this.#ending;
    const way = { ask, error, failureOf, id: plan.lastEventId ?? "", isOurs, needEvents, race, signal, statusError };
    this.#way = way;
    this.#events = (async function* () {
      const { reconnecting } = await import("./reconnecting.js");
      yield* reconnecting(plan, way);
    })();
  }

  /** The id that it goes on after. */
  get lastEventId() {
    return this.#kept ?? this.#way.parser?.lastEventId ?? this.#way.id;
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  async next() {
    const { signal } = this.#ending;
    const last = { done: true, value: undefined };
    if (this.#isOver) return last;
    try {
      // What had come before is not handed out any more.
      signal.throwIfAborted();
      const before = this.lastEventId;
      const step = await this.#events.next();
      if (signal.aborted && !step.done) this.#kept = before;
      signal.throwIfAborted();
      if (step.done) this.#finish();
      return step;
    } catch (thrown) {
      this.#finish();
      if (this.#isClosed) return last;
      throw thrown;
    }
  }

  async return(value) {
    this.close();
    // Behind the one that is asked for, if there is one, which ends now.
    await this.#events.return().catch(() => {});
    return { done: true, value };
  }

  /** Ends it: the connection, or the wait for one. */
  close() {
    this.#isClosed = true;
    this.#finish();
    this.#ending.abort();
  }

  #finish() {
    this.#isOver = true;
    this.#ended();
    // In the middle of a piece it holds what is left of that.
    this.#events.return().catch(() => {});
  }

  /** For `console.log` and its like, which see no accessors. */
  [Symbol.for("nodejs.util.inspect.custom")](_, options, inspect) {
    const { lastEventId } = this;
    return `SessionEventSource ${inspect({ lastEventId }, options)}`;
  }

  async [Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose")]() {
    await this.return();
  }
}

/** The options of the request: as `asking` in src/event_source/connecting.rs. */
export function asking(options, fields) {
  const { cache, maxBody, timeout } = options;
  const own = { ...options, maxBody: maxBody ?? null, raiseForStatus: false };
  if (typeof timeout !== "number" && timeout !== null) own.timeout = { ...timeout, total: timeout?.total ?? null };
  const asked = [...fields, "accept", "text/event-stream"];
  if (!isInPage()) asked.push("cache-control", "no-store");
  else own.cache = cache ?? "no-store";
  return [own, asked];
}
