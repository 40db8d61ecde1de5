import { load } from "./binary/core.node.js";
import { BaseSession } from "./session.js";

export * from "./errors.js";
export { SessionResponse } from "./response.js";
export { load };

/** The encodings, loaded when a body is the first to need them. */
export const loadCharset = async (source) => (await import("./binary/charset.node.js")).load(source);

export class Session extends BaseSession {
  constructor(options) {
    super(options, load, loadCharset);
  }
}
