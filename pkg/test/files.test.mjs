// Bodies into files: save and download, in Node. In a page: scripts/npm/page.test.mjs.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { pathToFileURL } from "node:url";

import { Session } from "dualfetch";
import { Sha256 } from "../src/sha256.js";

import { serve, until } from "./server.mjs";

const CONTENT = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, at) => (Math.imul(at, 2_654_435_761) >>> 24) & 255));
const hash = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** What undici tells of a body that is cut off. */
const CUT = { code: "disconnected" };

let server, folder;
/** What the server does beside: after how many bytes it cuts off, and the file it has. */
let cuts, content, tag, knowsRanges, ranges, fields;
/** How much of the file the client says it has. */
let received;

before(async () => {
  server = await serve({
    "/file": (response, { headers }) => give(response, headers),
    "/plain": (response) => response.writeHead(404).end("not here"),
    "/zipped": (response) => response.writeHead(200, { etag: '"1"', "content-encoding": "unknown-coding" }).end(CONTENT),
  });
});
after(() => server.close());
beforeEach(async () => {
  [cuts, content, tag, knowsRanges, ranges, fields] = [[], CONTENT, '"1"', true, [], {}];
  folder = await mkdtemp(join(tmpdir(), "dualfetch-js-"));
});
afterEach(() => rm(folder, { recursive: true }));

function give(response, headers) {
  ranges.push(headers.range);
  const told = /^bytes=(\d+)-$/.exec(headers.range ?? "");
  const isPart = knowsRanges && told !== null && headers["if-range"] === tag;
  const from = isPart ? Number(told[1]) : 0;
  const head = { ...(tag && { etag: tag }), ...fields };
  if (isPart && from >= content.length) return response.writeHead(416, { ...head, "content-range": `bytes */${content.length}` }).end();
  const body = content.subarray(from);
  if (isPart) head["content-range"] = `bytes ${from}-${content.length - 1}/${content.length}`;
  response.writeHead(isPart ? 206 : 200, { "content-length": body.length, ...head, ...fields });
  const cut = cuts.shift();
  if (cut === undefined) return response.end(body);
  received = -1;
  response.write(body.subarray(0, cut));
  until(() => received >= from + cut || response.destroyed).then(() => response.destroy());
}

const session = new Session();
const watched = (options = {}) => ({
  ...options,
  onProgress(progress) {
    received = progress.received;
    options.onProgress?.(progress);
  },
});
const download = (from, target, options) => session.download(from, target, watched(options));
const at = (name) => join(folder, name);
const url = () => `${server.url}/file`;

test("SHA-256 is that of others, however the bytes come in pieces", () => {
  for (let length = 0; length < 200; length++) {
    const ours = new Sha256();
    for (let from = 0; from < length; from += 1 + (length % 67)) ours.update(CONTENT.subarray(from, Math.min(length, from + 1 + (length % 67))));
    assert.equal(ours.hex(), hash(CONTENT.subarray(0, length)), String(length));
  }
});

test("a body is saved to a path, in place of what was there, with its progress", async () => {
  await writeFile(at("saved"), "old");
  for (const target of [at("saved"), pathToFileURL(at("saved"))]) {
    const told = [];
    const response = await session.get(url());
    const saved = await response.save(target, { sha256: hash(CONTENT).toUpperCase(), onProgress: (progress) => told.push(progress) });
    assert.deepEqual(saved, { bytes: CONTENT.length, resumed: 0, sha256: hash(CONTENT) });
    assert.ok((await readFile(at("saved"))).equals(CONTENT));
    assert.deepEqual(await readdir(folder), ["saved"]);
    assert.deepEqual([told[0], told.at(-1)], [0, CONTENT.length].map((received) => ({ received, total: CONTENT.length })));
    await assert.rejects(response.save(at("again")), { code: "body_used" });
  }
});

