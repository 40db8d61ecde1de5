/** How much may be unsent while `send` promises room for more. */
const MOST_UNSENT = 1024 * 1024;

/** How often what is unsent is looked at, in milliseconds: no platform tells when it is sent. */
const LOOK = 10;

/** Of a WebSocket's `readyState`. */
const [OPEN, CLOSING, CLOSED] = [1, 2, 3];

/** What a message counts for at least, in bytes: one of none takes room, too. */
const LEAST = 64;

/** One of the platform's WebSockets, with what came of it and was not taken yet. */
export class Wire {
  /** How it was closed: see `Closed` in types/websocket.d.ts. */
  closed = null;
  #way;
  #messages;
  #waiter;
  /** `{ reason }`, of which receivers are told. */
  #failure;
  #code;
  /** Whether it is being closed from here, or is let go of. */
  #isClosing = false;
  /** Whether the closing began here: the server's close frame had not come yet. */
  #isFirst = false;
  #isHeld = false;
  #timer;
  #cause;
  /** Of which closers are told. */
  #late;
  #done = nothing;
  #unopened = nothing;
  #ended = signal();
  #settled = signal();

  /**
   * @param {WebSocket} socket which is being opened
   * @param {string} url
   * @param {object} settings `DEFAULTS` in websocket.js
   * @param {object} way as there
   */
  constructor(socket, url, settings, way) {
    socket.binaryType = "arraybuffer";
    Object.assign(this, { socket, url, settings });
    this.#way = way;
    this.#messages = new Messages(settings.maxBuffered);
    this.#listen("addEventListener");
    // One that nobody listens to ends a program where the WebSocket is no platform's own.
    socket.addEventListener("error", nothing);
  }

  /** What the engine takes for `fetch`'s answer, once the connection is open. */
  answer(asked) {
    const { socket } = this;
    const reader = {
      read: () => this.#ended.passed,
      // The call has ended, or the session: what came is not asked for any more. Why is what `chunk` rejects with.
      cancel: async () => {
        this.#messages.clear();
        this.#leave();
      },
    };
    const answer = { status: 101, type: "default", url: "", headers: new Headers(), body: { getReader: () => reader } };
    return new Promise((resolve, reject) => {
      const quit = () => this.#leave();
      const settle = (how, value) => {
        asked?.removeEventListener("abort", quit);
        socket.removeEventListener("open", open);
        this.#unopened = nothing;
        how(value);
      };
      const open = () => settle(resolve, answer);
      this.#unopened = () => settle(reject, unopened(this.#cause));
      asked?.addEventListener("abort", quit);
      socket.addEventListener("open", open);
      if (asked?.aborted) quit();
    });
  }

  /** Keeps the engine's response, whose end is the end of the permit. `done` is called at the end. */
  hold(handle, done) {
    this.#isHeld = true;
    const over = () => {
      this.#isHeld = false;
      done();
      handle.free();
      this.#settle();
    };
    handle.chunk().then(over, (reason) => {
      if (this.closed === null) this.#fail(reason);
      over();
    });
  }

