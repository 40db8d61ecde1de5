// A page that reads sites which do not allow it, through `dualfetch serve`, in headless Chromium.
//
//   cargo build --features cli && scripts/package && node --test scripts/npm/gateway.test.mjs

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, beforeEach, test } from "node:test";
import { gzipSync } from "node:zlib";

import { realGateway } from "../../pkg/test/real.mjs";
import { serve, until } from "../../pkg/test/server.mjs";
import { launch } from "./chromium.mjs";
import { servePage } from "./page.mjs";

let target, page, gateway, other, browser, stranger;
before(async () => {
  target = await serve({
    "/": (response) => response.writeHead(200, { "content-type": "text/html; charset=windows-1252", "x-own": "1" }).end(Buffer.from("<title>Gr\xfc\xdfe</title>", "latin1")),
    "/bare": (response) => response.writeHead(200).end("<title>Bare</title>"),
    "/zipped": (response) => {
      const zipped = gzipSync(`<title>Zipped</title>${"x".repeat(100_000)}`);
      response.writeHead(200, { "content-type": "text/html", "content-encoding": "gzip", "content-length": zipped.length }).end(zipped);
    },
    "/open": (response) => response.writeHead(200, { "content-type": "text/html", "access-control-allow-origin": "*" }).end("<title>Open</title>"),
    "/redirect": (response) => response.writeHead(302, { location: "/?moved" }).end(),
    "/cut": (response) => {
      response.writeHead(200, { "content-type": "text/plain", "content-length": "100" });
      response.write("start", () => response.destroy());
    },
    "/nowhere": (response) => response.writeHead(302).end("<title>Nowhere</title>"),
    "/log-in": (response) => response.writeHead(407, { "proxy-authenticate": "Basic" }).end("<title>Log in</title>"),
    "/slow/*": (response) => setTimeout(() => response.writeHead(200, { "content-type": "text/html" }).end("<title>Slow</title>"), 200),
    "/empty": (response) => response.writeHead(204).end(),
    "/echo": (response, asked) => response.writeHead(200, { "content-type": "application/json" }).end(asked.method === "HEAD" ? undefined : JSON.stringify(asked)),
    "/endless": (response) => {
      response.writeHead(200, { "content-type": "text/html" });
      response.write("<title>Endless</title>");
      const timer = setInterval(() => response.write("x".repeat(40_000)), 5);
      response.on("close", () => clearInterval(timer));
    },
  });
  page = await servePage();
  gateway = await realGateway("--origin", new URL(page.url).origin);
  other = await realGateway("--origin", "https://another.example");
  stranger = createServer((request, response) => {
    const fields = { "access-control-allow-origin": "*", "access-control-allow-headers": "authorization" };
    if (request.url.startsWith("/moved/")) response.writeHead(302, { ...fields, location: `${target.url}/open` }).end();
    else response.writeHead(200, { ...fields, "content-type": "text/html" }).end("<title>Please log in</title>");
  });
  await new Promise((done) => stranger.listen(0, "127.0.0.1", done));
  browser = await launch();
});
after(async () => {
  await browser?.close();
  stranger?.close();
  page?.close();
  for (const one of [target, gateway, other]) await one?.close();
});
beforeEach(() => {
  target.seen.length = 0;
});

