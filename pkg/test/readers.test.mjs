// What a response tells and how it is read, beyond session.test.mjs.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { isBodyError, isRequestBodyError, isStatusError, safeFileName, Session } from "dualfetch";
import { error } from "../src/failure.js";

import { serve, until } from "./server.mjs";

const bytes = (text) => Buffer.from(text, "latin1");

let server;
before(async () => {
  server = await serve({
    "/head": (response) => {
      response.setHeader("content-type", 'Text/HTML; Charset="ISO-8859-1"');
      response.setHeader("content-disposition", "attachment; filename=\"../a.html\"; filename*=UTF-8''..%2Fna%C3%AFve.html");
      response.setHeader("link", ["<?page=2>; rel=next", '<?page=9>; rel="last end"; title=end']);
      response.end("x");
    },
    "/bare": (response) => response.end("x"),
    "/latin": (response) => response.writeHead(200, { "content-type": "text/plain; charset=utf-8" }).end(bytes("na\xefve")),
    "/body/*": (response) => response.writeHead(200).end(),
    "/endless": (response) => {
      response.writeHead(500, { "content-type": "text/plain; charset=utf-8" });
      response.write("ü".repeat(600));
    },
    "/refused": (response) => response.writeHead(422).end("name  is\nmissing"),
    "/nothing": (response) => response.writeHead(404).end(),
  });
});
after(() => server.close());

const session = new Session();
const get = (path) => session.get(server.url + path);

/** A response whose body comes in these pieces. */
function of(pieces, type) {
  const body = new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(typeof piece === "string" ? new TextEncoder().encode(piece) : new Uint8Array(piece));
      controller.close();
    },
  });
  const headers = type === undefined ? {} : { "content-type": type };
  return new Session({ fetch: async () => new Response(body, { headers }) }).get("http://a.example/");
}

async function all(pieces) {
  const list = [];
  for await (const piece of pieces) list.push(piece);
  return list;
}

test("the head is read: type, charset, disposition, links, timing", async () => {
  const response = await get("/head");
  assert.equal(response.mimeType, "text/html");
  assert.equal(response.charset, "ISO-8859-1");
  assert.equal(response.statusText, "");
  const { type, isAttachment, fileName, safeFileName: safe } = response.contentDisposition;
  assert.deepEqual([type, isAttachment, fileName, safe], ["attachment", true, "../naïve.html", "naïve.html"]);
  assert.deepEqual(response.links().map(({ url }) => url), [`${server.url}/head?page=2`, `${server.url}/head?page=9`]);
  assert.equal(response.link("END").title, "end");
  assert.equal(response.link("prev"), null);
  const { queue, headers, total } = response.timing;
  assert.ok(queue >= 0 && headers > 0 && headers <= total && total === response.elapsed);
  const bare = await get("/bare");
  assert.deepEqual([bare.mimeType, bare.charset, bare.contentDisposition, bare.links(), bare.link("next")], [null, null, null, [], null]);
  assert.equal(safeFileName("/etc/passwd"), "passwd");
});

test("time in line is told", async () => {
  const one = new Session({ limit: 1 });
  const holding = await one.get(`${server.url}/endless`);
  const waiting = one.get(`${server.url}/bare`);
  await until(() => one.figures().waiting === 1);
  await new Promise((done) => setTimeout(done, 20));
  holding.cancel();
  const { queue, total } = (await waiting).timing;
  assert.ok(queue >= 15 && queue <= total, `${queue} of ${total}`);
});

test("text by an encoding of the caller's choice", async () => {
  const response = await get("/latin");
  assert.equal(await response.text("latin1"), "naïve");
  assert.deepEqual([response.encoding, response.encodingSource], ["windows-1252", "content-type"]);
  assert.equal(await (await get("/latin")).text("utf-8"), "na\ufffdve");
  assert.equal(await (await get("/latin")).text(), "na\ufffdve");
  assert.equal(await (await of([[0xef, 0xbb, 0xbf, 0x61]])).text("latin1"), "a", "a byte order mark is stronger");
  assert.equal(await (await of([[0xff, 0xfe, 0x61, 0]])).text("utf-8"), "a");
  for (const label of ["klingon", "", "a b"]) await assert.rejects((await get("/latin")).text(label), { option: "encoding" });
  await assert.rejects((await get("/latin")).text(7), { code: "invalid_option", option: "encoding" });
});

test("lines as they come, whatever ends them", async () => {
  const lines = async (pieces, type, options) => all((await of(pieces, type)).lines(options));
  const utf8 = "text/plain; charset=utf-8";
  assert.deepEqual(await lines(["one\r\nt", "wo\n\nfo", "ur"], utf8), ["one", "two", "", "four"]);
  assert.deepEqual(await lines(["one\r", "\ntwo\r", "x\n"], utf8), ["one", "two\rx"]);
  assert.deepEqual(await lines([], utf8), []);
  assert.deepEqual(await lines(["\n"], utf8), [""]);
  assert.deepEqual(await lines(["a\r"], utf8), ["a\r"]);
  assert.deepEqual(await lines([[0xef, 0xbb], [0xbf, 0x61, 0x0a, 0xc3], [0xbc]], utf8), ["a", "ü"]);
  assert.deepEqual(await lines(["a\n", "b"]), ["a", "b"]);
});

