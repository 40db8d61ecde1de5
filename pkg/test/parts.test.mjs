// What a download finds on the disk and leaves there: parts of files, of whatever version, whoever has put them there.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import fs, { chmod, link, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";

import { Session } from "dualfetch";
import { nameBeside } from "../src/partial.js";

import { gate, serve, until } from "./server.mjs";

const CONTENT = Buffer.from(Uint8Array.from({ length: 3_000 }, (_, at) => (Math.imul(at, 2_654_435_761) >>> 24) & 255));
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const EARLY = "Wed, 21 Oct 2015 07:27:59 GMT";
const LATE = "Wed, 21 Oct 2015 07:28:00 GMT";

/** Windows has no links for everybody, no modes, no pipes in folders. */
const unix = { skip: process.platform === "win32" };

const session = new Session();
let server, folder;
/** What the server does: with a response and the first byte that is asked for; undefined for all. */
let answer, ranges;

before(async () => {
  server = await serve({ "/file": (response, request) => {
    const from = /^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1];
    ranges.push(request.headers.range);
    return answer(response, from === undefined ? undefined : Number(from));
  } });
});
after(() => server.close());
beforeEach(async () => {
  [answer, ranges] = [whole, []];
  folder = await mkdtemp(join(tmpdir(), "dualfetch-parts-"));
});
afterEach(() => rm(folder, { recursive: true }));

const at = (name) => join(folder, name);
const url = () => `${server.url}/file`;
const download = (options, from = url(), target = at("file")) => session.download(from, target, options);
const left = async () => (await readdir(folder)).sort();
/** Ends a download once its file has come, before anything of it is written. */
const stop = () => {
  throw new Error("mine");
};
/** Ends it once something is there. */
const stopLater = ({ received }) => received > 0 && stop();
const modeOf = async (name) => (await stat(at(name))).mode & 0o777;

function whole(response, from, fields = { etag: '"1"' }) {
  const start = from ?? 0;
  if (start >= CONTENT.length) return response.writeHead(416, { "content-range": `bytes */${CONTENT.length}` }).end();
  const range = from !== undefined && { "content-range": `bytes ${from}-${CONTENT.length - 1}/${CONTENT.length}` };
  response.writeHead(range ? 206 : 200, { "content-length": CONTENT.length - start, ...fields, ...range }).end(CONTENT.subarray(start));
}

/** What an earlier call has left. */
async function leave({ length = 1_000, version = 'tag "1"', total = CONTENT.length, more = "", from = url() } = {}) {
  await writeFile(at("file.part"), CONTENT.subarray(0, length));
  await writeFile(at("file.part.state"), `dualfetch part 1\nfrom ${sha256(from).slice(0, 32)}\n${version}\ntotal ${total}\n${more}`);
}

async function isWhole(expected = CONTENT) {
  assert.ok((await readFile(at("file"))).equals(expected));
  assert.deepEqual(await left(), ["file"]);
}

test("before a file comes nothing is changed, whosesoever the part is", async () => {
  answer = (response) => response.writeHead(404).end();
  for (const from of [url(), "https://elsewhere.example/"]) {
    await leave({ from });
    const before = await readFile(at("file.part.state"), "utf8");
    for (const asking of [url(), "http://127.0.0.1:1/"]) {
      await assert.rejects(download({ attempts: 1 }, asking));
      assert.deepEqual([(await readFile(at("file.part"))).length, await readFile(at("file.part.state"), "utf8")], [1_000, before]);
    }
  }
  await rm(at("file.part.state"));
  await assert.rejects(download());
  assert.deepEqual(await left(), ["file.part"]);
});

test("a part of another version is there until the file comes", async () => {
  await leave();
  answer = (response, from) => (from === undefined ? response.writeHead(404).end() : whole(response, from, { etag: '"2"' }));
  await assert.rejects(download(), { status: 404 });
  assert.equal((await stat(at("file.part"))).size, 1_000);
  answer = (response, from) => whole(response, from, { etag: '"2"' });
  assert.equal((await download()).resumed, 0);
  await isWhole();
});

