import { Sha256 } from "./sha256.js";
import { open } from "./targets.js";

/** Statuses that may pass, as in src/policy/retry.rs. */
const PASSING = [408, 425, 429, 500, 502, 503, 504];

/** How often in a row an answer may bring nothing, and another request be the way on. */
const DETOURS = 5;

/**
 * Saves a response's body.
 *
 * @param {object} response
 * @param {unknown} target
 * @param {{ onProgress?: Function, overwrite?: boolean, sha256?: string }} wishes
 * @param {Function} error what makes the errors: of the copy of the package that asked
 */
export async function saved(response, target, wishes, error) {
  let file;
  try {
    file = await opened(target, wishes, error, null);
    await pour(response, file, lengthOf(response), wishes);
    return await finish(file, wishes, error);
  } catch (reason) {
    response.cancel();
    await file?.discard();
    throw told(reason, response);
  }
}

/**
 * Downloads a file, going on where it is cut off.
 *
 * @param {{ ask: (fields: object) => Promise<object>, failure: (response: object) => Promise<Error>, url: string, signal?: AbortSignal }} way
 */
export async function downloaded(way, target, wishes, error) {
  const { attempts = 5, resume = true } = wishes;
  const file = await opened(target, wishes, error, resume ? way.url : null);
  let begun = false;
  let failures = 0;
  let detours = 0;
  let most = file.at;
  try {
    for (;;) {
      const [end, reason] = await turn(way, file, wishes, error, () => (begun = true));
      if (file.at > most) [failures, detours, most] = [0, 0, file.at];
      if (end === "whole") return await finish(file, wishes, error);
      if (end === "on") {
        if (++detours > DETOURS) throw error("protocol", "invalid HTTP from the server: the file changes each time it is asked for");
        continue;
      }
      if (!begun || ++failures >= attempts || !passes(reason, file.version !== null)) throw reason;
      await pause(Math.random() * Math.min(500 * 2 ** (failures - 1), 30_000), way.signal);
    }
  } catch (reason) {
    await file.leave();
    throw reason;
  }
}

/** One request: `whole`, `on` where there is more to ask for, or `cut` and why. */
async function turn(way, file, wishes, error, hasBegun) {
  const asked = file.version !== null && file.at > 0 ? { from: file.at, total: file.total, version: file.version } : null;
  let response;
  try {
    // With a range the platform asks for no compression by itself.
    const fields = asked === null ? file.fields : { range: `bytes=${asked.from}-`, "if-range": asked.version };
    response = await way.ask(fields);
  } catch (reason) {
    return ["cut", reason];
  }
  const gives = given(asked, response);
  if (gives.wrong) {
    response.cancel();
    const { url, attempts } = response;
    throw error("protocol", `invalid HTTP from the server: ${gives.wrong} (${url})`, { url, attempts });
  }
  if (gives.what === "failure") return ["cut", await way.failure(response)];
  hasBegun();
  if (gives.what === "complete" || gives.what === "another") {
    response.cancel();
    if (gives.what === "complete") return ["whole"];
    await file.restart(null, null);
    return ["on"];
  }
  if (gives.what === "whole") {
    const version = isCoded(response) ? null : validator(response.headers);
    await file.restart(version, lengthOf(response));
  } else file.total = gives.total;
  const to = gives.what === "whole" ? file.total : gives.to;
  try {
    await pour(response, file, file.total, wishes);
  } catch (reason) {
    response.cancel();
    if (reason?.code === undefined || reason.code === "file") throw told(reason, response);
    return ["cut", reason];
  }
  if (to !== null && file.at < to) {
    return ["cut", error("disconnected", "the connection ended early: the part is shorter than it was to be", { url: response.url })];
  }
  return file.total === null || file.at === file.total ? ["whole"] : ["on"];
}

/** Writes what comes. */
async function pour(response, file, total, { onProgress }) {
  onProgress?.({ received: file.at, total });
  const reader = response.body?.getReader();
  for (let piece; (piece = (await reader?.read())?.value) !== undefined; ) {
    await file.write(piece);
    onProgress?.({ received: file.at, total });
  }
}

