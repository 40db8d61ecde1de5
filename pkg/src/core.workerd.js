import { load } from "./binary/core.workerd.js";
import { BaseSession } from "./session.js";

export * from "./errors.js";
export { SessionResponse } from "./response.js";
export { load };

export class Session extends BaseSession {
  constructor(options) {
    super(options, load);
  }
}
