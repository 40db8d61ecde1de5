/**
 * What a body is written to. `at`: how much of the file is there; `version` and `total` of what it is a part of. One of the
 * ends follows: `finish`, `discard`, or `leave`, which keeps what can be gone on with.
 */
export class Target {
  /** Header fields that a request for it has beside the caller's. */
  fields = {};
  at = 0;
  resumed = 0;
  total = null;
  version = null;

  constructor({ hash, error }) {
    this.makeHash = hash;
    this.hash = hash ? hash() : undefined;
    this.error = error;
  }

  async write(bytes) {
    await this.put(bytes);
    this.hash?.update(bytes);
    this.at += bytes.length;
  }

  /** From the first byte, of this version. */
  async restart(version, total) {
    if (this.at > 0) {
      await this.empty();
      [this.at, this.resumed] = [0, 0];
      this.hash = this.makeHash ? this.makeHash() : undefined;
    }
    [this.version, this.total] = [version, total];
    await this.begin();
  }

  async begin() {}

  /** Behind what is there. */
  async goOn() {}

  /** It is of another version: all of the file is asked for next. */
  async forget() {
    await this.restart(null, null);
  }

  leave() {
    return this.discard();
  }

  failed(reason, name) {
    const message = `file: ${name === undefined ? "" : `${name}: `}${reason?.message ?? reason}`;
    return this.error("file", message, { cause: reason });
  }
}
