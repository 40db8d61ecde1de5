// What a session sets for its requests: base URL, parameters, who is asking; and bodies by their kind.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { isInputError, isRedirectError, isStatusError, isUnsupportedError, Session } from "dualfetch";

import { serve, until } from "./server.mjs";

let server, other;
before(async () => {
  const echo = (response, asked) => response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(asked));
  const routes = {
    "/echo": echo,
    "/v1/users": echo,
    "/users": echo,
    "/title": (response) => response.writeHead(200, { "content-type": "text/html" }).end("<title>here</title>"),
    "/to-echo": (response) => response.writeHead(302, { location: "/echo" }).end(),
    "/away": (response) => response.writeHead(307, { location: `${other.url}/echo` }).end(),
    "/teapot": (response) => response.writeHead(418).end("short and stout"),
    "/slow-teapot": (response) => response.writeHead(418).write("sho"),
    "/fields": (response) => {
      for (let i = 0; i < 30; i += 1) response.setHeader(`x-${i}`, "y".repeat(400));
      response.end();
    },
  };
  [server, other] = await Promise.all([serve(routes), serve(routes)]);
});
after(() => Promise.all([server.close(), other.close()]));

const json = async (asking) => (await asking).json();

test("URLs are joined to the base as RFC 3986 says, by either name of the option", async () => {
  for (const name of ["baseUrl", "prefixUrl"]) {
    const session = new Session({ [name]: `${server.url}/v1/` });
    const path = async (url) => (await json(session.get(url))).url;
    assert.equal(await path("users?page=2"), "/v1/users?page=2");
    assert.equal(await path("/users"), "/users");
    assert.equal(await path("../users"), "/users");
    assert.equal(await path(`${other.url}/echo`), "/echo");
    assert.equal(await path(new URL(`${other.url}/echo`)), "/echo");
    assert.equal((await json(new Session().get("users", { [name]: `${server.url}/v1/` }))).url, "/v1/users");
  }
  assert.equal((await json(new Session({ baseUrl: new URL(server.url) }).get("echo"))).url, "/echo");
});

test("titles and lists are joined to the base, too", async () => {
  const session = new Session({ baseUrl: server.url });
  assert.equal((await session.title("title")).title, "here");
  for await (const row of session.titles(["title"])) assert.deepEqual([row.title, row.url], ["here", "title"]);
  for await (const row of session.fetchAll(["echo", { url: "/echo" }])) assert.equal((await row.response.json()).url, "/echo");
});

test("a base in which something would be lost is refused in the words that Rust has", () => {
  for (const name of ["baseUrl", "prefixUrl"]) {
    for (const [base, why] of [
      ["https://a.example/v1", /must end in a slash/],
      ["https://a.example/?x=1", /a query or fragment would be lost/],
      ["https://a.example/#", /a query or fragment would be lost/],
      ["ftp://a.example/", /only http and https/],
      [7, /a string or URL, not 7/],
    ]) {
      assert.throws(() => new Session({ [name]: base }), { code: "invalid_option", option: name, message: why });
    }
    assert.throws(() => new Session({ [name]: "/v1/" }), { code: "invalid_url" });
  }
});

test("an option that is set by two of its names is refused", () => {
  for (const [one, two, value] of [
    ["baseUrl", "prefixUrl", "https://a.example/"],
    ["params", "searchParams", "a=1"],
    ["raiseForStatus", "throwHttpErrors", true],
    ["redirect", "followRedirects", true],
  ]) {
    const options = { [one]: one === "redirect" ? "follow" : value, [two]: value };
    assert.throws(() => new Session(options), { code: "invalid_option", option: two });
  }
});

test("parameters by either name, a session's before a request's, and once over a redirect", async () => {
  const session = new Session({ searchParams: { key: "7" } });
  const url = async (path, options) => (await json(session.get(server.url + path, options))).url;
  assert.equal(await url("/echo"), "/echo?key=7");
  assert.equal(await url("/echo?x=1", { params: [["a", "1"], ["a", "2"]] }), "/echo?x=1&key=7&a=1&a=2");
  assert.equal(await url("/echo", { searchParams: new URLSearchParams("b=2") }), "/echo?key=7&b=2");
  assert.equal(await url("/to-echo", { params: "a=1" }), "/echo");
  assert.equal((await session.title(`${server.url}/title`)).finalUrl, `${server.url}/title?key=7`);
  await assert.rejects(session.get(server.url, { searchParams: 7 }), { option: "searchParams" });
  assert.throws(() => new Session({ params: 7 }), { option: "params" });
});

