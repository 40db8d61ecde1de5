/** A class of WebSockets that do what a test tells them; `made` has each that was made. */
export function fakes() {
  const made = [];
  return class extends EventTarget {
    static made = made;
    bufferedAmount = 0;
    protocol = "";
    readyState = 0;
    sent = [];
    /** What `close` was called with, each time. */
    closings = [];

    constructor(url, protocols) {
      super();
      Object.assign(this, { url, protocols });
      made.push(this);
    }

    send(message) {
      this.sent.push(message);
    }

    close(...given) {
      this.closings.push(given);
      this.readyState = Math.max(this.readyState, 2);
    }

    /** One step of tests/sockets.json, but for what the caller does. */
    take({ open, message, state, error, close }) {
      if (open) this.readyState = 1;
      if (close) this.readyState = 3;
      if (state !== undefined) this.readyState = state;
      else if (open) this.dispatchEvent(new Event("open"));
      else if (message !== undefined) this.dispatchEvent(new MessageEvent("message", { data: message }));
      else if (error) this.dispatchEvent(new Event("error"));
      else this.dispatchEvent(Object.assign(new Event("close"), close));
    }
  };
}
