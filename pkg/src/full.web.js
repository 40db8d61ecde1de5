import { load } from "./binary/full.web.js";
import { loader } from "./load.js";
import { BaseSession } from "./session.js";

export * from "./errors.js";
export { safeFileName } from "./fields.js";
export { SessionRequest } from "./layers.js";
export { SessionResponse } from "./response.js";
export { load };

/** The encodings, loaded when a body is the first to need them. */
export const loadCharset = /* @__PURE__ */ loader(() => import("./binary/charset.web.js"));

export class Session extends BaseSession {
  constructor(options) {
    super(options, load, loadCharset, { digest: true });
  }
}
