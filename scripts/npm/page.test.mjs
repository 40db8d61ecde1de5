// What the npm package does in a page that it does nowhere else, in headless Chromium. `scripts/package` first.
//
//   node --test scripts/npm/page.test.mjs

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";

import { launch } from "./chromium.mjs";
import { servePage } from "./page.mjs";

const PRESENT = "script-src 'self' 'unsafe-inline'";
const FILE = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, at) => Math.imul(at, 2_654_435_761) >>> 24));
const SHA = createHash("sha256").update(FILE).digest("hex");
const ranges = [];
let policy, browser, server;
before(async () => {
  browser = await launch();
  server = await servePage((request, response) => {
    if (request.method === "PUT") {
      counted(request, response);
      return true;
    }
    if (request.url === "/" && policy) response.setHeader("content-security-policy", policy);
    return files(request, response);
  });
});
after(async () => {
  await browser?.close();
  server?.close();
});

test("a Content-Security-Policy without 'wasm-unsafe-eval' is told as the reason, with it all is well", async () => {
  const load = async () => {
    const { load } = await import("dualfetch");
    return load().then(() => "loaded", ({ code, message }) => `${code}: ${message}`);
  };
  assert.match(await inPage(load, PRESENT), /^load: .*must allow 'wasm-unsafe-eval' in script-src$/s);
  assert.equal(await inPage(load, `${PRESENT} 'wasm-unsafe-eval'`), "loaded");
});

