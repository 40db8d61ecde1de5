// Forms and blobs as they are sent, and parts as they are read.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

import { Session } from "dualfetch";
import { serve } from "./server.mjs";

let server;
before(async () => {
  let failures = 0;
  server = await serve({
    "/echo": (response, { headers, body }) => response.setHeader("content-type", "application/json").end(JSON.stringify({ type: headers["content-type"], length: headers["content-length"], body })),
    "/again": (response) => response.writeHead(failures++ % 2 === 0 ? 503 : 200, { "retry-after": "0" }).end(),
    "/moved": (response) => response.writeHead(307, { location: "/echo" }).end(),
    "/other": (response) => response.writeHead(303, { location: "/echo" }).end(),
    "/form": (response, { headers, body }) => response.writeHead(200, { "content-type": headers["content-type"] }).end(body),
  });
});
after(() => server.close());

const form = () => {
  const data = new FormData();
  data.append("title", "zwölf\n\"Boxkämpfer\"");
  data.append("file", new File(["\0content"], "a \"b\".png", { type: "image/png" }));
  return data;
};

/** What a platform's reader of forms makes of a body. */
async function told({ type, body }) {
  const data = await new Response(body, { headers: { "content-type": type } }).formData();
  return Promise.all(Array.from(data, async ([name, value]) => (typeof value === "string" ? [name, value] : [name, value.name, value.type, await value.text()])));
}

const FORM = [
  ["title", "zwölf\r\n\"Boxkämpfer\""],
  ["file", "a \"b\".png", "image/png", "\0content"],
];

test("a form is sent by the platform, with its length and the type that it gives it", async () => {
  const session = new Session();
  const echo = await (await session.post(`${server.url}/echo`, { body: form() })).json();
  assert.match(echo.type, /^multipart\/form-data; boundary=/);
  assert.equal(Number(echo.length), Buffer.byteLength(echo.body));
  assert.deepEqual(await told(echo), FORM);
  assert.deepEqual(await told(await (await session.fetch(`${server.url}/echo`, { method: "POST", body: form() })).json()), FORM);
  session.close();
});

test("a form and a blob are sent again by a redirect that keeps them and by a retry", async () => {
  const session = new Session({ retry: { attempts: 2, backoff: 1, maxBackoff: 1 } });
  for (const body of [form(), new Blob(["of a blob"], { type: "x/y" })]) {
    server.seen.length = 0;
    const moved = await (await session.post(`${server.url}/moved`, { body })).json();
    const other = await (await session.post(`${server.url}/other`, { body })).json();
    const again = await session.put(`${server.url}/again`, { body });
    assert.deepEqual([other.body, other.type, again.status, again.attempts], ["", undefined, 200, 2]);
    const [first, second, , , third, fourth] = server.seen.map(({ headers, body }) => ({ type: headers["content-type"], body }));
    assert.deepEqual({ type: moved.type, body: moved.body }, second);
    for (const sent of [first, second, third, fourth]) {
      if (body instanceof Blob) assert.deepEqual(sent, { type: "x/y", body: "of a blob" });
      else assert.deepEqual(await told(sent), FORM);
    }
  }
  session.close();
});

test("fetch is handed the blob itself, and the form as it was when it was asked", async () => {
  const handed = [];
  const fetch = async (_, init) => {
    handed.push(init.body);
    return new Response("x");
  };
  const session = new Session({ fetch });
  const blob = new File(["x"], "x.txt", { type: "text/plain" });
  await session.post("https://a.example/", { body: blob });
  await session.post("https://a.example/", { body: blob, hooks: { beforeRequest: [({ request }) => assert.equal(request.body, blob)] } });
  assert.ok(handed[0] === blob && handed[1] === blob);
  const data = form();
  const sending = session.post("https://a.example/", { body: data });
  data.delete("title");
  await sending;
  assert.ok(handed[2] instanceof FormData);
  assert.deepEqual([...handed[2].keys()], ["title", "file"]);
  assert.equal(handed[2].get("file").name, "a \"b\".png");
  await assert.rejects(session.get("https://a.example/", { method: "GET", body: blob }), { code: "invalid_option" });
  session.close();
});