test("a file begun anew is another one: who has the old part open keeps it", unix, async () => {
  await writeFile(at("file.part"), "somebody's own");
  const held = await fs.open(at("file.part"));
  await download();
  await isWhole();
  assert.equal(await held.readFile("utf8"), "somebody's own");
  await held.close();
});

test("a part in several pieces, as the native side leaves it, is gone on with behind the first", async () => {
  await leave({ length: 1_500, more: "done 0-700 1200-1500\n" });
  await truncate(at("file.part"), CONTENT.length);
  assert.deepEqual(await download({ sha256: sha256(CONTENT) }), { bytes: CONTENT.length, resumed: 700, sha256: sha256(CONTENT) });
  assert.deepEqual(ranges, ["bytes=700-"]);
  await isWhole();

  // Once it is gone on with, what stands beside it says so.
  await leave({ more: "done 0-700 800-1000\n" });
  await assert.rejects(download({ onProgress: stop }), /mine/);
  assert.doesNotMatch(await readFile(at("file.part.state"), "utf8"), /done/);
  assert.equal((await stat(at("file.part"))).size, 700);
});

test("a part whose file has no known length is not the file", async () => {
  await leave();
  await writeFile(at("file.part.state"), (await readFile(at("file.part.state"), "utf8")).replace(/total.*\n/, ""));
  answer = (response, from) => {
    if (from >= CONTENT.length) return response.writeHead(416, { "content-range": `bytes */${CONTENT.length}` }).end();
    const to = Math.min(from + 900, CONTENT.length);
    response.writeHead(206, { etag: '"1"', "content-range": `bytes ${from}-${to - 1}/*` }).end(CONTENT.subarray(from, to));
  };
  await download();
  await isWhole();
  assert.deepEqual(ranges, [1_000, 1_900, 2_800, 3_000].map((from) => `bytes=${from}-`));
});

test("what comes behind the end of a part is no part of it", async () => {
  await leave();
  answer = (response, from) => {
    const fields = { etag: '"1"', "content-range": `bytes ${from}-${from + 499}/${CONTENT.length}` };
    response.writeHead(206, fields).end(Buffer.concat([CONTENT.subarray(from, from + 500), Buffer.alloc(100)]));
  };
  await download();
  await isWhole();
});

test("what is not told to be of the same version is not put behind it", async () => {
  for (const [version, fields] of [
    [`date ${EARLY}`, { "last-modified": LATE }],
    ['tag "1"', {}],
    ['tag "1"', { etag: 'W/"1"' }],
  ]) {
    await leave({ version });
    answer = (response, from) => whole(response, from, fields);
    assert.equal((await download()).resumed, 0);
    assert.deepEqual(ranges.splice(0), ["bytes=1000-", undefined]);
    await isWhole();
    await rm(at("file"));
  }
  await leave({ version: `date ${EARLY}` });
  answer = (response, from) => whole(response, from, { "last-modified": EARLY });
  assert.equal((await download()).resumed, 1_000);
});

test("another query is another file, but for what signs it", async () => {
  for (const [query, resumed] of [["?page=2", 0], ["?X-Amz-Date=1&x-goog-signature=2", 1_000]]) {
    await leave();
    assert.equal((await download({}, url() + query)).resumed, resumed);
    await isWhole();
  }
});

test("a status of success that brings no file is an error", async () => {
  for (const status of [202, 204]) {
    answer = (response) => response.writeHead(status, { etag: '"1"' }).end();
    await assert.rejects(download(), { name: "StatusError", status });
    assert.deepEqual(await left(), []);
  }
  answer = (response) => response.writeHead(203).end(CONTENT);
  await download();
  await isWhole();
});

test("a part that is no file, or that somebody else can write to, is refused", unix, async () => {
  execFileSync("mkfifo", [at("file.part")]);
  await assert.rejects(download(), { code: "file", message: /it is a link, or no file/ });
  await rm(at("file.part"));
  await writeFile(at("mine"), CONTENT.subarray(0, 1_000));
  await link(at("mine"), at("file.part"));
  await assert.rejects(download(), { code: "file", message: /has another name/ });
  assert.equal((await stat(at("mine"))).size, 1_000);
  assert.deepEqual(ranges, []);
});