test("a network error says what cannot be told apart; an error of the caller's own `fetch` does not", async () => {
  const [opaque, own] = await inPage(async () => {
    const { Session } = await import("dualfetch");
    const fail = async (options) => (await new Session(options).get("http://127.0.0.1:1/").catch((error) => error)).message;
    return [await fail({}), await fail({ fetch: () => Promise.reject(new Error("mine")) })];
  });
  assert.match(opaque, /^network error: .*DNS, refused, TLS, CORS and offline/);
  assert.match(own, /^network error: Error: mine \(http/);
});

test("what a page cannot do is refused by name; a base goes before the page's URL", async () => {
  const [features, status, path, codes] = await inPage(async () => {
    const { Session } = await import("dualfetch");
    const feature = async (options) => {
      try {
        return (await new Session(options).get("/")).status;
      } catch (error) {
        return `${error.name} ${error.feature}`;
      }
    };
    const asked = [{ userAgent: "x" }, { redirect: "manual" }, { redirect: "error" }, { redirect: "same-origin" }, { redirect: () => "follow" }, { maxRedirects: 1 }, { cookies: true }];
    const features = await Promise.all(asked.map(feature));
    const based = new Session({ baseUrl: new URL("/some/where/", location.href), redirect: "follow" });
    const response = await based.get("../../");
    response.cancel();
    const codes = [];
    for await (const row of based.fetchAll(["../../"])) codes.push(row.error?.code ?? new URL(row.response.url).pathname);
    return [features, response.status, new URL(response.url).pathname, codes];
  });
  const refused = ["userAgent", "redirect", "redirect", "redirect", "redirect", "maxRedirects", "cookies"];
  assert.deepEqual(features, refused.map((feature) => `UnsupportedError ${feature}`));
  assert.deepEqual([status, path, codes], [200, "/", ["/"]]);
});

test("a verb's URL may be relative to the page; those of titles and lists are not", async () => {
  const [status, codes, title] = await inPage(async () => {
    const { Session } = await import("dualfetch");
    const session = new Session();
    const urls = ["example.com", "/", "//example.com/", ""];
    const codes = [];
    for await (const row of session.titles(urls, { ordered: true })) codes.push(row.error?.code);
    for await (const row of session.fetchAll([...urls, { url: "/" }], { ordered: true })) codes.push(row.error?.code);
    const title = await session.title("example.com").catch((error) => error.message);
    const response = await session.get("/");
    response.cancel();
    return [response.status, codes, title];
  });
  assert.equal(status, 200);
  assert.deepEqual(codes, Array(9).fill("invalid_url"));
  assert.match(title, /"example.com": not an absolute URL, such as https:\/\//);
});

test("a large file is sent, alone and in a form, without its bytes coming into the session's memory", async () => {
  const SIZE = 192 * 1024 * 1024;
  const [sizes, before, after] = await inPage(async () => {
    const memories = [];
    for (const name of ["instantiate", "instantiateStreaming"]) {
      const made = WebAssembly[name];
      WebAssembly[name] = async (...given) => {
        const result = await made(...given);
        const { exports } = result.instance ?? result;
        memories.push(...Object.values(exports).filter((value) => value instanceof WebAssembly.Memory));
        return result;
      };
    }
    const { Session } = await import("dualfetch");
    const session = new Session({ retry: { attempts: 2, backoff: 1, maxBackoff: 1 } });
    const put = async (body) => (await (await session.put("/upload", { body })).json()).length;
    const sizes = [await put("small")];
    if (memories.length !== 1) throw new Error(`${memories.length} memories`);
    const before = memories[0].buffer.byteLength;
    // The browser keeps it by reference: a megabyte, many times.
    const megabyte = new Blob([new Uint8Array(1024 * 1024).fill(7)]);
    const file = new File(Array(192).fill(megabyte), "large.bin", { type: "application/x-large" });
    const form = new FormData();
    form.append("file", file);
    sizes.push(await put(file), await put(form));
    return [sizes, before, memories[0].buffer.byteLength];
  });
  assert.deepEqual(sizes.slice(0, 2), [5, SIZE]);
  assert.ok(sizes[2] > SIZE && sizes[2] < SIZE + 1000, `${sizes[2]}`);
  assert.ok(before > 0 && after - before < 1024 * 1024, `${before} bytes before, ${after} after`);
});

/** Says how many bytes came. The first time it fails: what is large is then sent again. */
let uploads = 0;
async function counted(request, response) {
  let length = 0;
  for await (const piece of request) length += piece.length;
  const isFirst = length > 5 && uploads++ % 2 === 0;
  response.writeHead(isFirst ? 503 : 200, { "content-type": "application/json", "retry-after": "0" });
  response.end(JSON.stringify({ length }));
}

test("files are saved to the origin's own file system and to streams, and what is cut off is gone on with", async () => {
  ranges.length = 0;
  const told = await inPage(async () => {
    const { Session } = await import("dualfetch");
    const session = new Session();
    const root = await navigator.storage.getDirectory();
    const handle = await root.getFileHandle("file", { create: true });
    const content = async () => new Uint8Array(await (await handle.getFile()).arrayBuffer());
    const sum = async () => (await content()).reduce((sum, byte) => sum + byte, 0);
    const sha256 = "SHA";
    const progress = [];
    // The server cuts off what this page has seen come.
    const untilCut = () => {
      let isTold = false;
      return ({ received }) => {
        progress.push(received);
        if (isTold || received < 100_000) return;
        isTold = true;
        fetch("/seen");
      };
    };
    const downloaded = await session.download("/cut", handle, { sha256, onProgress: untilCut() });
    const isWhole = progress.at(-1) === 300_000;
    const first = await sum();
    const saved = await (await session.get("/whole")).save(handle);
    const second = await sum();
    const failed = async (doing) => doing.then(() => "none", ({ name, code }) => `${name} ${code}`);
    const failures = [
      await failed(session.download("/whole", handle, { sha256: "0".repeat(64) })),
      await failed(session.download("/whole", handle, { overwrite: false })),
      await failed(session.download("/whole", "a/path")),
      await failed(session.get("/whole").then((response) => response.save(new URL("file:///a/path")))),
    ];
    const third = await sum();
    let streamed = 0;
    await session.download("/cut", new WritableStream({ write: ({ length }) => void (streamed += length) }), { onProgress: untilCut() });
    return { downloaded, saved, sums: [first, second, third], failures, streamed, isWhole };
  });
  const sum = FILE.reduce((sum, byte) => sum + byte, 0);
  assert.deepEqual(told.downloaded, { bytes: 300_000, resumed: 0, sha256: SHA });
  assert.deepEqual([told.saved.bytes, told.sums, told.streamed, told.isWhole], [300_000, [sum, sum, sum], 300_000, true]);
  assert.deepEqual(told.failures, ["BodyError checksum", "DualfetchError file", "UnsupportedError unsupported", "UnsupportedError unsupported"]);
  assert.deepEqual(ranges.filter((range) => range !== undefined), ["bytes=100000-", "bytes=100000-"]);
});

/** A file; `/cut` is cut off when all of it is asked for, once `/seen` tells that what was sent has come. */
let cut;
function files({ url, headers }, response) {
  if (url === "/seen") {
    response.writeHead(204).end();
    cut.destroy();
    return true;
  }
  if (url !== "/cut" && url !== "/whole") return false;
  ranges.push(headers.range);
  const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? 0);
  const part = from > 0 && { "content-range": `bytes ${from}-${FILE.length - 1}/${FILE.length}` };
  response.writeHead(part ? 206 : 200, { etag: '"1"', "cache-control": "no-store", "content-length": FILE.length - from, ...part });
  if (url === "/whole" || from > 0) response.end(FILE.subarray(from));
  else (cut = response).write(FILE.subarray(0, 100_000));
  return true;
}

async function inPage(run, under) {
  policy = under;
  const page = await browser.newPage();
  try {
    await page.goto(server.url);
    return await page.evaluate(typeof run === "function" ? `(${String(run).replace('"SHA"', JSON.stringify(SHA))})()` : run);
  } finally {
    await page.close();
  }
}