test("a response is read as a form", async () => {
  const session = new Session();
  const got = await (await session.post(`${server.url}/form`, { body: form() })).formData();
  assert.deepEqual([got.get("title"), got.get("file").name, await got.get("file").text()], [FORM[0][1], "a \"b\".png", "\0content"]);
  const encoded = await (await session.post(`${server.url}/form`, { form: { a: "1 & 2" } })).formData();
  assert.deepEqual([...encoded], [["a", "1 & 2"]]);
  await assert.rejects((await session.post(`${server.url}/form`, { json: 1 })).formData(), { code: "content_type" });
  const headers = { "content-type": "multipart/form-data; boundary=b" };
  const error = await (await session.post(`${server.url}/form`, { body: "--b\r\nbroken", headers })).formData().catch((error) => error);
  assert.deepEqual([error.code, error.url, error.attempts], ["decode", `${server.url}/form`, 1]);
  session.close();
});

/** A response of these pieces. */
async function response(type, pieces) {
  const body = new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
  const session = new Session({ fetch: async () => new Response(body, { headers: { "content-type": type } }) });
  return session.get("https://a.example/");
}

async function all(type, pieces, options) {
  const told = [];
  for await (const part of (await response(type, pieces)).multipart(options)) {
    told.push([part.name, part.contentType, Buffer.from(await part.bytes()).toString("latin1")]);
  }
  return told;
}

const TYPE = "multipart/mixed; boundary=b";
const bytes = (text) => Buffer.from(text, "latin1");
const contents = async (text, options) => (await all(TYPE, [bytes(text)], options)).map(([, , content]) => content);

test("every cut gives the same parts", async () => {
  // As in tests/policy/parts.rs.
  const body = bytes(
    "to be\r\n--bb\r\npassed over\r\n--b \t\r\nContent-Disposition: form-data;\r\n name=\"n%22\"\r\n" +
      "Content-Type: text/plain\r\n\r\none\r\n--bx\r\n--\r\n-\r\r\n--b\r\n\r\n\r\n--b\r\nA: b\r\n\r\n--b\r\n\r\n" +
      "\xff\x00\r\n--\r\n--b--\r\n--b\r\n\r\nafter all\r\n--b--",
  );
  const expected = [
    ["n\"", "text/plain", "one\r\n--bx\r\n--\r\n-\r"],
    [null, null, ""],
    [null, null, ""],
    [null, null, "\xff\x00\r\n--"],
  ];
  assert.deepEqual(await all(TYPE, [body]), expected);
  assert.deepEqual(await all(TYPE, Array.from(body, (byte) => Uint8Array.of(byte))), expected);
  for (let at = 1; at < body.length; at++) {
    assert.deepEqual(await all(TYPE, [body.subarray(0, at), body.subarray(at)]), expected, `${at}`);
  }
});

test("what is cut short, no header field or too large is an error by name", async () => {
  const body = "--b\r\nA: b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--";
  for (let end = 0; end < body.length; end++) {
    await assert.rejects(contents(body.slice(0, end)), { code: "decode", url: "https://a.example/" }, `${end}`);
  }
  for (const line of ["no colon", ": x", "a b: c", "a: b\x01\0", "--b--"]) {
    await assert.rejects(contents(`--b\r\n${line}\r\n\r\nx\r\n--b--`), { code: "decode" }, line);
  }
  assert.deepEqual(await contents(body, { maxParts: 2, maxPart: 3, maxHeaderBytes: 6 }), ["one", "two"]);
  await assert.rejects(contents(body, { maxParts: 1 }), { code: "decode" });
  await assert.rejects(contents(body, { maxPart: 2 }), { code: "body_too_large" });
  await assert.rejects(contents(body, { maxHeaderBytes: 5 }), { code: "headers_too_large" });
  await assert.rejects(contents(`--b\r\n${"a: b\r\n".repeat(129)}\r\n\r\n--b--`), { code: "headers_too_large" });
  await assert.rejects(contents(`--b\r\n${"x".repeat(20_000)}`), { code: "headers_too_large" });
  await assert.rejects(all("text/plain", []), { code: "content_type" });
  await assert.rejects(all("multipart/mixed", []), { code: "content_type" });
});

