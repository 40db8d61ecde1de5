import { given, isCoded, lengthOf, validator } from "./ranges.js";
import { Sha256 } from "./sha256.js";
import { open } from "./targets.js";

/** Statuses that may pass, as in src/policy/retry.rs. */
const PASSING = [408, 425, 429, 500, 502, 503, 504];

/** How often in a row an answer may bring nothing, and another request be the way on. */
const DETOURS = 5;

/** No pause is longer, in milliseconds. */
const LONGEST = 30_000;

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
 * @param {{ ask: (fields: object, hasBegun: boolean) => Promise<object>, failure: (response: object) => Promise<Error>, url: string,
 *   signal?: AbortSignal, hasBegun: boolean }} way `hasBegun`: the file has been seen in this call
 */
export async function downloaded(way, target, wishes, error) {
  const { attempts = 5, resume = true } = wishes;
  const file = await opened(target, wishes, error, resume ? way.url : null);
  let failures = 0;
  let detours = 0;
  let most = file.at;
  try {
    for (;;) {
      const [end, reason, asks] = await turn(way, file, wishes, error);
      if (file.at > most) [failures, detours, most] = [0, 0, file.at];
      if (end === "whole") return await finish(file, wishes, error);
      if (end === "on") {
        if (++detours > DETOURS) throw error("protocol", "invalid HTTP from the server: the file changes each time it is asked for");
        continue;
      }
      if (!way.hasBegun || ++failures >= attempts || !passes(reason, file.version !== null)) throw reason;
      if (asks > LONGEST) throw reason;
      await pause(asks ?? Math.random() * Math.min(500 * 2 ** (failures - 1), LONGEST), way.signal);
    }
  } catch (reason) {
    await file.leave();
    throw reason;
  }
}

/** One request: `whole`, `on` where there is more to ask for, or `cut`, why, and how long to wait where that is told. */
async function turn(way, file, wishes, error) {
  const asked = file.version !== null && file.at > 0 ? { from: file.at, total: file.total, version: file.version } : null;
  let response;
  try {
    // With a range the platform asks for no compression by itself.
    const fields = asked === null ? file.fields : { range: `bytes=${asked.from}-`, "if-range": asked.version };
    response = await way.ask(fields, way.hasBegun);
  } catch (reason) {
    return ["cut", reason];
  }
  const gives = given(asked, response);
  if (gives.wrong !== undefined) {
    response.cancel();
    const { url, attempts } = response;
    throw error("protocol", `invalid HTTP from the server: ${gives.wrong} (${url})`, { url, attempts });
  }
  if (gives.what === "failure") return ["cut", await way.failure(response), retryAfter(response.headers)];
  way.hasBegun = true;
  try {
    return await taken(gives, response, file, wishes, error);
  } catch (reason) {
    response.cancel();
    throw told(reason, response);
  }
}

/** What an answer gives, written. */
async function taken(gives, response, file, wishes, error) {
  if (gives.what === "complete" || gives.what === "another") {
    response.cancel();
    await (gives.what === "complete" ? file.goOn() : file.forget());
    return [gives.what === "complete" ? "whole" : "on"];
  }
  const isPart = gives.what === "part";
  if (isPart) {
    await file.goOn();
    file.total = gives.total;
  } else await file.restart(isCoded(response.headers) ? null : validator(response.headers), lengthOf(response));
  const to = isPart ? gives.to : file.total;
  try {
    await pour(response, file, file.total, wishes, to ?? Infinity);
  } catch (reason) {
    response.cancel();
    if (reason?.code === undefined || reason.code === "file") throw reason;
    return ["cut", reason];
  }
  if (to !== null && file.at < to) {
    return ["cut", error("disconnected", "the connection ended early: the part is shorter than it was to be", { url: response.url })];
  }
  // The end of a part is not that of a file whose length nobody knows.
  return file.at === file.total || (file.total === null && !isPart) ? ["whole"] : ["on"];
}

/** Writes what comes, up to there. */
async function pour(response, file, total, { onProgress }, to = Infinity) {
  onProgress?.({ received: file.at, total });
  const reader = response.body?.getReader();
  for (let piece; (piece = (await reader?.read())?.value) !== undefined; ) {
    const isEnough = file.at + piece.length > to;
    await file.write(isEnough ? piece.subarray(0, to - file.at) : piece);
    onProgress?.({ received: file.at, total });
    if (isEnough) return response.cancel();
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

/** What took all the time there is will do so again, where it is begun anew. */
function passes({ code, phase, status }, isLasting) {
  if (code === "status") return PASSING.includes(status);
  if (code === "timeout") return phase !== "wall" && phase !== "queue" && (phase !== "total" || isLasting);
  return ["connect", "disconnected", "dns", "network"].includes(code);
}

/** Milliseconds; undefined where nothing can be read (RFC 9110, section 10.2.3). */
function retryAfter(headers) {
  const text = headers.get("retry-after")?.trim() ?? "";
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const until = / GMT$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(until) ? undefined : Math.max(0, until - Date.now());
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