  receive() {
    if (this.#waiter !== undefined) {
      return Promise.reject(this.#error("body_used", "the WebSocket is being received from already"));
    }
    if (this.closed === null && this.#failure === undefined) {
      try {
        this.#way.engine.begin();
        this.#way.ending.throwIfAborted();
      } catch (reason) {
        // The engine will say so, too, but a little later.
        this.#messages.clear();
        this.#fail(reason);
      }
    }
    if (this.#messages.count > 0) return Promise.resolve(this.#messages.take());
    if (this.#failure !== undefined) return Promise.reject(this.#failure.reason);
    if (this.#isOver) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      const { receiveTimeout } = this.settings;
      const timer = later(receiveTimeout, () => {
        this.#waiter = undefined;
        reject(this.#timeout("read"));
      });
      this.#waiter = (failure, message) => {
        clearTimeout(timer);
        this.#waiter = undefined;
        if (failure === undefined) resolve(message);
        else reject(failure.reason);
      };
    });
  }

  async send(message) {
    this.#needOpen();
    try {
      this.socket.send(message);
    } catch (cause) {
      // A view of memory that is shared, say.
      const why = `invalid option message: it cannot be sent (${cause?.message ?? this.#way.shown(cause)})`;
      throw this.#way.error("invalid_option", why, { detail: "message", cause });
    }
    while (this.socket.bufferedAmount > MOST_UNSENT) {
      await new Promise((looked) => setTimeout(looked, LOOK));
      this.#needOpen();
    }
  }

  /** Drops what nobody has taken. */
  clear() {
    this.#messages.clear();
  }

  close(code, reason) {
    if (!this.#isOver) this.#end(code, reason);
    return this.#settled.passed;
  }

  get #isOver() {
    return this.closed !== null && !this.#isHeld;
  }

  #needOpen() {
    // Between the server's close frame and the end the platform takes messages and drops them.
    if (this.closed === null && !this.#isClosing && this.socket.readyState === OPEN) return;
    const reason = this.#failure?.reason;
    const isTold = this.#failure !== undefined && (!this.#way.isOurs(reason) || ["closed", "disconnected"].includes(reason.code));
    throw isTold ? reason : this.#error("closed", "the WebSocket is closed", this.#failure && { cause: reason });
  }

  #onMessage = ({ data }) => {
    if (this.#failure !== undefined || this.#isClosing) return;
    const message = typeof data === "string" ? data : new Uint8Array(data);
    const { maxMessageSize, maxBuffered } = this.settings;
    if (isLonger(message, maxMessageSize)) this.#refuse(`a message is more than maxMessageSize, ${maxMessageSize} bytes`);
    else if (this.#waiter !== undefined) this.#waiter(undefined, message);
    else if (!this.#messages.add(message)) this.#refuse(`more is not taken yet than maxBuffered, ${maxBuffered} bytes`);
  };

  #onError = ({ error }) => {
    // Some have one that says nothing.
    if (error?.message || error?.code) this.#cause = error;
    // What follows tells how it was closed, but for workerd, and for Undici 6 where a handshake fails: nothing does there.
    if (this.socket.readyState === CLOSED || this.#unopened !== nothing) setTimeout(() => this.#finish(1006, "", false));
  };

  #onClose = ({ code, reason, wasClean }) => this.#finish(code, reason, wasClean);

  /** Too much came: 1009 (RFC 6455, section 7.4.1), which a page may not send. */
  #refuse(why) {
    this.#code = 1009;
    this.#fail(this.#error("websocket", `the WebSocket was closed: ${why}`, { detail: 1009 }));
  }

  #fail(reason) {
    this.#failure ??= { reason };
    this.#waiter?.(this.#failure);
    this.#leave();
  }

  /** Closes it without a word of ours, but where a platform lets us say why. */
  #leave() {
    if (this.closed === null) this.#end(this.#code);
  }

  #end(code, reason) {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#isFirst = this.socket.readyState < CLOSING;
    this.#timer = later(this.settings.closeTimeout, () => {
      // Receivers are told of what failed first.
      const reason = this.#timeout("close");
      this.#failure ??= { reason };
      this.socket.terminate?.();
      this.#finish(1006, "", false, reason);
    });
    try {
      if (code === undefined) this.socket.close();
      else this.socket.close(code, reason);
    } catch {
      this.socket.close();
    }
  }

  #finish(code, reason, wasClean, late) {
    if (this.closed !== null) return;
    clearTimeout(this.#timer);
    this.#listen("removeEventListener");
    // Deno says 0 where there was no close frame.
    const isLost = !wasClean && (code === 1006 || code < 1000);
    const own = this.#isFirst ? this.#code : undefined;
    const by = isLost && own === undefined ? "neither" : this.#isFirst ? "client" : "server";
    this.closed = Object.freeze({ code: own ?? (isLost ? 1006 : code), reason, by, wasClean });
    if (isLost) {
      const details = this.#cause === undefined ? {} : { cause: this.#cause };
      this.#failure ??= { reason: this.#error("disconnected", "the connection ended without a closing handshake", details) };
    }
    this.#late = late;
    this.#unopened();
    this.#ended.pass({ done: true, value: undefined });
    this.#settle();
  }

  /** Tells of the end, once the permit has been given back, too. */
  #settle() {
    if (!this.#isOver) return;
    this.#waiter?.(this.#failure);
    if (this.#late === undefined) this.#settled.pass(this.closed);
    else this.#settled.fail(this.#late);
  }

  #listen(how) {
    this.socket[how]("message", this.#onMessage);
    this.socket[how]("error", this.#onError);
    this.socket[how]("close", this.#onClose);
  }

  #timeout(phase) {
    return this.#error("timeout", `timed out: ${phase}`, { phase });
  }

  #error(code, message, details) {
    return this.#way.error(code, `${message} (${this.url})`, { url: this.url, attempts: 1, ...details });
  }
}