test("long fields and long runs of line ends are read in one go", async () => {
  // What takes the square of this takes minutes.
  const long = " ".repeat(1 << 20);
  const code = `
    import { Session } from "dualfetch";
    const long = " ".repeat(${long.length});
    const read = async (field) => {
      const headers = { "content-type": "${TYPE}" };
      const session = new Session({ fetch: async () => new Response("--b\\r\\n" + field + "\\r\\n\\r\\nx\\r\\n--b--", { headers }) });
      const response = await session.get("https://a.example/");
      for await (const part of response.multipart({ maxHeaderBytes: 1 << 24 })) return part.headers.get("a").length;
    };
    console.log(await read("a: b" + long + "c"), await read("a" + long + "b: c").catch((error) => error.code));
    process.exit();`;
  assert.equal(await own(code), `${long.length + 2} decode\n`);
  // A view of the rest for each of them would be as many objects.
  const crs = bytes(`--b\r\n\r\n${"\r".repeat(100_000)}\r\n--b--`);
  const subarray = Uint8Array.prototype.subarray;
  let views = 0;
  Uint8Array.prototype.subarray = function (...range) {
    views++;
    return subarray.apply(this, range);
  };
  try {
    assert.equal((await all(TYPE, [crs]))[0][2].length, 100_000);
  } finally {
    Uint8Array.prototype.subarray = subarray;
  }
  assert.ok(views < 1000, `${views}`);
});

/** What a program of its own prints, which is ended where it takes too long. */
async function own(code) {
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", code], { timeout: 60_000, cwd: new URL(".", import.meta.url) });
  return stdout;
}

test("parts stand in parts, and what is not read of one is passed over", async () => {
  const inner = "--i\r\nContent-Type: application/json\r\n\r\n[1]\r\n--i\r\n\r\nunread\r\n--i--";
  const body = `--b\r\n\r\nunread\r\n--b\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n${inner}\r\n--b\r\n\r\nstream\r\n--b\r\n\r\n\xc3\xa9\r\n--b--`;
  const told = [];
  let first;
  for await (const part of (await response(TYPE, Array.from(bytes(body), (byte) => Uint8Array.of(byte)))).multipart()) {
    first ??= part;
    if (part.contentType !== null) {
      for await (const within of part.multipart()) {
        told.push(await within.json());
        break;
      }
    } else if (told.length === 1) {
      told.push(await new Response(part.body).text());
      await assert.rejects(part.text(), { code: "body_used" });
    } else if (told.length === 2) told.push(await part.text());
  }
  assert.deepEqual(told, [[1], "stream", "é"]);
  await assert.rejects(first.text(), { code: "decode" });
});

test("a part's text is in the encoding that it is in", async () => {
  const parts = ["\r\n\xc3\xa9", "\r\n\xe9t\xe9 fran\xe7ais", "Content-Type: text/plain; charset=iso-8859-2\r\n\r\n\xb1", "\r\n\xff\xfea\0", "Content-Type: text/html\r\n\r\n<meta charset=koi8-r>\xc1"];
  const body = bytes(`${parts.map((part) => `--b\r\n${part}\r\n`).join("")}--b--`);
  const told = [];
  for await (const part of (await response(TYPE, [body])).multipart()) told.push(await part.text());
  assert.deepEqual(told, ["é", "été français", "ą", "a", "<meta charset=koi8-r>а"]);
});

test("leaving the loop ends the transfer", async () => {
  let cancelled = false;
  const body = new ReadableStream({
    pull: (controller) => controller.enqueue(bytes("--b\r\n\r\nframe\r\n")),
    cancel: () => (cancelled = true),
  });
  const session = new Session({ fetch: async () => new Response(body, { headers: { "content-type": "multipart/x-mixed-replace; boundary=b" } }) });
  let frames = 0;
  for await (const part of (await session.get("https://a.example/")).multipart()) {
    assert.equal(await part.text(), "frame");
    if (++frames === 3) break;
  }
  await new Promise((done) => setTimeout(done));
  assert.ok(cancelled);
});
