/**
 * What a body is written to: a path, where there are files; a `FileSystemFileHandle`; a `WritableStream`.
 *
 * Each has `at`, how much of the file is there; `version` and `total` of what it is a part of; `write`, `restart`, and one
 * of the ends: `finish`, `discard`, or `leave`, which keeps what can be gone on with.
 *
 * @param {{ overwrite: boolean, hash: false | (() => object), url: string | null, error: Function }} wishes `url`: parts
 *   of it are gone on with, and kept
 */
export async function open(target, wishes) {
  const { error } = wishes;
  if (typeof target === "string" || target instanceof URL) return openPath(target, wishes);
  if (typeof target?.createWritable === "function") return openHandle(target, wishes);
  if (typeof target?.getWriter === "function") return new StreamFile(target.getWriter(), wishes);
  const message = "invalid option target: a path, a FileSystemFileHandle or a WritableStream";
  throw error("invalid_option", message, { detail: "target" });
}

class Target {
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
    await this.note();
  }

  async note() {}

  leave() {
    return this.discard();
  }

  failed(reason, name) {
    const message = `file: ${name === undefined ? "" : `${name}: `}${reason?.message ?? reason}`;
    return this.error("file", message, { cause: reason });
  }
}

/** What can be written once and not taken back. */
class StreamFile extends Target {
  constructor(writer, wishes) {
    super(wishes);
    this.writer = writer;
  }

  async put(bytes) {
    try {
      await this.writer.ready;
      await this.writer.write(bytes);
    } catch (reason) {
      throw this.failed(reason);
    }
  }

  async empty() {
    throw this.error("disconnected", "the connection ended early, and what was written to the stream cannot be taken back");
  }

  async finish() {
    try {
      await this.writer.close();
    } catch (reason) {
      throw this.failed(reason);
    }
  }

  async discard() {
    await this.writer.abort().catch(() => {});
  }
}

async function openHandle(handle, wishes) {
  const { error, overwrite } = wishes;
  try {
    if (!overwrite && (await handle.getFile()).size > 0) throw new Error("it is there already");
    // The browser writes to a file of its own, which takes the place of this one when it is closed.
    return new HandleFile(await handle.createWritable(), wishes);
  } catch (reason) {
    throw error("file", `file: ${handle.name}: ${reason?.message ?? reason}`, { cause: reason });
  }
}

class HandleFile extends StreamFile {
  constructor(stream, wishes) {
    super({ ready: undefined, write: (bytes) => stream.write(bytes), close: () => stream.close(), abort: () => stream.abort() }, wishes);
    this.stream = stream;
  }

  async empty() {
    try {
      await this.stream.truncate(0);
      await this.stream.seek(0);
    } catch (reason) {
      throw this.failed(reason);
    }
  }
}

let temporaries = 0;

/** The parts that are being written here. */
const parts = new Set();

/** A file by its path, where the run-time has them: Node, Deno, Bun. */
async function openPath(target, wishes) {
  const { error, overwrite, url } = wishes;
  const module = (name) => globalThis.process?.getBuiltinModule?.(name);
  const [fs, path, at] = [module("node:fs/promises"), module("node:path"), module("node:url")];
  if (fs === undefined) {
    const message = "a path is not supported here (no file system, or a Node older than 20.16): take a FileSystemFileHandle or a WritableStream";
    throw error("unsupported", message, { detail: "target" });
  }
  const name = target instanceof URL ? at.fileURLToPath(target) : target;
  const there = await fs.stat(name).catch(() => null);
  const taken = there?.isDirectory() ? "it is a folder" : there !== null && !overwrite ? "it is there already" : null;
  if (taken !== null) throw error("file", `file: ${name}: ${taken}`);
  const isSpecial = there !== null && !there.isFile();
  const beside = path.join(path.dirname(name), `.dualfetch-${globalThis.process.pid}-js${temporaries++}.tmp`);
  const written = isSpecial ? name : url === null ? beside : `${name}.part`;
  if (parts.has(written)) throw error("file", `file: ${written}: another download is writing it`);
  const file = new PathFile(fs, { name, written, isSpecial, url: isSpecial ? null : url }, wishes);
  if (file.url !== null) parts.add(written);
  try {
    await file.open();
  } catch (reason) {
    parts.delete(written);
    throw reason;
  }
  return file;
}

class PathFile extends Target {
  fields = { "accept-encoding": "identity" };

  constructor(fs, { name, written, isSpecial, url }, wishes) {
    super(wishes);
    this.fs = fs;
    [this.name, this.written, this.isSpecial, this.url] = [name, written, isSpecial, url];
    this.overwrite = wishes.overwrite;
  }

