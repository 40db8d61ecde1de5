/**
 * Rows as an async iterator. Nothing is fetched before the first is asked for; leaving the loop ends every request
 * under way.
 */
export class Rows {
  #open;
  #input;
  #row;
  #onProgress;
  #rows;
  #ended = false;
  #started;
  #done = 0;
  #failed = 0;

  /**
   * @param {(pull: () => Promise<object | undefined>) => Promise<object>} open the wasm side's rows
   * @param {Iterable | AsyncIterable} input
   * @param {(item: unknown) => object | Promise<object>} ask an item as a request
   * @param {(told: Array) => object} row what the wasm side tells, as a row
   * @param {((progress: object) => void) | undefined} onProgress
   */
  constructor(open, input, ask, row, onProgress) {
    const source = new Input(input, ask);
    this.#input = source;
    // What the wasm side holds on to must not hold on to this iterator: abandoned, it could never be collected.
    this.#open = () => open(() => source.pull());
    this.#row = row;
    this.#onProgress = onProgress;
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  async next() {
    if (this.#ended) return { done: true, value: undefined };
    try {
      this.#started ??= Date.now();
      const rows = await (this.#rows ??= this.#open());
      const told = this.#ended ? undefined : await rows.next();
      if (told === undefined) {
        await this.return();
        return { done: true, value: undefined };
      }
      const value = this.#row(told);
      this.#progress(value);
      return { done: false, value };
    } catch (reason) {
      // The input may be waiting for something that never comes.
      this.return().catch(() => {});
      throw reason;
    }
  }

  async return(value) {
    if (!this.#ended) {
      this.#ended = true;
      const opening = this.#rows;
      this.#rows = undefined;
      try {
        (await opening)?.stop();
      } catch {
        // It did not open: there is nothing to stop.
      }
      await this.#input.close();
    }
    return { done: true, value };
  }

  #progress(row) {
    this.#done += 1;
    if (row.error !== null) this.#failed += 1;
    this.#onProgress?.({ done: this.#done, failed: this.#failed, elapsed: Date.now() - this.#started });
  }
}

/** What the caller's iterable gives, item by item. */
class Input {
  #iterable;
  #ask;
  #iterator;
  #ended = false;
  #pulling = false;

  constructor(iterable, ask) {
    this.#iterable = iterable;
    this.#ask = ask;
  }

  async pull() {
    if (this.#ended) return undefined;
    try {
      this.#iterator ??= iterate(this.#iterable);
      this.#pulling = true;
      const { done, value } = await this.#iterator.next();
      this.#pulling = false;
      if (!done) return await this.#ask(await value);
      this.#ended = true;
      return undefined;
    } catch (reason) {
      this.#ended = true;
      throw reason;
    }
  }

  async close() {
    if (this.#ended) return;
    this.#ended = true;
    const closed = this.#iterator?.return?.();
    // A generator returns only after what it waits for has come, and that may be never.
    if (this.#pulling) Promise.resolve(closed).catch(() => {});
    else await closed;
  }
}

function iterate(iterable) {
  return iterable[Symbol.asyncIterator]?.() ?? iterable[Symbol.iterator]();
}
