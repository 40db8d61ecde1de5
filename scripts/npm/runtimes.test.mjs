// The npm package, packed and installed, in the run-times that have an export condition of their own: Deno, Bun, and
// workerd, which runs Cloudflare's Workers. Each does the same and tells as one line of JSON what came of it.
// `scripts/package` first.
//
//   node --test scripts/npm/runtimes.test.mjs

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { build } from "esbuild";

import { serve } from "../../pkg/test/server.mjs";
import { serveSockets } from "../../pkg/test/sockets.mjs";
import { project } from "./packed.mjs";

const run = promisify(execFile);
const tools = fileURLToPath(new URL("node_modules", import.meta.url));

// `refused` is a URL where nobody listens.
const answers = `
  import { isNetworkError, isTimeoutError, Session } from "dualfetch";
  import { Session as Core } from "dualfetch/core";
  import { Session as Full } from "dualfetch/full";

  export async function answers(url, refused, sockets) {
    const session = new Session({ limit: 2 });
    const text = async (session, path, options) => {
      const response = await session.get(url + path, options);
      return [response.status, response.redirected, await response.text(), response.encoding];
    };
    const title = async (path) => {
      const { status, redirects, title, encoding } = await session.title(url + path);
      return [status, redirects, title, encoding];
    };
    const posted = async (body) => (await session.post(url + "/echo", { body })).json();
    const form = async () => {
      const data = new FormData();
      data.append("a", "1");
      data.append("file", new File(["content"], "x.txt", { type: "text/plain" }));
      const parts = [];
      for await (const part of (await session.post(url + "/form", { body: data })).multipart()) {
        parts.push([part.name, part.fileName, part.contentType?.split(";")[0] ?? null, await part.text()]);
      }
      const read = await (await session.post(url + "/form", { body: data })).formData();
      return [...parts, read.get("a"), read.get("file").name];
    };
    const failure = async (asked) => {
      const error = await asked.then(() => undefined, (error) => error);
      return [error?.name, error?.code, error?.phase ?? null, isTimeoutError(error), isNetworkError(error)];
    };
    const talk = async () => {
      const socket = await session.websocket(sockets + "/chosen", { protocols: ["chat.v1"] });
      for (const message of ["grüß", new Uint8Array([0, 255])]) await socket.send(message);
      const [text, bytes] = [await socket.receive(), await socket.receive()];
      const { inFlight } = session.figures();
      const closed = await socket.close(3000, "bye");
      const ended = await session.websocket(sockets + "/ends");
      const list = [];
      for await (const message of ended) list.push(message);
      return [socket.protocol, text, [...bytes], inFlight, closed, list, ended.closed];
    };
    const lost = async (path, options) => {
      const socket = await session.websocket(sockets + path, options);
      const [, code] = await failure(socket.receive());
      return [code, (await socket.close().catch(() => socket.closed)).code];
    };
    const events = [];
    for await (const { data, id } of session.eventSource(url + "/events", { reconnectionTime: 1 })) events.push([data, id]);
    const titles = [];
    for await (const row of session.titles([1, 2, 3, 4, 5, 6].map((n) => url + "/page/" + n))) {
      titles.push(row.title ?? String(row.error));
    }
    const behind = new Session({ gateway: { url: url + "/gateway", key: "df_key" } });
    const relayed = await behind.get("http://behind.example/a?b#c");
    const auto = new Session({ gateway: { url: url + "/gateway", key: "df_key", auto: true } });
    const core = new Core();
    const full = await new Full().page(url + "/page/1", { metadata: "head", html: true });
    return {
      page: await text(session, "/page/0"),
      title: await title("/moved"),
      western: await text(session, "/western"),
      chinese: await title("/chinese"),
      blob: await posted(new Blob(["x"], { type: "a/b" })),
      form: await form(),
      titles: titles.sort(),
      total: await failure(session.get(url + "/hang", { timeout: 50 })),
      headers: await failure(session.get(url + "/hang", { timeout: { headers: 50 } })),
      read: await failure(text(session, "/stall", { timeout: { read: 50 } })),
      refused: await failure(session.get(refused)),
      core: [await text(core, "/page/0"), await text(core, "/western"), await failure(core.title(url))],
      full: [full.metadata.bestTitle.value, full.select("title")[0].text],
      talk: await talk(),
      broken: await lost("/reserved-bits"),
      dropped: await lost("/drops"),
      large: await lost("/ends", { maxMessageSize: 3 }),
      unopened: [await failure(session.websocket(sockets + "/refused")), await failure(session.websocket(sockets + "/hangs", { timeout: 50 }))],
      events,
      gateway: [
        [relayed.status, relayed.url, relayed.headers.has("dualfetch-url"), await relayed.text()],
        (await behind.title("http://behind.example/")).title,
        await failure(behind.get("http://dns.example/")),
        await failure(behind.get("http://moved.example/")),
        await failure(behind.get("http://rate.example/", { retry: 1 })),
        await failure(auto.get(refused)),
      ],
      inFlight: session.figures().inFlight + core.figures().inFlight,
    };
  }
`;
const command = `
  import process from "node:process";
  import { answers } from "./answers.js";
  const entries = ["dualfetch", "dualfetch/core", "dualfetch/full"].map((name) => import.meta.resolve(name).split("/").at(-1));
  console.log(JSON.stringify({ entries, ...(await answers(...process.argv.slice(2))) }));
`;
const worker = `
  import { answers } from "./answers.js";
  export default {
    fetch: async (request, { SITE, REFUSED, SOCKETS }) => Response.json(await answers(SITE, REFUSED, SOCKETS)),
  };
`;

