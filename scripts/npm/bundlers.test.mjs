// The npm package, packed and installed, in what people bundle it with, run in headless Chromium: the wasm file is
// found where the bundler took it along, and the copy in base64 is used where it did not. `scripts/package` first.
//
//   node --test scripts/npm/bundlers.test.mjs

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { after, before, test } from "node:test";

import { build as esbuild } from "esbuild";
import * as vite from "vite";
import webpack from "webpack";

import { launch } from "./chromium.mjs";
import { project } from "./packed.mjs";

// A title in Shift_JIS needs both the session and the encodings; sockets and events are chunks of their own.
const program = `
  import { Session } from "dualfetch";
  const page = new Uint8Array([...new TextEncoder().encode("<title>"), 0x83, 0x65, ...new TextEncoder().encode("</title>")]);
  const answers = {
    "/": [page, "text/html; charset=shift_jis"],
    "/events": ["data: event\\n\\n", "text/event-stream"],
  };
  const fetch = async (url) => {
    const [body, type] = answers[new URL(url).pathname];
    return new Response(body, { headers: { "content-type": type } });
  };
  class Echo extends EventTarget {
    readyState = 0;
    constructor() {
      super();
      setTimeout(() => this.tell(new Event("open"), 1));
    }
    tell(event, readyState) {
      this.readyState = readyState;
      this.dispatchEvent(event);
    }
    send(data) {
      this.tell(new MessageEvent("message", { data }), 1);
    }
    close(code) {
      setTimeout(() => this.tell(new CloseEvent("close", { code, wasClean: true }), 3));
    }
  }
  async function told() {
    const session = new Session({ fetch, WebSocket: Echo });
    const { title, encoding } = await session.title("http://a.example/");
    const socket = await session.websocket("ws://a.example/");
    await socket.send("socket");
    const words = [title, encoding, await socket.receive()];
    await socket.close();
    const { value } = await (await session.get("http://a.example/events")).events().next();
    const source = session.eventSource("http://a.example/events");
    words.push(value.data, (await source.next()).value.data);
    source.close();
    return words.join(" ");
  }
  told().catch(String).then((words) => (document.title = words));
`;

let app, remove, browser;
before(async () => {
  const html = '<!doctype html><script type="module" src="/main.js"></script>';
  ({ folder: app, remove } = await project({ "main.js": program, "index.html": html }));
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await remove?.();
});

test("esbuild, which takes no wasm along", async () => {
  const outdir = join(app, "esbuild");
  await esbuild({ absWorkingDir: app, entryPoints: ["main.js"], bundle: true, splitting: true, format: "esm", outdir });
  assert.deepEqual(await loaded(outdir, "main.js"), []);
});

test("Vite, built", async () => {
  const outDir = join(app, "vite");
  await vite.build({ root: app, logLevel: "error", build: { outDir } });
  assert.equal((await loaded(outDir)).length, 2);
});

test("Vite's development server", async () => {
  const server = await vite.createServer({ root: app, logLevel: "error", server: { port: 0, host: "127.0.0.1" } });
  await server.listen();
  try {
    await shows(`http://127.0.0.1:${server.httpServer.address().port}/`);
  } finally {
    await server.close();
  }
});

test("webpack", async () => {
  const path = join(app, "webpack");
  const compiler = webpack({ context: app, entry: "./main.js", mode: "production", output: { path }, performance: false });
  const stats = await new Promise((done, failed) => compiler.run((error, stats) => (error ? failed(error) : done(stats))));
  assert.deepEqual(stats.toJson().errors, []);
  assert.deepEqual(stats.toJson().warnings, []);
  assert.equal((await loaded(path, "main.js")).length, 2);
});

/** Serves a folder, waits for the title, and tells which wasm files were asked for. */
async function loaded(folder, script) {
  if (script) await writeFile(join(folder, "index.html"), `<!doctype html><script type="module" src="/${script}"></script>`);
  const types = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };
  const files = [];
  const server = createServer(async (request, response) => {
    const path = request.url === "/" ? "/index.html" : request.url;
    try {
      const content = await readFile(join(folder, path));
      if (path.endsWith(".wasm")) files.push(path);
      response.writeHead(200, { "content-type": types[extname(path)] ?? "text/plain" }).end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  try {
    await shows(`http://127.0.0.1:${server.address().port}/`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
  return files;
}

async function shows(url) {
  const page = await browser.newPage();
  const failures = [];
  page.on("pageerror", (failure) => failures.push(String(failure)));
  try {
    await page.goto(url);
    await page.waitForFunction(() => document.title !== "", undefined, { timeout: 60_000 });
    assert.equal(await page.title(), "テ Shift_JIS socket event event", failures.join("\n"));
  } finally {
    await page.close();
  }
}