test("forms and JSON, each with its type unless that is set", async () => {
  const sent = async (options) => {
    const { body, headers } = await json(new Session().post(`${server.url}/echo`, options));
    return [body, headers["content-type"]];
  };
  const type = "application/x-www-form-urlencoded";
  assert.deepEqual(await sent({ form: { name: "Zoë", tag: ["a", "b"], no: undefined } }), ["name=Zo%C3%AB&tag=a&tag=b", type]);
  assert.deepEqual(await sent({ form: [["a b", "1&2"]] }), ["a+b=1%262", type]);
  assert.deepEqual(await sent({ form: new URLSearchParams("x=y") }), ["x=y", type]);
  assert.deepEqual(await sent({ form: { a: 1 }, headers: { "Content-Type": "x/y" } }), ["a=1", "x/y"]);
  assert.deepEqual(await sent({ json: null }), ["null", "application/json"]);
  const post = (options) => new Session().post(server.url, options);
  await assert.rejects(post({ form: 7 }), { code: "invalid_option", option: "form" });
  await assert.rejects(post({ form: { a: 1 }, json: 1 }), { code: "invalid_option", option: "json" });
  await assert.rejects(post({ form: { a: 1 }, body: "x" }), { code: "invalid_option", option: "form" });
  await assert.rejects(new Session().request(server.url, { form: {} }), { code: "invalid_option", option: "form" });
});

test("who is asking: basic in UTF-8, bearer, a request's over the session's, none by null", async () => {
  const session = new Session({ auth: { user: "Zoë", password: "pässword" } });
  const seen = async (options) => (await json(session.get(`${server.url}/echo`, options))).headers.authorization;
  assert.equal(await seen(), `Basic ${Buffer.from("Zoë:pässword").toString("base64")}`);
  assert.equal(await seen({ auth: { bearer: "token" } }), "Bearer token");
  assert.equal(await seen({ headers: { Authorization: "own" } }), "own");
  assert.equal(await seen({ auth: null }), undefined);
  const [, rest] = server.url.split("//");
  assert.equal((await json(session.get(`http://me:pw@${rest}/echo`))).headers.authorization, `Basic ${btoa("me:pw")}`);
  assert.equal((await json(new Session({ auth: { user: "u" } }).get(`${server.url}/echo`))).headers.authorization, `Basic ${btoa("u:")}`);
  for (const auth of ["u:p", {}, { user: "a:b" }, { password: "x" }, { user: "a", bearer: "b" }, { bearer: 7 }, { token: "x" }]) {
    assert.throws(() => new Session({ auth }), (thrown) => isInputError(thrown) && thrown.option.startsWith("auth"), JSON.stringify(auth));
  }
  assert.throws(() => new Session({ auth: { bearer: "x" }, headers: { authorization: "y" } }), { option: "auth" });
});

test("what proves who is asking stays at the base's origin, and behind when a redirect leaves", async () => {
  const headers = { authorization: "secret", cookie: "a=1", "x-kind": "robot" };
  const based = new Session({ baseUrl: server.url, headers });
  const seen = async (session, url) => {
    const { authorization, cookie, "x-kind": kind } = (await json(session.get(url))).headers;
    return [authorization, cookie, kind];
  };
  assert.deepEqual(await seen(based, "echo"), ["secret", "a=1", "robot"]);
  assert.deepEqual(await seen(based, `${other.url}/echo`), [undefined, undefined, "robot"]);
  assert.deepEqual(await seen(based, "/away"), [undefined, undefined, "robot"]);
  const anywhere = new Session({ headers });
  assert.deepEqual(await seen(anywhere, `${other.url}/echo`), ["secret", "a=1", "robot"]);
  assert.deepEqual(await seen(anywhere, `${server.url}/away`), [undefined, undefined, "robot"]);
  const elsewhere = anywhere.extend({ baseUrl: server.url });
  assert.deepEqual(await seen(elsewhere, `${other.url}/echo`), [undefined, undefined, "robot"]);
  const moved = based.extend({ baseUrl: other.url });
  assert.deepEqual(await seen(moved, "echo"), [undefined, undefined, "robot"]);
  assert.deepEqual(await seen(based.extend({ baseUrl: other.url, auth: { bearer: "new" } }), "echo"), ["Bearer new", undefined, "robot"]);
  assert.deepEqual(await seen(based.extend({ baseUrl: `${server.url}/v1/` }), "/echo"), ["secret", "a=1", "robot"]);
});