async function finish(file, { sha256 }, error) {
  const found = file.hash?.hex();
  if (sha256 !== undefined && found !== sha256.toLowerCase()) {
    await file.discard();
    throw error("checksum", `checksum: sha256:${sha256.toLowerCase()} was expected, and sha256:${found} came`);
  }
  await file.finish();
  return { bytes: file.at, resumed: file.resumed, ...(found !== undefined && { sha256: found }) };
}

async function opened(target, { overwrite = true, sha256 }, error, url) {
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/i.test(sha256)) {
    throw error("invalid_option", "invalid option sha256: 64 hexadecimal digits", { detail: "sha256" });
  }
  return open(target, { overwrite, hash: sha256 !== undefined && (() => hasher()), url, error });
}

/** The platform's own where it takes pieces. */
function hasher() {
  const native = globalThis.process?.getBuiltinModule?.("node:crypto")?.createHash("sha256");
  return native === undefined ? new Sha256() : { update: (bytes) => native.update(bytes), hex: () => native.digest("hex") };
}

/** What an answer gives, as `given` in src/policy/ranges.rs. */
function given(asked, { status, headers }) {
  const wrong = (why) => ({ wrong: why });
  const range = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+|\*)$/i.exec(headers.get("content-range")?.trim() ?? "");
  const told = range === null || range[3] === "*" ? null : Number(range[3]);
  const tag = headers.get("etag");
  const isOther = asked !== null && asked.version.startsWith('"') && tag !== null && tag !== asked.version;
  if (status === 206) {
    if (asked === null) return wrong("it is a part of the file, and none was asked for");
    if (isOther) return { what: "another" };
    if (isCoded({ headers })) return wrong("it is a part of the compressed file");
    if (range === null || range[1] === undefined) return wrong("it is a part of the file, and does not say which");
    const [from, to] = [Number(range[1]), Number(range[2]) + 1];
    if (from !== asked.from || to <= from) return wrong("it is not the part of the file that was asked for");
    if (told !== null && to > told) return wrong("its Content-Range ends where it cannot");
    const length = headers.get("content-length");
    if (length !== null && Number(length) !== to - from) return wrong("its Content-Length is not that of its Content-Range");
    if (told !== null && asked.total !== null && told !== asked.total) return { what: "another" };
    return { what: "part", to, total: told ?? asked.total };
  }
  if (status === 416 && asked !== null) {
    const length = range !== null && range[1] === undefined ? told : asked.total;
    const isEnd = length === asked.from && (asked.total === null || asked.total === asked.from) && !isOther;
    return { what: isEnd ? "complete" : "another" };
  }
  return { what: status >= 200 && status < 300 ? "whole" : "failure" };
}

/** What tells one version from another, as `Validator` in src/policy/ranges.rs; null where nothing does. */
function validator(headers) {
  const tag = headers.get("etag");
  if (tag !== null) return /^"[\x21-\x7e ]*"$/.test(tag) ? tag : null;
  const modified = headers.get("last-modified");
  return Date.parse(modified) < Date.parse(headers.get("date")) ? modified : null;
}

function isCoded({ headers }) {
  const codings = (headers.get("content-encoding") ?? "").split(",").map((coding) => coding.trim().toLowerCase());
  return codings.some((coding) => coding !== "" && coding !== "identity");
}

function lengthOf(response) {
  const length = response.headers.get("content-length");
  return length === null || isCoded(response) ? null : Number(length);
}

/** What took all the time there is will do so again, where it is begun anew. */
function passes({ code, phase, status }, isLasting) {
  if (code === "status") return PASSING.includes(status);
  if (code === "timeout") return phase !== "wall" && phase !== "queue" && (phase !== "total" || isLasting);
  return ["connect", "disconnected", "dns", "network"].includes(code);
}

/** A pause that a signal ends; what it means is for the next request to say. */
function pause(milliseconds, signal) {
  return new Promise((done) => {
    const timer = setTimeout(end, milliseconds);
    function end() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      done();
    }
    if (signal?.aborted) end();
    else signal?.addEventListener("abort", end);
  });
}

/** Of an error of a file it is to be known for which URL it was written. */
function told(reason, { url }) {
  if (reason?.code === "file" && reason.url === undefined) reason.url = url;
  return reason;
}
