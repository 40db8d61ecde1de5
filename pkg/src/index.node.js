import { load } from "./binary/dualfetch.node.js";
import { BaseSession } from "./session.js";

export * from "./errors.js";
export { SessionResponse } from "./response.js";
export { load };

export class Session extends BaseSession {
  constructor(options) {
    super(options, load);
  }
}
