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

  #began = performance.now();
  #ended = null;
  #byUrl = new Map();
  #flying = new Map();
  #count = 0;

  constructor(urls) {
    this.requests = urls.map((url, index) => ({ index, url, tries: [], done: null, outcome: null }));
    for (const request of this.requests) {
      const key = keyOf(request.url);
      this.#byUrl.set(key, [...(this.#byUrl.get(key) ?? []), request]);
    }
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
    const url = String(input?.url ?? input);
    const leave = this.#enter(url);
    const end = () => {
      if (attempt.end !== null) return;
      leave();
      attempt.end = this.elapsed;
    };
    const attempt = { start: this.elapsed, head: null, end: null, finish: end };
    this.#owner(url)?.tries.push(attempt);
    // Told by the signal first: the session lets the next one start before this one's promise is settled.
    const signal = init?.signal ?? input?.signal;
    signal?.addEventListener("abort", end, { once: true });
    try {
      const response = await fetch(input, init);
      attempt.head = this.elapsed;
      return watched(response, end);
    } catch (error) {
      end();
      throw error;
    }
  };

  /** A row has come: whatever its request did, it is over. */
  settle(index, outcome) {
    const request = this.requests[index];
    if (!request) return;
    request.tries.at(-1)?.finish();
    request.done = this.elapsed;
    request.outcome = outcome;
  }

  /** No more rows come: what is still open was stopped. */
  end() {
    for (const { index, done } of this.requests) {
      if (done === null) this.settle(index, "stopped");
    }
    this.#ended = this.elapsed;
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

/** The same response; `end` is called when its body is read to the end, fails or is given up. */
function watched(response, end) {
  if (!response.body) {
    end();
    return response;
  }
  const reader = response.body.getReader();
  const body = new ReadableStream(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (!done) return controller.enqueue(value);
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

/** What the session asks for, whoever wrote it and how. */
function keyOf(url) {
  const key = parsed(url);
  if (!key) return url;
  key.hash = "";
  return key.href;
}

function parsed(url) {
  return URL.canParse(url) ? new URL(url) : null;
}
