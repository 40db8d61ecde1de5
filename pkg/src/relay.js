/**
 * What the promise gives, unless one of these fires first: then its reason.
 *
 * @param {Promise} promise
 * @param {(Relay | undefined)[]} relays
 */
export function race(promise, relays) {
  return new Promise((resolve, reject) => {
    const all = relays.filter((relay) => relay !== undefined);
    const call = () => reject(all.find((relay) => relay.aborted)?.reason);
    const done = () => all.forEach((relay) => relay.remove(call));
    all.forEach((relay) => relay.add(call));
    promise.then(resolve, reject).finally(done);
  });
}

/** @type {WeakMap<AbortSignal, Relay>} */
const relays = new WeakMap();

/**
 * Passes the end of many calls on: one listener on an abort signal, however many calls it may end. Node warns of a
 * leak when one signal has more than ten listeners, and removing one of many takes time that grows with their number.
 */
export class Relay {
  #signal;
  #calls = new Set();
  #pass = () => {
    // One call may end what another stands for.
    for (const call of [...this.#calls]) if (this.#calls.delete(call)) call();
  };

  /** The relay of this signal. */
  static of(signal) {
    if (signal === undefined) return undefined;
    let relay = relays.get(signal);
    if (relay === undefined) relays.set(signal, (relay = new Relay(signal)));
    return relay;
  }

  /** @param {{aborted: boolean, reason: unknown}} [signal] left out, `end` is what fires it */
  constructor(signal) {
    this.#signal = signal ?? { aborted: false, reason: undefined };
  }

  /** A signal that throws has fired, for that reason. */
  get aborted() {
    try {
      return this.#signal.aborted;
    } catch (thrown) {
      this.#signal = { aborted: true, reason: thrown };
      return true;
    }
  }

  get reason() {
    return this.#signal.reason;
  }

  throwIfAborted() {
    if (this.aborted) throw this.reason;
  }

  add(call) {
    if (this.#calls.size === 0) this.#signal.addEventListener?.("abort", this.#pass);
    this.#calls.add(call);
  }

  remove(call) {
    if (this.#calls.delete(call) && this.#calls.size === 0) {
      this.#signal.removeEventListener?.("abort", this.#pass);
    }
  }

  /** For a relay of its own signal alone. */
  end(reason) {
    if (this.aborted) return;
    this.#signal = { aborted: true, reason };
    this.#pass();
  }
}