const saving = `
  import process from "node:process";
  import { Session } from "dualfetch";
  const [url, path] = process.argv.slice(2);
  const session = new Session();
  const one = await (await session.get(url + "/page/7")).save(path);
  const two = await session.download(url + "/page/8", path, { sha256: "${"0".repeat(64)}" }).catch(({ code }) => code);
  console.log(JSON.stringify([one.bytes, two]));
`;

let app, server, sockets, most;
before(async () => {
  sockets = await serveSockets();
  const latin = (text) => Buffer.from(text, "latin1");
  let open = 0;
  server = await serve({
    "/chinese": (response) => response.end(latin("<meta charset=gb18030><title>\xd6\xd0\xce\xc4</title>")),
    "/echo": (response, { headers, body }) => {
      response.setHeader("content-type", "application/json").end(JSON.stringify([headers["content-type"], body]));
    },
    "/events": (response, { headers }) => {
      const id = Number(headers["last-event-id"] ?? 0) + 1;
      response.writeHead(id === 3 ? 204 : 200, { "content-type": "text/event-stream" }).end(id === 3 ? undefined : `id: ${id}\ndata: ${id}\n\n`);
    },
    "/form": (response, { headers, body }) => {
      response.setHeader("content-type", headers["content-type"]).end(body);
    },
    "/gateway/*": (response, { params, headers }) => {
      const asked = new URL(params.get("url"));
      const problem = (status, code) => {
        const fields = { "content-type": "application/problem+json", "dualfetch-error": code };
        response.writeHead(status, fields).end(JSON.stringify({ code, detail: "why" }));
      };
      if (headers.authorization !== "Bearer df_key") problem(401, "unauthorized");
      else if (asked.hostname === "dns.example") problem(502, "dns");
      else if (asked.hostname === "rate.example") problem(429, "rate_limited");
      else if (asked.hostname === "moved.example") response.writeHead(302, { location: "/page/1" }).end();
      else response.writeHead(200, { "content-type": "text/html", "dualfetch-url": asked.href }).end("<title>Behind</title>");
    },
    "/hang": () => {},
    "/moved": (response) => response.writeHead(302, { location: "/page/7" }).end(),
    "/page/*": async (response, { path }) => {
      most = Math.max(most, ++open);
      await new Promise((done) => setTimeout(done, 20));
      open -= 1;
      response.setHeader("content-type", "text/html").end(`<title>${path}</title>`);
    },
    "/stall": (response) => response.writeHead(200).write("start"),
    "/western": (response) => {
      response.setHeader("content-type", "text/plain; charset=iso-8859-1").end(latin("na\xefve \x80"));
    },
  });
  app = await project({ "answers.js": answers, "command.js": command, "saving.js": saving, "worker.js": worker });
});
after(async () => {
  await server?.close();
  await sockets?.close();
  await app?.remove();
});

test("Deno, allowed the network alone", { timeout: 60_000 }, async (t) => {
  if (skipped(t, "Deno", "@deno")) return;
  // It does not say why a request failed.
  await check({ entries: ["index.web.js", "core.web.js", "full.web.js"], refused: "network" }, (...asked) =>
    printed("deno", "run", "--no-prompt", "--allow-net=127.0.0.1", "command.js", ...asked),
  );
});

test("Bun", { timeout: 60_000 }, async (t) => {
  if (skipped(t, "Bun", "@oven")) return;
  await check({ entries: ["index.node.js", "core.node.js", "full.node.js"], refused: "connect" }, (...asked) =>
    printed("bun", "run", "command.js", ...asked),
  );
});

test("Deno and Bun save to a path", { timeout: 60_000 }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "dualfetch-saving-"));
  t.after(() => rm(folder, { recursive: true }));
  const runs = [
    ["Deno", "@deno", "deno", ["run", "--no-prompt", "--allow-net=127.0.0.1", `--allow-read=${folder}`, `--allow-write=${folder}`]],
    ["Bun", "@oven", "bun", ["run"]],
  ];
  for (const [name, scope, command, args] of runs) {
    if (skipped(t, name, scope)) continue;
    const path = join(folder, "saved");
    assert.deepEqual(await printed(command, ...args, "saving.js", server.url, path), [22, "checksum"], name);
    assert.equal(await readFile(path, "utf8"), "<title>/page/7</title>", name);
    assert.deepEqual(await readdir(folder), ["saved"], name);
  }
});

