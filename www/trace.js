import { parsed } from "./words.js";

/**
 * What each request does and when: the marks behind the chart. All times are milliseconds since the start.
 *
 * A session is given `trace.fetch` instead of the platform's: it is called when a request has its permit, so the time
 * before that is its wait for a turn.
 */
export class Trace {
  /** One for each URL, in their order: `{ index, url, tries, done, outcome }`, where the outcome
   * is "done", "failed" or "stopped". */
  requests;
  /** How many are in flight from when on: `[{ at, count }]`. */
  flights = [{ at: 0, count: 0 }];
  peak = 0;
  peakPerHost = 0;
  /** How many URLs were asked of a gateway. */
  byGateway = 0;
  /** One for each host, in the order of the URLs: `{ origin, total, done, failed, stopped, bytes, backing }`. */
  hosts = [];

  #began = performance.now();
  #ended = null;
  #byUrl = new Map();
  #flying = new Map();
  #count = 0;
  #gateway;
  #retries;

  /** `gateway` is the URL below which a gateway's routes are, where one is asked. */
  constructor(urls, { gateway = null, retries = 0 } = {}) {
    this.#gateway = gateway && new URL("fetch", gateway).href;
    this.#retries = retries;
    const hosts = new Map();
    const hostOf = (url) => {
      const { origin, host } = parsed(url) ?? {};
      if (!host) return null;
      if (!hosts.has(origin)) hosts.set(origin, { origin, total: 0, done: 0, failed: 0, stopped: 0, bytes: 0, backing: 0 });
      return hosts.get(origin);
    };
    this.requests = urls.map((url, index) => ({ index, url, host: hostOf(url), tries: [], done: null, outcome: null, way: null }));
    for (const request of this.requests) {
      if (request.host) request.host.total += 1;
      const key = keyOf(request.url);
      if (this.#byUrl.has(key)) this.#byUrl.get(key).push(request);
      else this.#byUrl.set(key, [request]);
    }
    this.hosts = [...hosts.values()];
  }

  /** How far the time is; it stands still after `end`. */
  get elapsed() {
    return this.#ended ?? performance.now() - this.#began;
  }

  get inFlight() {
    return this.#count;
  }

  /** The platform's `fetch`, watched. */
  fetch = async (input, init) => {
    const asked = String(input?.url ?? input);
    const url = this.#target(asked);
    const leave = this.#enter(url);
    const end = (fell = false) => {
      if (attempt.end !== null) return;
      leave();
      attempt.end = this.elapsed;
      // What is tried again is waited for from here on.
      if (fell && request && request.done === null && this.#retries > 0) {
        attempt.fell = true;
        if (request.host) request.host.backing += 1;
      }
    };
    const attempt = { start: this.elapsed, head: null, end: null, fell: false, finish: end };
    const request = this.#owner(url);
    this.#resume(request);
    if (request) {
      request.tries.push(attempt);
      const way = url === asked ? "direct" : "gateway";
      if (way === "gateway" && request.way !== way) this.byGateway += 1;
      request.way = way;
    }
    // Told by the signal first: the session lets the next one start before this one's promise is settled.
    const signal = init?.signal ?? input?.signal;
    signal?.addEventListener("abort", () => end(), { once: true });
    try {
      const response = await fetch(input, init);
      attempt.head = this.elapsed;
      // What a gateway says itself has not come from the host.
      const isTheHosts = url === asked || response.headers.has("dualfetch-url");
      const count = ({ length }) => {
        if (request?.host && isTheHosts) request.host.bytes += length;
      };
      return watched(response, () => end(AGAIN.has(response.status)), count);
    } catch (error) {
      end(true);
      throw error;
    }
  };

  /** A row has come: whatever its request did, it is over. */
  settle(index, outcome) {
    const request = this.requests[index];
    if (!request || request.done !== null) return;
    request.tries.at(-1)?.finish();
    this.#resume(request);
    request.done = this.elapsed;
    request.outcome = outcome;
    if (request.host) request.host[outcome] += 1;
  }

  /** No more rows come: what is still open was stopped. */
  end() {
    for (const { index, done } of this.requests) {
      if (done === null) this.settle(index, "stopped");
    }
    this.#ended = this.elapsed;
  }

  /** What a request to the gateway asks it for; any other URL is itself. */
  #target(url) {
    if (!this.#gateway || !url.startsWith(this.#gateway)) return url;
    const { origin, pathname, searchParams } = new URL(url);
    return origin + pathname === this.#gateway ? (searchParams.get("url") ?? url) : url;
  }

  /** It waits for no further attempt. */
  #resume(request) {
    const last = request?.tries.at(-1);
    if (!last?.fell) return;
    last.fell = false;
    if (request.host) request.host.backing -= 1;
  }

  /** Of requests for the same URL, the first that is not under way. */
  #owner(url) {
    const same = this.#byUrl.get(keyOf(url)) ?? [];
    const idle = ({ done, tries }) => done === null && (tries.length === 0 || tries.at(-1).end !== null);
    return same.find(idle) ?? same.at(-1);
  }

  /** Counts a request in, and returns what counts it out. */
  #enter(url) {
    const host = parsed(url)?.origin ?? url;
    const add = (by) => {
      this.#count += by;
      this.#flying.set(host, (this.#flying.get(host) ?? 0) + by);
      this.flights.push({ at: this.elapsed, count: this.#count });
    };
    add(1);
    this.peak = Math.max(this.peak, this.#count);
    this.peakPerHost = Math.max(this.peakPerHost, this.#flying.get(host));
    return () => add(-1);
  }
}

/** The statuses that a session may try again. */
const AGAIN = new Set([408, 425, 429, 500, 502, 503, 504]);

/** The same response; `end` is called when its body is read to the end, fails or is given up, `count` with each piece. */
function watched(response, end, count) {
  if (!response.body) {
    end();
    return response;
  }
  let left = declared(response);
  const reader = response.body.getReader();
  const body = new ReadableStream(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (!done) {
            count(value);
            left -= value.length;
            if (left === 0) end();
            return controller.enqueue(value);
          }
          end();
          controller.close();
        } catch (error) {
          end();
          controller.error(error);
        }
      },
      cancel(reason) {
        end();
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  // A new Response would lose its URL, and whether it was redirected.
  Object.defineProperty(response, "body", { value: body });
  return response;
}

/**
 * How many bytes the body has, where the session trusts what was declared: of its own origin, as a gateway's answers may
 * be, it reads no further than that and does not wait to be told the end. Not a number where it does not.
 */
function declared({ type, headers }) {
  if (type !== "basic" || headers.has("content-encoding")) return NaN;
  return Number(headers.get("content-length") ?? NaN);
}

/** What the session asks for, whoever wrote it and how. */
function keyOf(url) {
  const key = parsed(url);
  if (!key) return url;
  key.hash = "";
  return key.href;
}
