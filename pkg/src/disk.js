import { fingerprint, MOST_STATE, nameBeside, read, start, write } from "./partial.js";
import { Target } from "./target.js";

/** The parts that are being written here, by whatever copy of this package. */
const claims = (globalThis[Symbol.for("dualfetch.parts")] ??= new Set());

/** What leads to an open file, which may be anything: it is written to as it is. */
const DESCRIPTOR = /^\/(dev\/(fd\/\d+|std(in|out|err))|proc\/[^/]+\/fd\/\d+)$/;

/** A file by its path, where the run-time has them: Node, Deno, Bun. */
export async function openPath(target, wishes) {
  const { error, overwrite } = wishes;
  const module = (name) => globalThis.process?.getBuiltinModule?.(name);
  const [fs, path, at] = [module("node:fs/promises"), module("node:path"), module("node:url")];
  if (fs === undefined) {
    const message = "a path is not supported here (no file system, or a Node older than 20.16): take a FileSystemFileHandle or a WritableStream";
    throw error("unsupported", message, { detail: "target" });
  }
  const name = target instanceof URL ? at.fileURLToPath(target) : target;
  const there = await fs.stat(name).catch(() => null);
  const base = /[/\\]$/.test(name) ? "" : path.basename(name);
  const taken = there?.isDirectory() ? "it is a folder" : there !== null && !overwrite ? "it is there already" : null;
  const why = taken ?? (base === "" ? "the path names no file" : null);
  if (why !== null) throw error("file", `file: ${name}: ${why}`);
  const isSpecial = there !== null && (!there.isFile() || DESCRIPTOR.test(path.resolve(name)));
  const file = new PathFile(fs, name, isSpecial, wishes);
  try {
    // One file under one name, wherever the process goes meanwhile.
    const folder = await fs.realpath(path.dirname(name));
    await file.open((base) => path.join(folder, base), base);
    return file;
  } catch (reason) {
    await file.leave();
    throw reason?.code === "file" ? reason : file.failed(reason, name);
  }
}

/** A device or a pipe; a temporary file that gets the name in the end; or, where parts are kept, `NAME.part`. */
class PathFile extends Target {
  fields = { "accept-encoding": "identity" };

  constructor(fs, name, isSpecial, wishes) {
    super(wishes);
    [this.fs, this.name, this.isSpecial, this.overwrite] = [fs, name, isSpecial, wishes.overwrite];
    this.url = isSpecial ? null : wishes.url;
    /** The file beside was made here. */
    this.isMade = false;
    /** What stands beside the part tells what it is. */
    this.isNoted = false;
  }

  async open(inFolder, base) {
    this.inFolder = inFolder;
    this.place = inFolder(base);
    if (this.isSpecial) this.file = await this.fs.open(this.name, "w");
    else if (this.url === null) await this.#make(() => inFolder(temporary()));
    else {
      this.#claim(inFolder(nameBeside(base, ".part")));
      this.state = inFolder(nameBeside(base, ".part.state"));
      await this.#load();
    }
  }