test("after a failure there is what was there before, and nothing beside it", async () => {
  await writeFile(at("saved"), "old");
  cuts = [1_000];
  const failing = async (options) => (await session.get(url())).save(at("saved"), watched(options));
  await assert.rejects(failing(), CUT);
  await assert.rejects(failing({ sha256: "0".repeat(64) }), { name: "BodyError", code: "checksum" });
  await assert.rejects(failing({ sha256: "0" }), { code: "invalid_option", option: "sha256" });
  await assert.rejects(failing({ overwrite: false }), { code: "file", message: /saved: it is there already/ });
  await assert.rejects(failing({ onProgress: () => { throw new Error("mine"); } }), /mine/);
  await assert.rejects((await session.get(url())).save(at("no/such/folder")), { code: "file", url: url() });
  await assert.rejects((await session.get(url())).save(folder), { code: "file", message: /it is a folder/ });
  await assert.rejects((await session.get(url())).save(7), { code: "invalid_option", option: "target" });
  assert.deepEqual([await readdir(folder), await readFile(at("saved"), "utf8")], [["saved"], "old"]);
  await until(() => session.figures().inFlight === 0);
});

test("a body is written to a stream, which is closed in the end or aborted", async () => {
  for (const [path, ended] of [["/file", "closed"], ["/cut", "aborted"]]) {
    if (path === "/cut") cuts = [1_000];
    const [pieces, ends] = [[], []];
    const stream = new WritableStream({ write: (piece) => void pieces.push(piece), close: () => void ends.push("closed"), abort: () => void ends.push("aborted") });
    const saving = (await session.get(url())).save(stream, watched());
    if (ended === "closed") assert.equal((await saving).bytes, CONTENT.length);
    else await assert.rejects(saving, CUT);
    assert.deepEqual(ends, [ended]);
    assert.ok(CONTENT.subarray(0, 1_000).equals(Buffer.concat(pieces).subarray(0, 1_000)));
  }
});

test("a download goes on where it is cut off, in the same version", async () => {
  cuts = [100_000, 1, 50_000];
  const saved = await download(url(), at("file"), { sha256: hash(CONTENT) });
  assert.deepEqual([saved.bytes, saved.resumed], [CONTENT.length, 0]);
  assert.deepEqual(ranges, [undefined, "bytes=100000-", "bytes=100001-", "bytes=150001-"]);
  assert.ok(server.seen.slice(-4).every(({ headers }) => headers["accept-encoding"] === "identity"));
  assert.ok((await readFile(at("file"))).equals(CONTENT));
  assert.deepEqual(await readdir(folder), ["file"]);
});

test("a later call goes on where an earlier one was ended; a stream goes on within one", async () => {
  cuts = [100_000];
  await assert.rejects(download(url(), at("file"), { attempts: 1 }), CUT);
  assert.deepEqual(await readdir(folder), ["file.part", "file.part.state"]);
  const saved = await download(`${url()}?X-Amz-Signature=another`, at("file"), { sha256: hash(CONTENT) });
  assert.deepEqual([saved.bytes, saved.resumed, ranges.at(-1)], [CONTENT.length, 100_000, "bytes=100000-"]);
  assert.deepEqual(await readdir(folder), ["file"]);

  cuts = [200_000];
  const pieces = [];
  await download(url(), new WritableStream({ write: (piece) => void pieces.push(piece) }));
  assert.ok(Buffer.concat(pieces).equals(CONTENT));
});

test("an abort leaves the part, or nothing where none is wanted", async () => {
  for (const [resume, left] of [[true, ["file.part", "file.part.state"]], [false, []]]) {
    const abort = new AbortController();
    fields = { "content-length": 400_000 };
    const onProgress = ({ received }) => received >= CONTENT.length && abort.abort();
    await assert.rejects(download(url(), at("file"), { resume, onProgress, signal: abort.signal }), { name: "AbortError" });
    assert.deepEqual(await readdir(folder), left);
    for (const name of left) await rm(at(name));
  }
});

test("each request has clocks of its own, but for a file that would be begun anew", async () => {
  fields = { "content-length": 400_000 };
  const options = { timeout: { total: 300 } };
  const onProgress = ({ received }) => received >= CONTENT.length && (fields = {});
  content = CONTENT.subarray(0, 100);
  for (const [known, code] of [['"1"', undefined], [null, "timeout"]]) {
    [tag, content, fields] = [known, CONTENT, { "content-length": 400_000 }];
    const ended = await download(url(), at("file"), { ...options, onProgress }).then(() => undefined, (reason) => reason.code);
    assert.equal(ended, code);
    assert.deepEqual(await readdir(folder), ["file"]);
  }
});

