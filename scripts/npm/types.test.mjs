// The npm package's types, as a strict project of somebody else's takes them. `scripts/package` first.
//
//   node --test scripts/npm/types.test.mjs

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { project } from "./packed.mjs";

const tsc = fileURLToPath(new URL("node_modules/.bin/tsc", import.meta.url));
const typeRoots = fileURLToPath(new URL("node_modules/@types", import.meta.url));

const root = new URL("../../", import.meta.url);
const good = `
  import { isWebSocketError, Session, type FetchRow, type Metadata, type SessionEventSource, type SessionWebSocket, type TitleRow } from "dualfetch";
  import { Session as FullSession, type SelectedElement } from "dualfetch/full";

  interface Search { q: string; page?: number; tags: string[]; exact: boolean | null }
  const search: Search = { q: "rust", tags: ["a", "b"], exact: null };

  export async function run(signal: AbortSignal) {
    const session = new Session({ timeout: { wall: 1000 } });
    await session.get("https://example.com/", { params: search, signal });
    await session.get("https://example.com/", { params: { q: "rust", page: 2n, tags: ["a", 1, true], no: undefined } });
    for (const params of ["q=rust", new URLSearchParams("q=rust"), new Map([["q", "rust"]]), [["q", ["a", "b"]]] as const]) {
      await session.title("https://example.com/", { params });
    }
    const titles: TitleRow[] = [];
    for await (const row of session.titles(["https://example.com/"], { params: search })) titles.push(row);
    const rows: FetchRow[] = [];
    for await (const row of session.fetchAll([{ url: "https://example.com/", params: search }])) rows.push(row);
    const api = session.extend({
      baseUrl: new URL("https://api.example/v1/"),
      auth: { user: "me", password: "pw", digest: false },
      searchParams: search,
      hooks: { beforeRequest: [async ({ request }) => request.headers.set("x-a", "1")], beforeError: [({ error }) => error] },
      middleware: async (request, next) => next(request),
      raiseForStatus: ({ status, url }) => status > 400 && url !== "",
      redirect: "same-origin",
    });
    const response = await api.post("items", { form: { a: [1, 2] }, auth: null, throwHttpErrors: (status) => status === 418 });
    for await (const line of response.lines({ encoding: "utf-8" })) line.trim();
    for await (const block of response.blocks(4096)) block.byteLength;
    for await (const part of response.multipart({ maxParts: 3 })) {
      const file: string | null = part.fileName;
      for await (const inner of part.multipart()) console.log(file, inner.name, await inner.text());
    }
    console.log((await response.formData()).get("a"));
    for await (const { event, data, retry } of response.events({ anyType: true })) console.log(event, data.length, (retry ?? 0) + 1);
    for await (const { id } of response.jsonLines<{ id: number }>()) console.log(id + 1);
    const chat: SessionWebSocket = await session.websocket("wss://chat.example/", { protocols: ["v1"], signal, timeout: { headers: 9 }, priority: "high" });
    for await (const message of chat) await chat.send(typeof message === "string" ? message.trim() : message);
    const told: { code: number } | null = (await chat.receiveJson<{ a: 1 }>()).a === 1 ? chat.closed : await chat.close(3000, "bye");
    const events: SessionEventSource = session.eventSource("https://a.example/", { method: "POST", json: {}, onLost: ({ error, pause }) => console.log(error?.code, pause + 1) });
    for await (const { data } of events) if (isWebSocketError(data)) console.log(data.closeCode + 1, events.lastEventId, told?.code);
    new Session({ WebSocket: globalThis.WebSocket }).close();
    await api.put("files", { body: new FormData() });
    const next: string | undefined = response.link("next")?.url;
    const name: string | null | undefined = response.contentDisposition?.safeFileName;
    await (await response.errorForStatus()).text("latin1");
    console.log(next, name, response.timing.queue, response.mimeType);
    session[Symbol.dispose]();
    const full = new FullSession({ limit: 1 });
    const page = await full.page("https://example.com/", { metadata: "head", html: true, signal });
    const metadata: Metadata | null = page.metadata;
    const picked: SelectedElement[] = page.select("a[href]");
    for await (const { metadata } of full.titles([], { metadata: "page" })) metadata?.openGraph[0].content;
    return [titles, rows, metadata?.canonical?.value, picked[0].attributes["href"]];
  }
`;
const using = `
  import { Session } from "dualfetch";
  export function run() {
    using session = new Session();
    return session.figures();
  }
  export async function chat(session: Session) {
    await using socket = await session.websocket("wss://chat.example/");
    await using events = session.eventSource("https://a.example/");
    return [await socket.receive(), (await events.next()).value];
  }
`;
// Each line is an error; what the compiler does not see there, it reports.
const bad = `
  import { Session } from "dualfetch";
  const session = new Session();
${["new Date()", "() => 1", "7", "null", "new Map([[\"q\", {}]])", "[[\"q\"]]"]
  .map((params) => `  // @ts-expect-error\n  void session.get("https://example.com/", { params: ${params} });`)
  .join("\n")}
