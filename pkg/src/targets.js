import { openPath } from "./disk.js";
import { Target } from "./target.js";

/**
 * What a body is written to: a path, where there are files; a `FileSystemFileHandle`; a `WritableStream`.
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