test("what stands beside a part is its owner's, and takes the place of a link or a pipe", unix, async () => {
  await writeFile(at("target"), "untouched");
  for (const plant of [() => symlink(at("target"), at("file.part.state")), () => execFileSync("mkfifo", [at("file.part.state")])]) {
    await plant();
    await assert.rejects(download({ onProgress: stopLater }), /mine/);
    const state = await readFile(at("file.part.state"), "utf8");
    assert.equal(state, `dualfetch part 1\nfrom ${sha256(url()).slice(0, 32)}\ntag "1"\ntotal ${CONTENT.length}\n`);
    assert.deepEqual([await modeOf("file.part.state"), await readFile(at("target"), "utf8")], [0o600, "untouched"]);
    for (const name of ["file.part", "file.part.state"]) await rm(at(name));
  }
  assert.deepEqual(await left(), ["target"]);
});

test("a file is as readable as what it replaces, and meanwhile by nobody else", unix, async () => {
  const onProgress = () => {
    for (const name of readdirSync(folder)) if (name !== "file") assert.equal(statSync(at(name)).mode & 0o777, 0o600, name);
  };
  for (const mode of [0o600, 0o640, 0o644, 0o666]) {
    for (const save of [
      () => download({ onProgress }),
      () => download({ onProgress, resume: false }),
      async () => (await session.get(url())).save(at("file"), { onProgress }),
    ]) {
      await writeFile(at("file"), "old");
      await chmod(at("file"), mode);
      await save();
      assert.equal(await modeOf("file"), mode);
      await isWhole();
    }
  }
  await leave();
  await chmod(at("file.part"), 0o644);
  await assert.rejects(download({ onProgress: stop }), /mine/);
  assert.equal(await modeOf("file.part"), 0o600);
});

test("one file under two names of its folder has one download at a time", unix, async () => {
  await mkdir(at("real"));
  await symlink(at("real"), at("linked"));
  const { passed, open } = gate();
  answer = (response) => response.writeHead(200, { "content-length": CONTENT.length }).write(CONTENT.subarray(0, 10));
  const abort = new AbortController();
  const first = session.download(url(), at("real/file"), { signal: abort.signal, onProgress: open });
  await passed;
  await assert.rejects(session.download(url(), at("linked/file")), { code: "file", message: /another download is writing it/ });
  abort.abort();
  await assert.rejects(first, { name: "AbortError" });
});

test("a part that became shorter meanwhile is not filled up", async () => {
  await leave();
  answer = (response, from) => {
    truncateSync(at("file.part"), 500);
    whole(response, from);
  };
  await assert.rejects(download(), { code: "file", message: /somebody else has changed it/ });
  assert.equal((await stat(at("file.part"))).size, 500);
});

test("a path is free for another download once nothing of the first is left to be removed", async (context) => {
  const { rm: remove } = fs;
  const told = [];
  let isTrying = false;
  context.mock.method(fs, "rm", async (...given) => {
    if (!isTrying && given[0] === at("file.part")) {
      isTrying = true;
      told.push(await download().catch(({ message }) => message));
      isTrying = false;
    }
    return remove(...given);
  });
  await assert.rejects(download({ sha256: "0".repeat(64) }), { code: "checksum" });
  // When the part was begun, and when it was removed.
  assert.deepEqual(told.map((message) => /another download/.test(message)), [true, true]);
  assert.deepEqual(await left(), []);
  context.mock.restoreAll();
  await download();
  await isWhole();
});

test("what somebody else has put in the part's place is not published, nor removed", unix, async () => {
  const onProgress = ({ received }) => {
    if (received !== CONTENT.length) return;
    rmSync(at("file.part"));
    writeFileSync(at("file.part"), Buffer.alloc(CONTENT.length));
  };
  for (const fields of [{ etag: '"1"' }, {}]) {
    answer = (response, from) => whole(response, from, fields);
    await assert.rejects(download({ onProgress }), { code: "file", message: /somebody else has changed it/ });
    assert.ok((await readFile(at("file.part"))).equals(Buffer.alloc(CONTENT.length)));
    await assert.rejects(stat(at("file")));
    for (const name of await left()) await rm(at(name));
  }
});