test("lines are in the encoding that is declared, marked, asked for, or that they seem to be in", async () => {
  const lines = async (pieces, type, options) => all((await of(pieces, type)).lines(options));
  assert.deepEqual(await lines([bytes("na\xefve\nb")], "text/plain; charset=latin1"), ["naïve", "b"]);
  assert.deepEqual(await lines([bytes("na\xefve\nb")], "text/plain; charset=utf-8", { encoding: "latin1" }), ["naïve", "b"]);
  assert.deepEqual(await lines([[0xff, 0xfe, 0x61, 0, 0x0a, 0, 0xfc, 0]], "text/plain; charset=utf-8"), ["a", "ü"]);
  assert.deepEqual(await lines([bytes("<meta charset=windows-1251>\n\xcf\xf0")]), ["<meta charset=windows-1251>", "Пр"]);
  const ascii = "x".repeat(1500);
  assert.deepEqual(await lines([`${ascii}\npart`, bytes(" na\xefve caf\xe9 d\xe9j\xe0 vu\nend")]), [ascii, "part naïve café déjà vu", "end"]);
  const euro = new TextEncoder().encode("ü€");
  const cut = await lines([`${ascii}\n`, euro.subarray(0, 4), euro.subarray(4), "\nx", [0xff]]);
  assert.deepEqual(cut, [ascii, "ü€", "x\ufffd"]);
  await assert.rejects(lines(["a"], undefined, { encoding: "klingon" }), { option: "encoding" });
  await assert.rejects(lines(["a"], undefined, { encoding: 7 }), { option: "encoding" });
});

test("a line is bounded", async () => {
  const read = async (options) => all((await of(["abcd", "ef\nx"], "text/plain; charset=utf-8")).lines(options));
  assert.deepEqual(await read({ maxLine: 6 }), ["abcdef", "x"]);
  await assert.rejects(read({ maxLine: 5 }), (thrown) => isBodyError(thrown) && thrown.code === "line_too_long" && thrown.url === "http://a.example/");
  for (const maxLine of [0, -1, "7", null]) await assert.rejects(read({ maxLine }), { option: "maxLine" });
  const response = await of(["a"]);
  assert.throws(() => response.lines({ max: 1 }), { option: "max" });
});

test("JSON by any of its types, behind a byte order mark, too", async () => {
  for (const type of ["application/json", "text/json", "Application/Problem+JSON ; charset=utf-8"]) {
    assert.deepEqual(await (await of(["\ufeff[1]"], type)).json(), [1], type);
  }
  await assert.rejects((await of(["[1]"], "text/plain")).json(), { code: "content_type" });
});

test("blocks of one size", async () => {
  const blocks = async (pieces, size) => (await all((await of(pieces)).blocks(size))).map((block) => Buffer.from(block).toString());
  assert.deepEqual(await blocks(["abcde", "fgh"], 3), ["abc", "def", "gh"]);
  assert.deepEqual(await blocks(["a", "b", "c"], 2), ["ab", "c"]);
  assert.deepEqual(await blocks(["abcdef"], 3), ["abc", "def"]);
  assert.deepEqual(await blocks([], 3), []);
  const response = await get("/bare");
  for (const size of [0, -1, 1.5, "3", undefined]) assert.throws(() => response.blocks(size), { option: "size" });
});

test("a loop over pieces is a reader; leaving it ends the transfer", async () => {
  const one = new Session({ limit: 1 });
  for (const read of [(response) => response.blocks(10), (response) => response.lines({ encoding: "utf-8", maxLine: 2000 })]) {
    const response = await one.get(`${server.url}/endless`);
    const pieces = read(response);
    const first = pieces.next();
    await assert.rejects(response.text(), { code: "body_used" });
    await assert.rejects(read(response).next(), { code: "body_used" });
    response.cancel();
    await Promise.allSettled([first]);
    await until(() => one.figures().inFlight === 0);
  }
  const left = await one.get(`${server.url}/endless`);
  for await (const block of left.blocks(10)) {
    assert.equal(block.length, 10);
    break;
  }
  await until(() => one.figures().inFlight === 0);
});

test("errorForStatus keeps the first kilobyte of the body", async () => {
  const fine = await get("/bare");
  assert.equal(await fine.errorForStatus(), fine);
  await assert.rejects(get("/refused").then((response) => response.errorForStatus()), (thrown) => {
    assert.ok(isStatusError(thrown));
    assert.deepEqual([thrown.status, thrown.body, thrown.url], [422, "name  is\nmissing", `${server.url}/refused`]);
    assert.match(thrown.message, /^status 422: the body starts "name is missing" \(http/);
    return true;
  });
  await assert.rejects(get("/nothing").then((response) => response.errorForStatus()), { code: "status", status: 404, body: null });
  const one = new Session({ limit: 1 });
  const long = await one.get(`${server.url}/endless`);
  await assert.rejects(long.errorForStatus(), (thrown) => thrown.body === "ü".repeat(512));
  await until(() => one.figures().inFlight === 0);
  const read = await get("/refused");
  await read.text();
  await assert.rejects(read.errorForStatus(), { code: "status", body: null });
});

test("every code of an error has its class", () => {
  for (const [code, name] of [
    ["body_consumed", "RequestBodyError"],
    ["request_body", "RequestBodyError"],
    ["headers_too_large", "NetworkError"],
    ["line_too_long", "BodyError"],
  ]) {
    assert.equal(error(code, "x").name, name);
  }
  assert.ok(isRequestBodyError(error("request_body", "x")) && !isRequestBodyError(error("json", "x")));
});