test("a page reads through the gateway what it may not read itself", async () => {
  const told = await inPage(async ({ url, gateway }) => {
    const { Session } = await import("dualfetch");
    const plain = await new Session().title(url).catch(({ code }) => code);
    const session = new Session({ gateway });
    const response = await session.get(`${url}/redirect`);
    const head = [response.status, response.url, response.redirected, Object.fromEntries(response.headers)];
    const rows = [];
    for await (const row of session.titles([url, `${url}/bare`, `${url}/endless`, `${url}/zipped`], { ordered: true })) rows.push([row.title, row.titleSource, row.encoding]);
    const echoed = await (await session.post(`${url}/echo`, { json: { a: "ü" } })).json();
    const statuses = [(await session.head(`${url}/echo`)).status, (await session.get(`${url}/empty`)).status];
    const whole = await session.get(`${url}/zipped`);
    const zipped = [(await whole.bytes()).length, whole.headers.get("content-encoding")];
    return { zipped, plain, head, text: await response.text(), rows, echoed, statuses };
  }, { url: target.url, gateway: { url: gateway.url, key: gateway.key } });
  assert.equal(told.plain, "network");
  const [status, url, redirected, { date: _, ...headers }] = told.head;
  assert.deepEqual([status, url, redirected], [200, `${target.url}/?moved`, true]);
  assert.deepEqual(headers, { "content-type": "text/html; charset=windows-1252", "x-own": "1" });
  assert.equal(told.text, "<title>Grüße</title>");
  assert.deepEqual(told.rows, [["Grüße", "head", "windows-1252"], ["Bare", "head", "UTF-8"], ["Endless", "head", "UTF-8"], ["Zipped", "head", "UTF-8"]]);
  assert.deepEqual(told.zipped, [100_021, "gzip"]);
  assert.deepEqual([told.echoed.method, told.echoed.body, told.echoed.headers.origin, told.echoed.headers.authorization], ["POST", '{"a":"ü"}', undefined, undefined]);
  assert.deepEqual(told.statuses, [200, 204]);
  await until(() => target.held.size === 0);
});