${["proxy: \"http://p.example\"", "cookies: true", "hooks: { beforeRetry: [() => {}] }", "redirect: \"never\"", "auth: { token: \"x\" }", "middleware: () => 7", "form: 7"]
  .map((option) => `  // @ts-expect-error\n  void session.post("https://example.com/", { ${option} });`)
  .join("\n")}
${["headers: {}", "auth: null", "heartbeat: 1", "compress: true", "keepalive: true", "maxMessageSize: \"1\""]
  .map((option) => `  // @ts-expect-error\n  void session.websocket("wss://a.example/", { ${option} });`)
  .join("\n")}
  // @ts-expect-error
  session.eventSource("https://a.example/", { retryTime: 7 });
  // @ts-expect-error
  void session.websocket("wss://a.example/").then((socket) => socket.send(7));
  // @ts-expect-error
  session.extend({ limit: 7 });
  // @ts-expect-error
  void session.page("https://example.com/", { metadata: "body" });
  // @ts-expect-error
  void session.page("https://example.com/", { html: true }).then((page) => page.select("p"));
`;

let app, remove;
before(async () => {
  ({ folder: app, remove } = await project({ "good.ts": good, "using.ts": using, "bad.ts": bad, ...(await examples()) }));
});
after(() => remove?.());

const disposable = "es2022,dom,dom.iterable,esnext.disposable";
const plain = "es2022,dom,dom.iterable";

test("without the library of `Symbol.dispose`", () => compiles(["good.ts", "bad.ts"], plain));
test("with it, and `using`", () => compiles(["good.ts", "using.ts", "bad.ts"], disposable));
test("with Node's types, and either", async () => {
  for (const lib of [plain, disposable]) await compiles(["good.ts", "using.ts"], lib, "--typeRoots", typeRoots, "--types", "node");
});

test("what the READMEs show", async () => {
  const files = Object.keys(await examples());
  assert.ok(files.length >= 3, `${files}`);
  await compiles(files, plain, "--typeRoots", typeRoots, "--types", "node");
});

async function examples() {
  const files = {};
  for (const path of ["README.md", "pkg/README.md"]) {
    const blocks = (await readFile(new URL(path, root), "utf8")).matchAll(/^```js\n(.*?)^```$/gms);
    for (const [nth, [, code]] of [...blocks].entries()) files[`${path.replace(/\W/g, "-")}-${nth}.ts`] = code;
  }
  return files;
}

async function compiles(files, lib, ...more) {
  const options = ["--strict", "--noEmit", "--target", "es2022", "--module", "nodenext", "--skipLibCheck", "false"];
  try {
    await promisify(execFile)(tsc, [...options, "--lib", lib, ...more, ...files], { cwd: app, timeout: 120_000 });
  } catch (failure) {
    assert.fail(failure.stdout || failure.message);
  }
}