  #claim(part) {
    if (claims.has(part)) throw new Error("another download is writing it");
    claims.add(part);
    this.written = this.claim = part;
  }

  /** What an earlier call has left. Nothing is changed yet: it may be that no file comes. */
  async #load() {
    const file = await this.#ours();
    if (file === null) return;
    this.file = file;
    const known = read(await this.#readState());
    const at = known !== null && known.from === fingerprint(this.url) ? start(known, (await file.stat()).size) : 0;
    if (at === 0) return;
    [this.version, this.total, this.at, this.resumed] = [known.version, known.total, at, at];
    this.isNoted = true;
    if (this.hash !== undefined) await this.#hashWhatIsThere();
  }

  /** The part, where there is one, and nobody else has put it there or can write to it by another name. */
  async #ours() {
    const named = await this.fs.lstat(this.written).catch(nothing);
    if (named === null) return null;
    const refused = (why) => new Error(`${this.written}: ${why}`);
    if (!named.isFile()) throw refused("it is a link, or no file");
    const user = userId();
    if (user !== undefined && (named.uid !== user || named.nlink > 1)) throw refused("it is somebody else's, or has another name");
    const file = await this.#opened(this.written, "O_RDWR");
    this.identity = await file.stat();
    if (isSame(named, this.identity)) return file;
    await file.close();
    throw refused("somebody else has changed it");
  }

  async #readState() {
    const named = await this.fs.lstat(this.state).catch(() => null);
    if (!named?.isFile() || named.size > MOST_STATE) return "";
    const file = await this.#opened(this.state, "O_RDONLY").catch(() => null);
    const text = await file?.readFile("latin1").catch(() => "");
    await file?.close();
    return text ?? "";
  }

  /** Links are not followed, and what is a pipe by now is not waited for. */
  #opened(path, mode) {
    const { [mode]: flags, O_NOFOLLOW, O_NONBLOCK } = this.fs.constants;
    return this.fs.open(path, flags | (O_NOFOLLOW ?? 0) | (O_NONBLOCK ?? 0));
  }

  async #hashWhatIsThere() {
    const buffer = new Uint8Array(256 * 1024);
    for (let from = 0; from < this.at; ) {
      const { bytesRead } = await this.file.read(buffer, 0, Math.min(buffer.length, this.at - from), from);
      if (bytesRead === 0) throw new Error("it became shorter");
      this.hash.update(buffer.subarray(0, bytesRead));
      from += bytesRead;
    }
  }

  /** Makes a file of a name that nobody has; only its owner reads it where that may be so of what it replaces. */
  async #make(name) {
    const { O_RDWR, O_CREAT, O_EXCL } = this.fs.constants;
    const mode = (await this.#modeThere()) === null ? 0o666 : 0o600;
    [this.written, this.file] = await unique(name, (path) => this.fs.open(path, O_RDWR | O_CREAT | O_EXCL, mode));
    this.identity = await this.file.stat();
    this.isMade = true;
  }

  /** Who may do what with the file that is replaced. */
  async #modeThere() {
    const there = await this.fs.lstat(this.place).catch(nothing);
    return there?.isFile() ? there.mode & 0o777 : null;
  }

  async put(bytes) {
    await this.#doing(async () => {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await this.file.write(bytes, done, bytes.length - done, this.isSpecial ? null : this.at + done);
        done += bytesWritten;
      }
    });
  }

  async empty() {
    if (this.isSpecial) throw this.error("disconnected", "the connection ended early, and what was written cannot be taken back");
    if (this.url === null) await this.#doing(() => this.file.truncate(0));
  }

  /** A part is begun as a file of its own: who still has the old one open writes to nothing. */
  async begin() {
    if (this.url === null) return;
    await this.#doing(async () => {
      this.isNoted = false;
      await this.file?.close();
      this.file = undefined;
      for (const old of [this.state, this.written]) await this.fs.rm(old, { force: true });
      await this.#make(() => this.claim);
      if (this.version !== null) await this.#note();
    });
  }

  async goOn() {
    if (this.url === null) return;
    await this.#doing(async () => {
      if ((await this.#modeThere()) !== null) await this.#allow(0o600);
      const { size } = await this.file.stat();
      if (size < this.at) throw new Error("somebody else has changed it");
      if (size === this.at) return;
      await this.file.truncate(this.at);
      await this.#note();
    });
  }

  /** What is there stays until the other version comes. */
  async forget() {
    [this.version, this.total] = [null, null];
  }

  /** Says beside the part of what it is one. */
  async #note() {
    const { version, total } = this;
    const [path, file] = await unique(() => this.inFolder(temporary()), (path) => this.fs.open(path, "wx", 0o600));
    try {
      await file.writeFile(write({ from: fingerprint(this.url), version, total }), "latin1").finally(() => file.close());
      await this.fs.rename(path, this.state);
    } catch (reason) {
      await this.fs.rm(path, { force: true }).catch(() => {});
      throw reason;
    }
    this.isNoted = true;
  }

  async finish() {
    await this.#doing(async () => {
      if (!this.isSpecial) {
        if (!(await this.#isStillThere()) || (await this.file.stat()).size !== this.at) throw new Error("somebody else has changed it");
        const mode = await this.#modeThere();
        if (mode !== null) await this.#allow(mode);
      }
      await this.file.close();
      if (!this.isSpecial) await this.#publish();
    });
    if (this.url !== null) await this.fs.rm(this.state, { force: true }).catch(() => {});
    this.#release();
  }

  async #allow(mode) {
    if (globalThis.process.platform !== "win32") await this.file.chmod(mode);
  }

  async #publish() {
    if (this.overwrite) return this.fs.rename(this.written, this.place);
    try {
      await this.fs.link(this.written, this.place);
    } catch (reason) {
      if (reason?.code === "EEXIST") throw new Error("it is there already", { cause: reason });
      return this.#publishWithoutLinks();
    }
    await this.fs.rm(this.written, { force: true });
  }

  /** Not every file system has links: an empty file keeps the name free of others'. */
  async #publishWithoutLinks() {
    const kept = await this.fs.open(this.place, "wx").catch((reason) => {
      throw reason?.code === "EEXIST" ? new Error("it is there already", { cause: reason }) : reason;
    });
    await kept.close();
    try {
      await this.fs.rename(this.written, this.place);
    } catch (reason) {
      await this.fs.rm(this.place, { force: true }).catch(() => {});
      throw reason;
    }
  }

  async #isStillThere() {
    const named = await this.fs.lstat(this.written).catch(nothing);
    return named !== null && isSame(named, this.identity);
  }

  async discard() {
    // What was there before, and of which nothing has been changed, is not this download's to remove.
    const isOurs = (this.isMade || this.isNoted) && (await this.#isStillThere().catch(() => false));
    await this.#close();
    for (const path of isOurs ? [this.written, this.state] : []) {
      if (path !== undefined) await this.fs.rm(path, { force: true }).catch(() => {});
    }
    this.#release();
  }

  async leave() {
    const isKept = this.url !== null && this.isNoted && this.at > 0;
    if (!isKept) return this.discard();
    await this.#close();
    this.#release();
  }

  async #close() {
    await this.file?.close().catch(() => {});
    this.file = undefined;
  }

  /** From now on the names may be another download's. */
  #release() {
    claims.delete(this.claim);
    this.claim = undefined;
    [this.isMade, this.isNoted] = [false, false];
  }

  async #doing(work) {
    try {
      return await work();
    } catch (reason) {
      throw this.failed(reason, this.name);
    }
  }
}

/** Windows gives other numbers by a name than by a handle. */
const isSame = (one, other) => globalThis.process.platform === "win32" || (one.dev === other.dev && one.ino === other.ino);

const temporary = () => `.dualfetch-${globalThis.crypto.randomUUID()}.tmp`;

/** Undefined where there are none, or where Deno does not allow to ask. */
function userId() {
  try {
    return globalThis.process.geteuid?.();
  } catch {
    return undefined;
  }
}

/** Where there is nothing, that is no error. */
function nothing(reason) {
  if (reason?.code === "ENOENT") return null;
  throw reason;
}

/** Makes something of a new name, and another one where somebody has that. */
async function unique(name, make) {
  for (let tries = 1; ; tries++) {
    const path = name();
    try {
      return [path, await make(path)];
    } catch (reason) {
      if (reason?.code !== "EEXIST" || tries === 8) throw reason;
    }
  }
}