test("what leads to an open file is written to as it is", { skip: process.platform !== "linux" }, async () => {
  for (const save of [(target) => download({}, url(), target), async (target) => (await session.get(url())).save(target)]) {
    const file = await fs.open(at("file"), "w+");
    await save(`/proc/self/fd/${file.fd}`);
    await isWhole();
    assert.equal((await file.stat()).size, CONTENT.length);
    await file.close();
  }
});

test("a temporary name that is taken is not used", async (context) => {
  const names = ["a", "a", "b"];
  context.mock.method(globalThis.crypto, "randomUUID", () => names.shift());
  await writeFile(at(".dualfetch-a.tmp"), "somebody's");
  await (await session.get(url())).save(at("file"));
  assert.deepEqual([await left(), await readFile(at(".dualfetch-a.tmp"), "utf8")], [[".dualfetch-a.tmp", "file"], "somebody's"]);
});

test("an answer that cannot be written is ended", async () => {
  const { passed, open } = gate();
  answer = (response) => {
    response.writeHead(200, { "content-length": CONTENT.length }).write(CONTENT.subarray(0, 10));
    // The second one is never ended by the server.
    if (ranges.length === 1) passed.then(() => response.destroy());
  };
  const onProgress = ({ received }) => received === 10 && open();
  await assert.rejects(session.download(url(), new WritableStream({}), { onProgress }), { message: /cannot be taken back/ });
  await until(() => server.held.size === 0 && session.figures().inFlight === 0);
});

test("a pause is as long as the server asks, and one that is too long is none", async () => {
  let date;
  const inTwoSeconds = () => (date = new Date(Date.now() + 2_000).toUTCString());
  const pauses = [() => "1", inTwoSeconds, () => "31"];
  const times = [];
  answer = (response, from) => {
    times.push(Date.now());
    if (times.length > 1) return response.writeHead(503, { "retry-after": pauses.shift()() }).end();
    // One byte, so that it has begun.
    response.writeHead(206, { etag: '"1"', "content-range": `bytes ${from}-${from}/${CONTENT.length}` }).end(CONTENT.subarray(from, from + 1));
  };
  await leave();
  await assert.rejects(download(), { status: 503 });
  assert.equal(times.length, 4);
  // A timer may be a little early.
  assert.ok(times[2] - times[1] > 980 && times[3] - Date.parse(date) > -20, `${times} ${date}`);
});

test("a request is not tried again by itself once the download tries again", async () => {
  const retrying = new Session({ retry: { attempts: 3, backoff: 1 } });
  answer = (response, from) => {
    const count = ranges.length;
    if (count === 1 || count > 3) return response.writeHead(503, { "retry-after": "0" }).end();
    // One byte after the other.
    const range = { etag: '"1"', "content-range": `bytes ${from}-${from}/${CONTENT.length}` };
    return response.writeHead(206, range).end(CONTENT.subarray(from, from + 1));
  };
  await leave();
  await assert.rejects(retrying.download(url(), at("file"), { attempts: 2 }), { status: 503 });
  assert.deepEqual(ranges, [1_000, 1_000, 1_001, 1_002, 1_002].map((from) => `bytes=${from}-`));
});

test("without links a file that is not to be replaced gets its name all the same, and no other one loses it", async (context) => {
  context.mock.method(fs, "link", async () => {
    throw Object.assign(new Error("no links here"), { code: "EPERM" });
  });
  const theirs = ({ received }) => received === CONTENT.length && writeFileSync(at("file"), "theirs");
  for (const save of [download, async (options) => (await session.get(url())).save(at("file"), options)]) {
    await save({ overwrite: false });
    await isWhole();
    await rm(at("file"));
    await assert.rejects(save({ overwrite: false, onProgress: theirs }), { code: "file", message: /it is there already/ });
    assert.equal(await readFile(at("file"), "utf8"), "theirs");
    for (const name of await left()) await rm(at(name));
  }
});

test("the longest names have parts of other names", unix, async () => {
  const name = "n".repeat(251);
  await assert.rejects(session.download(url(), at(name), { onProgress: stopLater }), /mine/);
  assert.deepEqual(await left(), [nameBeside(name, ".part"), nameBeside(name, ".part.state")]);
  assert.equal((await session.download(url(), at(name))).bytes, CONTENT.length);
  assert.deepEqual(await left(), [name]);
});