/** Messages that nobody has taken yet, the oldest first. */
class Messages {
  #most;
  #list = [];
  #at = 0;
  #bytes = 0;
  /** Those before it are counted as they are; a text behind it as the most that it can be. */
  #counted = 0;

  constructor(most) {
    this.#most = most;
  }

  get count() {
    return this.#list.length - this.#at;
  }

  /** Whether there was room for it. */
  add(message) {
    const size = Math.max(LEAST, typeof message === "string" ? message.length * 3 : message.length);
    this.#list.push({ message, size });
    this.#bytes += size;
    if (this.#bytes > this.#most) this.#count();
    if (this.#bytes <= this.#most) return true;
    this.#list.pop();
    return false;
  }

  take() {
    const { message, size } = this.#list[this.#at];
    this.#list[this.#at++] = undefined;
    this.#bytes -= size;
    if (this.#at === this.#list.length) this.clear();
    else if (this.#at > 1024 && this.#at * 2 > this.#list.length) {
      this.#list.splice(0, this.#at);
      [this.#counted, this.#at] = [Math.max(0, this.#counted - this.#at), 0];
    }
    return message;
  }

  clear() {
    [this.#list, this.#at, this.#bytes, this.#counted] = [[], 0, 0, 0];
  }

  #count() {
    for (let at = Math.max(this.#counted, this.#at); at < this.#list.length; at += 1) {
      const entry = this.#list[at];
      const size = Math.max(LEAST, sizeOf(entry.message));
      this.#bytes += size - entry.size;
      entry.size = size;
    }
    this.#counted = this.#list.length;
  }
}

/** How many bytes of UTF-8 a text is, or bytes are. */
export function sizeOf(message) {
  let size = message.length;
  if (typeof message !== "string") return size;
  for (let at = 0; at < message.length; at += 1) {
    const unit = message.charCodeAt(at);
    // Two halves of a pair make four bytes.
    if (unit > 0x7f) size += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1;
  }
  return size;
}

function isLonger(message, most) {
  return message.length > most || (typeof message === "string" && message.length * 3 > most && sizeOf(message) > most);
}

/** What the engine is told of a handshake that failed; what the platform says of it, if it does, is its `told`. */
function unopened(told) {
  const why = told?.message || told?.code || "no connection, or another answer than a handshake; the platform does not say which";
  const error = new Error(`the WebSocket was not opened: ${why}`);
  // The engine's message begins with the name, and its error is of the kind that the code names.
  return Object.assign(error, { name: "", code: told?.code, told });
}

/** A promise and what settles it. That it fails is for who waits for it. */
function signal() {
  const made = {};
  made.passed = new Promise((pass, fail) => Object.assign(made, { pass, fail }));
  made.passed.catch(nothing);
  return made;
}

/** A timer of what may be longer than a platform's can be, or without end: then none. */
function later(milliseconds, call) {
  return milliseconds < 2 ** 31 ? setTimeout(call, milliseconds) : undefined;
}

function nothing() {}