test("a session's header fields of one name are all sent, and a request's take their place", async () => {
  const session = new Session({ headers: [["x-a", "1"], ["x-a", "2"]], userAgent: "robot/1" });
  const seen = async (options) => (await json(session.get(`${server.url}/echo`, options))).headers;
  assert.equal((await seen())["x-a"], "1, 2");
  assert.equal((await seen())["user-agent"], "robot/1");
  const own = await seen({ headers: { "X-A": "3" }, userAgent: "robot/2" });
  assert.deepEqual([own["x-a"], own["user-agent"]], ["3", "robot/2"]);
  assert.throws(() => new Session({ userAgent: 7 }), { option: "userAgent" });
  assert.throws(() => new Session({ userAgent: "x", headers: { "User-Agent": "y" } }), { option: "userAgent" });
});

test("redirects by word", async () => {
  const session = new Session();
  const get = (path, redirect) => session.get(server.url + path, { redirect });
  assert.equal((await get("/to-echo", "follow")).status, 200);
  assert.equal((await get("/to-echo", "manual")).status, 302);
  assert.equal((await get("/to-echo", "same-origin")).status, 200);
  await assert.rejects(get("/to-echo", "error"), (thrown) => isRedirectError(thrown) && thrown.code === "redirect");
  await assert.rejects(get("/away", "same-origin"), (thrown) => isRedirectError(thrown) && /policy refuses it/.test(thrown.message));
  await assert.rejects(new Session({ redirect: "error" }).get(`${server.url}/to-echo`), { code: "redirect" });
  await assert.rejects(get("/echo", "never"), { code: "invalid_option", option: "redirect" });
});

test("a function decides on each redirect", async () => {
  const asked = [];
  const session = new Session({ redirect: (redirect) => (asked.push(redirect), new URL(redirect.to).host === new URL(redirect.from).host ? "follow" : "error") });
  const to = `${server.url}/echo`;
  assert.equal((await session.get(`${server.url}/to-echo`)).url, to);
  assert.deepEqual(asked, [{ status: 302, from: `${server.url}/to-echo`, to, method: "GET" }]);
  await assert.rejects(session.get(`${server.url}/away`), { name: "RedirectError", code: "redirect" });
  const get = (redirect) => session.get(`${server.url}/to-echo`, { redirect });
  assert.equal((await get(() => "manual")).status, 302);
  assert.equal((await get("follow")).status, 200);
  for (const refusing of [() => "error", () => undefined, () => true, () => { throw new Error("mine"); }]) {
    await assert.rejects(get(refusing), { code: "redirect" });
  }
  const extended = session.extend({ redirect: "manual" });
  assert.equal((await extended.get(`${server.url}/to-echo`)).status, 302);
  assert.equal((await extended.get(`${server.url}/to-echo`, { redirect: () => "follow" })).status, 200);
});

test("the size of a head is bounded", async () => {
  const get = (options) => new Session(options).get(`${server.url}/fields`);
  assert.equal((await get({ maxHeaders: 100, maxHeaderBytes: 20_000 })).status, 200);
  await assert.rejects(get({ maxHeaders: 10 }), { name: "NetworkError", code: "headers_too_large", message: /\d fields; .* is 10/ });
  await assert.rejects(get({ maxHeaderBytes: 8192 }), { code: "headers_too_large", message: /\d bytes; .* is 8192/ });
  await assert.rejects(get({ maxHeaderBytes: 100 }), { code: "invalid_option", option: "maxHeaderBytes" });
  for (const name of ["maxHeaders", "maxHeaderBytes"]) {
    for (const value of [-1, 0.5, "7", null]) assert.throws(() => new Session({ [name]: value }), { option: name });
  }
});