test("workerd, as Wrangler bundles for it", { timeout: 60_000 }, async (t) => {
  if (skipped(t, "workerd", "@cloudflare")) return;
  const { Miniflare } = await import("miniflare");
  const outdir = join(app.folder, "worker");
  const { metafile } = await build({
    absWorkingDir: app.folder,
    entryPoints: ["worker.js"],
    outdir,
    bundle: true,
    format: "esm",
    conditions: ["workerd", "worker", "browser"],
    loader: { ".wasm": "copy" },
    metafile: true,
  });
  const entries = Object.keys(metafile.inputs).map((path) => /dualfetch\/src\/((?:index|core|full)\..*)/.exec(path)?.[1]);
  await check({ entries: ["index.workerd.js", "core.workerd.js", "full.workerd.js"], refused: "network" }, async (site, refused, sockets) => {
    const workers = new Miniflare({
      scriptPath: join(outdir, "worker.js"),
      modulesRoot: outdir,
      modules: true,
      modulesRules: [
        { type: "ESModule", include: ["**/*.js"] },
        { type: "CompiledWasm", include: ["**/*.wasm"] },
      ],
      compatibilityDate: "2026-04-01",
      bindings: { SITE: site, REFUSED: refused, SOCKETS: sockets },
      // Else it asks Cloudflare where it is.
      cf: false,
    });
    try {
      const answer = await workers.dispatchFetch("http://worker.example/");
      return { entries: entries.filter(Boolean), ...JSON.parse(await answer.text()) };
    } finally {
      await workers.dispose();
    }
  });
});

/** What every run-time must get, and what differs: the entry points that it takes, and what a refused connection is. */
async function check({ entries, refused }, told) {
  most = 0;
  const page = [200, false, "<title>/page/0</title>", "UTF-8"];
  const western = [200, false, "naïve €", "windows-1252"];
  assert.deepEqual(await told(server.url, await nobody(), sockets.url), {
    entries,
    page,
    title: [200, 1, "/page/7", "UTF-8"],
    western,
    chinese: [200, 0, "中文", "gb18030"],
    blob: ["a/b", "x"],
    form: [["a", null, null, "1"], ["file", "x.txt", "text/plain", "content"], "1", "x.txt"],
    titles: [1, 2, 3, 4, 5, 6].map((n) => `/page/${n}`),
    total: ["TimeoutError", "timeout", "total", true, false],
    headers: ["TimeoutError", "timeout", "headers", true, false],
    read: ["TimeoutError", "timeout", "read", true, false],
    refused: ["NetworkError", refused, null, false, true],
    core: [page, western, ["UnsupportedError", "unsupported", null, false, false]],
    full: ["/page/1", "/page/1"],
    talk: ["chat.v1", "grüß", [0, 255], 1, closed(3000, "bye", "client"), ["last"], closed(4001, "so long", "server")],
    broken: ["disconnected", 1006],
    dropped: ["disconnected", 1006],
    large: ["websocket", 1009],
    unopened: [["NetworkError", "network", null, false, true], ["TimeoutError", "timeout", "total", true, false]],
    events: [["1", "1"], ["2", "2"]],
    gateway: [
      [200, "http://behind.example/a?b#c", false, "<title>Behind</title>"],
      "Behind",
      ["NetworkError", "dns", null, false, true],
      ["NetworkError", "proxy", null, false, true],
      ["NetworkError", "proxy", null, false, true],
      // It is no page, and nothing is sent a second way.
      ["NetworkError", refused, null, false, true],
    ],
    inFlight: 0,
  });
  assert.equal(most, 2, "the limit, and no less");
}

function closed(code, reason, by) {
  return { code, reason, by, wasClean: true };
}

/** The one line that a command prints. It keeps to the project's folder and calls nobody's home. */
async function printed(name, ...args) {
  const quiet = { DENO_DIR: join(app.folder, ".deno"), DENO_NO_UPDATE_CHECK: "1", DO_NOT_TRACK: "1", NO_COLOR: "1" };
  const env = { ...process.env, ...quiet, NO_PROXY: "127.0.0.1", no_proxy: "127.0.0.1" };
  const options = { cwd: app.folder, env, timeout: 50_000 };
  const { stdout } = await run(join(tools, ".bin", name), args, options);
  return JSON.parse(stdout);
}

/** Whether there is none here: its builds are a scope's packages, of which npm installs the platform's, or none. */
function skipped(t, name, scope) {
  if (existsSync(join(tools, scope))) return false;
  // With glibc there, where all three have builds.
  const must = existsSync("/lib64/ld-linux-x86-64.so.2");
  assert.ok(!must, `${name} is not installed: npm ci --prefix scripts/npm`);
  t.skip(`npm installed no build of ${name} for ${process.platform} ${process.arch}`);
  return true;
}

/** A URL where nobody listens. */
async function nobody() {
  const listener = createServer();
  await new Promise((done) => listener.listen(0, "127.0.0.1", done));
  const { port } = listener.address();
  await new Promise((done) => listener.close(done));
  return `http://127.0.0.1:${port}/`;
}