test("of itself a page takes the gateway only where it is told nothing, and at once from then on", async () => {
  const told = await inPage(async ({ url, gateway }) => {
    const { Session } = await import("dualfetch");
    const session = new Session({ gateway: { ...gateway, auto: true } });
    const titles = [];
    for (const path of ["/open", "/", "/", "/open"]) titles.push((await session.title(url + path)).title);
    const own = await session.get("/");
    const posted = await session.post(`${url}/echo`, { body: "x" }).catch(({ code }) => code);
    return { titles, own: [own.status, own.url], posted };
  }, { url: target.url, gateway: { url: gateway.url, key: gateway.key } });
  assert.deepEqual(told, { titles: ["Open", "Grüße", "Grüße", "Open"], own: [200, page.url], posted: "network" });
  const agents = target.seen.map(({ path, headers }) => [path, /^dualfetch\//.test(headers["user-agent"])]);
  // The second one came by itself and through the gateway; a POST has arrived, and is not sent again.
  assert.deepEqual(agents, [["/open", false], ["/", false], ["/", true], ["/", true], ["/open", true], ["/echo", false]]);
});

test("a status that a browser acts upon itself is shown to the page, and the fragment that it asked for", async () => {
  const told = await inPage(async ({ url, gateway }) => {
    const { Session } = await import("dualfetch");
    const session = new Session({ gateway });
    const all = [];
    for (const path of ["/nowhere", "/log-in", "/bare#part"]) {
      const response = await session.get(url + path);
      all.push([response.status, response.ok, response.url.slice(url.length), await response.text()]);
    }
    const plain = await session.fetch(`${url}/log-in`);
    const rows = [];
    for await (const { status, title } of session.titles([`${url}/nowhere`, `${url}/log-in`], { ordered: true })) rows.push([status, title]);
    return { all, plain: [plain instanceof Response, plain.status, plain.ok], rows };
  }, { url: target.url, gateway: { url: gateway.url, key: gateway.key } });
  assert.deepEqual(told.all, [
    [302, false, "/nowhere", "<title>Nowhere</title>"],
    [407, false, "/log-in", "<title>Log in</title>"],
    [200, true, "/bare#part", "<title>Bare</title>"],
  ]);
  assert.deepEqual(told.plain, [true, 407, false]);
  assert.deepEqual(told.rows, [[302, "Nowhere"], [407, "Log in"]]);
});

test("of itself a page sends the gateway nothing that it would have to ask the site for, and no fault of its own fetch", async () => {
  const told = await inPage(async ({ url, gateway }) => {
    const { Session } = await import("dualfetch");
    const failed = async (session, headers) => {
      const { code, message } = await session.get(`${url}/`, { headers }).catch((error) => error);
      return [code, message];
    };
    const auto = { ...gateway, auto: true };
    return [
      await failed(new Session({ gateway: auto }), { "x-api-key": "secret" }),
      await failed(new Session({ gateway: auto, fetch: async () => undefined.headers }), {}),
    ];
  }, { url: target.url, gateway: { url: gateway.url, key: gateway.key } });
  assert.deepEqual(told.map(([code]) => code), ["network", "network"]);
  assert.match(told[0][1], /Failed to fetch.*not sent through the gateway: headers\.x-api-key/);
  assert.doesNotMatch(told[1][1], /gateway/);
  // The browser asks the site whether the field may be sent, and that is all.
  assert.deepEqual(target.seen.map(({ method, headers }) => [method, headers["x-api-key"]]), [["OPTIONS", undefined]]);
});

test("a page has no more under way than a browser has connections to a gateway without TLS", async () => {
  const peak = await inPage(async ({ url, gateway }) => {
    const { Session } = await import("dualfetch");
    const session = new Session({ gateway, limitPerHost: 0 });
    let peak = 0;
    for await (const { error } of session.titles(Array.from({ length: 12 }, (_, at) => `${url}/slow/${at}`), { onProgress: () => (peak = Math.max(peak, session.figures().inFlight)) })) {
      if (error) throw error;
      peak = Math.max(peak, session.figures().inFlight);
    }
    return peak;
  }, { url: target.url, gateway: { url: gateway.url, key: gateway.key } });
  assert.ok(peak > 0 && peak <= 6, `${peak}`);
});

test("a page is told what failed", async () => {
  const told = await inPage(async ({ url, gateway }) => {
    const { Session } = await import("dualfetch");
    const session = new Session({ gateway });
    const failed = async (url) => {
      const { name, code, message } = await session.get(url).catch((error) => error);
      return [name, code, message];
    };
    const cut = await session.get(`${url}/cut`).then((response) => response.text()).catch(({ code, phase = null }) => [code, phase]);
    return [await failed("http://nowhere.invalid/"), await failed("http://192.168.0.1/"), cut];
  }, { url: target.url, gateway: { url: gateway.url, key: gateway.key } });
  assert.deepEqual(told.pop(), ["network", null], "after the head");
  assert.deepEqual(told.map(([name, code]) => [name, code]), [["NetworkError", "dns"], ["NetworkError", "denied"]]);
  for (const [, , message] of told) assert.doesNotMatch(message, /cannot tell/);
});

test("a gateway that refuses the page, its key or its origin is named", async () => {
  const own = [gateway.url, { url: gateway.url, key: "df_wrong" }, { url: other.url, key: other.key }, `http://127.0.0.1:${stranger.address().port}/in`, `http://127.0.0.1:${stranger.address().port}/moved`];
  const told = await inPage(async ({ url, own }) => {
    const { Session } = await import("dualfetch");
    const failed = async (gateway) => {
      const { code, message } = await new Session({ gateway }).title(url).catch((error) => error);
      return [code, message];
    };
    return Promise.all(own.map(failed));
  }, { url: target.url, own });
  const expected = [["proxy", /unauthorized/], ["proxy", /unauthorized/], ["network", /could not be reached: .*not allow http:\/\/127/], ["proxy", /no dualfetch gateway \(status 200/], ["proxy", /no dualfetch gateway \(a redirect/]];
  for (const [at, [code, words]] of expected.entries()) {
    assert.equal(told[at][0], code, told[at][1]);
    assert.match(told[at][1], words);
  }
  assert.equal(target.seen.length, 0);
});

test("a page that turns away ends the request behind the gateway within a second", async () => {
  const asking = await browser.newPage();
  await asking.goto(page.url);
  const read = asking.evaluate(async ({ url, gateway }) => {
    const { Session } = await import("dualfetch");
    const response = await new Session({ gateway }).get(url);
    const reader = response.body.getReader();
    await reader.read();
    window.reader = reader;
  }, { url: `${target.url}/endless`, gateway: { url: gateway.url, key: gateway.key } });
  await read;
  assert.equal(target.held.size, 1);
  const started = performance.now();
  await asking.close();
  await until(() => target.held.size === 0);
  assert.ok(performance.now() - started < 1000);
});

async function inPage(run, given) {
  const asking = await browser.newPage();
  try {
    await asking.goto(page.url);
    return await asking.evaluate(run, given);
  } finally {
    await asking.close();
  }
}