test("a function says which statuses are errors; ky's name gives it the status alone", async () => {
  const not404 = ({ status, url, headers }) => status >= 400 && url.endsWith("/teapot") && !headers.has("x-fine");
  const session = new Session({ raiseForStatus: not404 });
  assert.equal((await session.get(`${server.url}/nothing`)).status, 404);
  await assert.rejects(session.get(`${server.url}/teapot`), (thrown) => isStatusError(thrown) && thrown.status === 418 && thrown.body === "short and stout");
  assert.equal((await session.get(`${server.url}/teapot`, { raiseForStatus: false })).status, 418);
  await assert.rejects(session.get(`${server.url}/nothing`, { raiseForStatus: true }), { code: "status" });
  const ky = new Session({ throwHttpErrors: (status) => status === 404 });
  await assert.rejects(ky.get(`${server.url}/nothing`), { code: "status", status: 404 });
  await assert.rejects(ky.get(`${server.url}/teapot`, { throwHttpErrors: true }), { code: "status", status: 418 });
  await assert.rejects(session.get(`${server.url}/echo`, { raiseForStatus: async () => false }), { option: "raiseForStatus" });
  const mine = new Error("mine");
  const throwing = session.get(`${server.url}/echo`, { raiseForStatus: () => { throw mine; } });
  await assert.rejects(throwing, mine);
  const rows = [];
  const urls = ["/nothing", "/teapot"].map((path) => server.url + path);
  for await (const { response, error } of session.fetchAll(urls, { ordered: true })) rows.push(response?.status ?? error.code);
  assert.deepEqual(rows, [404, "status"]);
  await assert.rejects(session.title(`${server.url}/title`), { code: "unsupported", feature: "raiseForStatus" });
});

test("a status that is an error has the start of its body, but in rows and for titles", async () => {
  const session = new Session({ raiseForStatus: true });
  await assert.rejects(session.get(`${server.url}/teapot`), (thrown) => {
    assert.deepEqual([thrown.status, thrown.body, thrown.attempts, thrown.url], [418, "short and stout", 1, `${server.url}/teapot`]);
    return true;
  });
  const urls = [`${server.url}/teapot`, `${server.url}/title`];
  const told = [];
  for await (const { error } of session.fetchAll(urls, { ordered: true })) told.push(error && [error.code, error.body]);
  for await (const { error, status } of session.titles(urls, { ordered: true })) told.push(error ? [error.code, error.body, status] : status);
  assert.deepEqual(told, [["status", null], null, ["status", null, 418], 200]);
  await assert.rejects(session.title(urls[0]), { code: "status", status: 418 });
  assert.equal((await session.title(urls[0], { raiseForStatus: false })).status, 418);
  // A body that does not come on is not waited for.
  await assert.rejects(session.get(`${server.url}/slow-teapot`), { status: 418, body: "sho" });
  server.seen.length = 0;
  const reason = new Error("enough");
  const controller = new AbortController();
  const slow = session.get(`${server.url}/slow-teapot`, { signal: controller.signal });
  await until(() => server.seen.some(({ path }) => path === "/slow-teapot"));
  await new Promise((done) => setTimeout(done, 20));
  controller.abort(reason);
  await assert.rejects(slow, reason);
  const retried = session.get(`${server.url}/nothing`, { retry: { attempts: 2, backoff: 1 } });
  await assert.rejects(retried, { status: 404, body: null, attempts: 1 });
});

test("what no platform's fetch can do is refused by name, in sessions and requests", async () => {
  const kept = ["compress", "cookieJar", "cookies", "forceClose", "keepAlive", "maxIdlePerHost", "onUploadProgress", "skipAutoHeaders"];
  const places = ["addressFamily", "dns", "dnsCache", "happyEyeballs", "interface", "localAddress", "resolve", "resolver", "unixSocket"];
  const ways = ["httpVersion", "netrc", "proxies", "proxy", "safeMode", "tcpKeepalive", "tcpNodelay"];
  for (const name of [...kept, ...places, ...ways, "certificates", "tls"]) {
    for (const value of [true, false, null, {}]) {
      const refused = (thrown) => isUnsupportedError(thrown) && thrown.feature === name && thrown.message.includes(name);
      assert.throws(() => new Session({ [name]: value }), refused, name);
      await assert.rejects(new Session().get(server.url, { [name]: value }), refused, name);
    }
    assert.ok(new Session({ [name]: undefined }));
  }
  assert.ok(new Session({ autoDecompress: true }));
  assert.throws(() => new Session({ autoDecompress: false }), { code: "unsupported", feature: "autoDecompress" });
  assert.throws(() => new Session({ autoDecompress: 1 }), { code: "invalid_option", option: "autoDecompress" });
});