test("a second download of a path is refused while the first one goes on, and not after it", async () => {
  fields = { "content-length": 400_000 };
  const abort = new AbortController();
  let begun;
  const writing = new Promise((done) => (begun = done));
  const first = download(url(), at("file"), { signal: abort.signal, onProgress: begun });
  await writing;
  await assert.rejects(download(url(), at("file")), { code: "file", message: /another download is writing it/ });
  abort.abort();
  await assert.rejects(first, { name: "AbortError" });
  fields = {};
  await download(url(), at("file"), { sha256: hash(CONTENT) });
});

test("another version is begun anew, and so is what has no validator or comes compressed", async () => {
  cuts = [100_000];
  await assert.rejects(download(url(), at("file"), { attempts: 1 }), CUT);
  [content, tag] = [Buffer.from(CONTENT.map((byte) => 255 - byte).subarray(5)), '"2"'];
  const saved = await download(url(), at("file"), { sha256: hash(content) });
  assert.deepEqual([saved.bytes, saved.resumed], [content.length, 0]);
  for (const weak of ['W/"1"', null]) {
    [tag, cuts, ranges] = [weak, [100_000], []];
    const saved = await download(url(), at("file"), { sha256: hash(content) });
    assert.deepEqual([saved.bytes, ranges], [content.length, [undefined, undefined]]);
    cuts = [100_000];
    await assert.rejects(download(url(), at("other"), { attempts: 1 }), CUT);
  }
  const zipped = await download(`${server.url}/zipped`, at("zipped"));
  assert.equal(zipped.bytes, CONTENT.length);
  [tag, knowsRanges, cuts] = ['"3"', false, [100_000]];
  assert.equal((await download(url(), at("file"), { sha256: hash(content) })).bytes, content.length);
  assert.deepEqual(await readdir(folder), ["file", "zipped"]);
  cuts = [100_000];
  await assert.rejects(download(url(), new WritableStream({})), { message: /cannot be taken back/ });
});

test("a part that is not the one asked for is an error; what is whole already is whole", async () => {
  cuts = [100_000];
  await assert.rejects(download(url(), at("file"), { attempts: 1 }), CUT);
  fields = { "content-range": "bytes 100001-299999/300000" };
  await assert.rejects(download(url(), at("file")), { code: "protocol", message: /not the part of the file/ });
  fields = {};
  assert.equal((await stat(at("file.part"))).size, 100_000);
  await writeFile(at("file.part"), CONTENT);
  const saved = await download(url(), at("file"), { sha256: hash(CONTENT) });
  assert.deepEqual([saved.bytes, saved.resumed], [CONTENT.length, CONTENT.length]);
});

test("a status that brings no file is an error, and so is what is not a download's to have", async () => {
  await assert.rejects(download(`${server.url}/plain`, at("x")), { name: "StatusError", status: 404, body: "not here" });
  for (const options of [{ headers: { Range: "bytes=0-" } }, { headers: [["if-range", "x"]] }]) {
    await assert.rejects(download(url(), at("x"), options), { code: "invalid_header" });
  }
  for (const options of [{ attempts: 0 }, { resume: 1 }, { body: "x" }, { nonsense: 1 }]) {
    await assert.rejects(download(url(), at("x"), options), { code: "invalid_option" });
  }
  assert.deepEqual(await readdir(folder), []);
});

test("an option that a download does not have is told with those that it has", async () => {
  const wrong = (options) => session.download(`${server.url}/file`, "never", options);
  await assert.rejects(wrong({ parallel: 4 }), ({ option, message }) => {
    assert.equal(option, "parallel");
    for (const known of ["attempts", "headers", "onProgress", "resume", "sha256", "signal"]) assert.match(message, new RegExp(`\\b${known}\\b`));
    for (const other of ["body", "method"]) assert.doesNotMatch(message, new RegExp(`\\b${other}\\b`));
    return true;
  });
  await assert.rejects(wrong({ json: 1 }), { code: "invalid_option", option: "json" });
});

test("a link that somebody has put where the part is to be is not written through", { skip: process.platform === "win32" }, async () => {
  await writeFile(at("target"), "untouched");
  await symlink(at("target"), at("file.part"));
  await assert.rejects(download(url(), at("file")), { code: "file" });
  assert.equal(await readFile(at("target"), "utf8"), "untouched");
});