  get state() {
    return `${this.name}.part.state`;
  }

  async open() {
    const { constants } = this.fs;
    if (this.url !== null) await this.load();
    try {
      if (this.isSpecial) this.file = await this.fs.open(this.written, "w");
      else {
        // A link that somebody has put there is not followed.
        const alone = this.url === null ? constants.O_EXCL : constants.O_NOFOLLOW;
        const flags = constants.O_RDWR | constants.O_CREAT | (alone ?? 0);
        this.file = await this.fs.open(this.written, flags, 0o666);
        await this.file.truncate(this.at);
        if (this.hash !== undefined && this.at > 0) await this.hashWhatIsThere();
      }
    } catch (reason) {
      throw this.failed(reason, this.name);
    }
  }

  async load() {
    const known = read(await this.fs.readFile(this.state, "latin1").catch(() => ""));
    const length = (await this.fs.stat(this.written).catch(() => null))?.size ?? 0;
    const [file, whole] = fingerprints(this.url);
    if (known === null || length === 0 || known.file !== file || (!known.version.startsWith('"') && known.url !== whole)) return;
    if (known.total !== null && length > known.total) return;
    [this.version, this.total, this.at, this.resumed] = [known.version, known.total, length, length];
  }

  async hashWhatIsThere() {
    const buffer = new Uint8Array(256 * 1024);
    for (let from = 0; from < this.at; ) {
      const { bytesRead } = await this.file.read(buffer, 0, Math.min(buffer.length, this.at - from), from);
      if (bytesRead === 0) throw new Error("it became shorter");
      this.hash.update(buffer.subarray(0, bytesRead));
      from += bytesRead;
    }
  }

  async put(bytes) {
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await this.file.write(bytes, done, bytes.length - done, this.isSpecial ? null : this.at + done);
        done += bytesWritten;
      }
    } catch (reason) {
      throw this.failed(reason, this.name);
    }
  }

  async empty() {
    try {
      await this.file.truncate(0);
    } catch (reason) {
      throw this.failed(reason, this.name);
    }
  }

  /** Says beside the part of what it is one, as src/files/partial.rs does. */
  async note() {
    if (this.url === null) return;
    if (this.version === null) return this.fs.rm(this.state, { force: true });
    const [file, url] = fingerprints(this.url);
    const kind = this.version.startsWith('"') ? "tag" : "date";
    const total = this.total === null ? "" : `total ${this.total}\n`;
    const text = `dualfetch part 1\nfrom ${file} ${url}\n${kind} ${this.version}\n${total}`;
    await this.fs.writeFile(this.state, text, "latin1").catch((reason) => {
      throw this.failed(reason, this.name);
    });
  }

  async finish() {
    try {
      if (!this.isSpecial && (await this.file.stat()).size !== this.at) throw new Error("somebody else has changed it");
      await this.file.close();
      if (!this.isSpecial) await this.#name();
    } catch (reason) {
      throw this.failed(reason, this.name);
    }
    if (this.url !== null) await this.fs.rm(this.state, { force: true });
    parts.delete(this.written);
  }

  async #name() {
    if (this.overwrite) return this.fs.rename(this.written, this.name);
    await this.fs.link(this.written, this.name);
    await this.fs.rm(this.written, { force: true });
  }

  async discard() {
    await this.file?.close().catch(() => {});
    parts.delete(this.written);
    if (this.isSpecial) return;
    await this.fs.rm(this.written, { force: true }).catch(() => {});
    if (this.url !== null) await this.fs.rm(this.state, { force: true }).catch(() => {});
  }

  async leave() {
    if (this.version === null || this.at === 0 || this.url === null) return this.discard();
    await this.file?.close().catch(() => {});
    parts.delete(this.written);
  }
}

/** What stands beside a part; null for anything else, and for several parts of one file, which only the native side makes. */
function read(text) {
  const lines = /^dualfetch part 1\nfrom ([0-9a-f]{16}) ([0-9a-f]{16})\n(?:tag|date) ([^\n]+)\n(?:total (\d+)\n)?$/.exec(text);
  if (lines === null) return null;
  const [, file, url, version, total] = lines;
  return { file, url, version, total: total === undefined ? null : Number(total) };
}

/** What a URL comes to, without its query and with it: as `Source` in src/files/partial.rs. */
export function fingerprints(text) {
  const { origin, pathname, search } = new URL(text);
  return [`${origin}${pathname}`, `${origin}${pathname}?${search.slice(1)}`].map((place) => {
    let hash = 0xcbf29ce484222325n;
    for (const byte of new TextEncoder().encode(place)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
    return hash.toString(16).padStart(16, "0");
  });
}
