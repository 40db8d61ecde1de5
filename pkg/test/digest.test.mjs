// Digest authentication, against a server that checks each answer by Node's own digests.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, afterEach, before, test } from "node:test";

import * as plain from "dualfetch";
import * as core from "dualfetch/core";
import { isUnsupportedError, Session } from "dualfetch/full";

import { serve } from "./server.mjs";

const REALM = "a realm";
const USER = "Müfasa";
const PASSWORD = "Circle of Lüfe";
const auth = { user: USER, password: PASSWORD, digest: true };

let server;
let other;
let nonce = 0;
const issued = new Set();
const taken = [];
const wrong = [];

/** Answers `routes` to who proves to know the password. */
const guarded = (algorithm, hash, qop) => (response, asked) => {
  const given = asked.headers.authorization;
  if (given !== undefined) {
    const why = fault(given, asked, hash, qop);
    if (why === undefined) {
      const page = `<title>${asked.method} ${asked.url}</title>${asked.body}`;
      return response.writeHead(200, { "content-type": "text/html" }).end(page);
    }
    wrong.push(why);
  }
  issued.add(`n${++nonce}`);
  const challenge = `Digest realm="${REALM}", nonce="n${nonce}", qop="${qop}", algorithm=${algorithm}, opaque="o"`;
  return response.writeHead(401, { "www-authenticate": challenge }).end("who?");
};

function fault(given, { method, url, body }, algorithm, qop) {
  const fields = Object.fromEntries([...given.matchAll(/([a-z]+)=(?:"([^"]*)"|([^, ]*))/g)].map(([, name, quoted, bare]) => [name, quoted ?? bare]));
  const hash = (text) => createHash(algorithm).update(text).digest("hex");
  const message = qop === "auth-int" ? `${method}:${url}:${hash(body)}` : `${method}:${url}`;
  const secret = hash(`${USER}:${REALM}:${PASSWORD}`);
  const expected = hash(`${secret}:${fields.nonce}:${fields.nc}:${fields.cnonce}:${fields.qop}:${hash(message)}`);
  const name = /username="([^"]*)"/.exec(given)?.[1];
  if (Buffer.from(name ?? "", "latin1").toString() !== USER || fields.realm !== REALM) return `not who is asked for: ${given}`;
  if (!issued.has(fields.nonce)) return `not a nonce of this server's: ${given}`;
  if (fields.response !== expected || fields.uri !== url || fields.qop !== qop) return `not right: ${given}`;
  const use = `${fields.nonce} ${fields.nc}`;
  if (taken.includes(use)) return `${use} again`;
  taken.push(use);
  return undefined;
}

const routes = {
  "/md5/*": guarded("MD5", "md5", "auth"),
  "/sha/*": guarded("SHA-256", "sha256", "auth"),
  "/int/*": guarded("SHA-512-256", "sha512-256", "auth-int"),
  "/to/*": (response) => response.writeHead(302, { location: "/sha/there?x=1" }).end(),
  "/open/*": (response, asked) => response.writeHead(200).end(asked.headers.authorization ?? "nobody"),
};

before(async () => {
  server = await serve({ ...routes, "/away/*": (response) => response.writeHead(302, { location: `${other.url}/sha/` }).end() });
  other = await serve(routes);
});
after(() => Promise.all([server.close(), other.close()]));
afterEach(() => {
  wrong.length = 0;
});

const asked = (from) => server.seen.slice(from).map(({ url, headers }) => `${url} ${headers.authorization?.split(" ")[0] ?? "-"}`);

test("a challenge is answered, and later requests bring the answer unasked", async () => {
  const session = new Session({ baseUrl: server.url, auth });
  for (const place of ["md5", "sha", "int"]) {
    const from = server.seen.length;
    for (const path of ["a", "b?q=%20'"]) {
      const response = await session.post(`${place}/${path}`, { body: "bödy" });
      assert.equal(response.status, 200);
      assert.ok((await response.text()).endsWith("bödy"));
    }
    assert.equal(asked(from).filter((one) => one.endsWith(" -")).length, place === "md5" ? 1 : 0);
  }
  assert.deepEqual([session.figures().inFlight, session.figures().waiting], [0, 0]);
});

test("many at once have a count each, of lists and of titles, too", async () => {
  const session = new Session({ baseUrl: server.url, auth, limit: 10 });
  const urls = Array.from({ length: 100 }, (_, at) => `${server.url}/sha/${at}`);
  assert.equal((await session.get(urls[0])).status, 200);
  wrong.length = 0;
  const responses = await Promise.all(urls.map((url) => session.get(url)));
  assert.ok(responses.every(({ status }) => status === 200));
  for await (const row of session.fetchAll(urls)) assert.equal(row.response.status, 200);
  for await (const { title, url } of session.titles(urls)) assert.equal(title, `GET ${new URL(url).pathname}`);
  assert.equal((await session.title(urls[3])).title, "GET /sha/3");
  assert.deepEqual(wrong, []);
});

test("a wrong password is the 401, after one answer", async () => {
  const from = server.seen.length;
  const session = new Session({ baseUrl: server.url, auth: { ...auth, password: "wrong" }, retry: true });
  const response = await session.get(`${server.url}/sha/wrong`);
  assert.deepEqual([response.status, await response.text()], [401, "who?"]);
  assert.deepEqual(asked(from), ["/sha/wrong -", "/sha/wrong Digest"]);
});

test("the session's goes to its origin alone, and nothing follows a redirect to another", async () => {
  const session = new Session({ baseUrl: server.url, auth });
  assert.equal((await session.get("to/x")).status, 200);
  assert.equal((await session.get("away/x")).status, 401);
  assert.equal((await session.get(`${other.url}/sha/`)).status, 401);
  assert.equal((await session.extend({ baseUrl: other.url }).get("sha/")).status, 401);
  assert.ok(other.seen.every(({ headers }) => headers.authorization === undefined));
  assert.equal((await session.extend({ headers: { "x-more": "1" } }).get("sha/more")).status, 200);
});

test("a session's needs an origin to be for, and a request's own has one", async () => {
  const refused = { code: "invalid_option", option: "auth.digest" };
  assert.throws(() => new Session({ auth }), refused);
  const session = new Session();
  assert.throws(() => session.extend({ auth }), refused);
  assert.equal((await session.extend({ baseUrl: server.url, auth }).get("sha/own")).status, 200);
  assert.equal((await session.get(`${server.url}/sha/own`, { auth })).status, 200);
});

test("a form and a Blob are sent again, and are not answered for where their bytes would have to be known", async () => {
  const session = new Session({ baseUrl: server.url, auth });
  const form = new FormData();
  form.append("name", "välue");
  form.append("file", new File(["content"], "a.txt"));
  for (const [body, part] of [[form, "välue"], [new Blob(["of a Blob"]), "of a Blob"]]) {
    for (const _ of ["challenged", "unasked"]) {
      const response = await session.post("sha/body", { body });
      assert.equal(response.status, 200);
      assert.ok((await response.text()).includes(part));
    }
    const other = new Session({ baseUrl: server.url, auth });
    assert.equal((await other.post("int/body", { body })).status, 401);
  }
  assert.deepEqual(wrong, []);
});

test("each session knows a thousand origins, and those it has used last", async () => {
  const challenge = { "www-authenticate": `Digest realm="r", nonce="n", qop="auth"` };
  let asked = [];
  const fetch = async (input, init) => {
    const request = new Request(input, init);
    const is = request.headers.has("authorization");
    if (!is) asked.push(new URL(request.url).hostname);
    return new Response("", is ? { status: 200 } : { status: 401, headers: challenge });
  };
  const hosts = Array.from({ length: 1000 }, (_, at) => `h${at}`);
  const round = async (session, names) => {
    asked = [];
    for (const name of names) assert.equal((await session.get(`http://${name}.example/`, { auth })).status, 200);
    return asked;
  };
  const session = new Session({ fetch });
  assert.equal((await round(session, hosts)).length, 1000);
  assert.deepEqual(await round(session, hosts), []);
  assert.deepEqual(await round(session, ["h0", "one-more"]), ["one-more.example"]);
  assert.deepEqual(await round(session, ["h0", "h2", "h1"]), ["h1.example"]);
  assert.deepEqual(await round(new Session({ fetch }), ["h0"]), ["h0.example"]);
});

test("a request's own comes before the session's, whichever kind it is", async () => {
  const basic = new Session({ baseUrl: server.url, auth: { user: "u", password: "p" } });
  assert.equal((await basic.get("sha/own", { auth })).status, 200);
  const digest = new Session({ baseUrl: server.url, auth });
  const said = async (options) => (await digest.get("open/x", options)).text();
  assert.equal(await said({ auth: { bearer: "token" } }), "Bearer token");
  assert.equal(await said({ headers: { authorization: "own" } }), "own");
  assert.equal(await said({ auth: null }), "nobody");
  assert.equal((await digest.get("sha/x", { auth: null })).status, 401);
  const [, rest] = server.url.split("://");
  assert.equal(await (await digest.get(`http://me:pw@${rest}/open/x`)).text(), `Basic ${btoa("me:pw")}`);
  assert.equal(await (await digest.get("open/x", { auth: { ...auth, digest: false } })).text().then((text) => text.split(" ")[0]), "Basic");
});

test("what makes no sense is named, and so is a build that cannot", async () => {
  for (const bad of [{ user: "a:b", digest: true }, { user: "a\nb", digest: true }, { bearer: "x", digest: true }, { digest: true }, { user: "a", digest: 1 }]) {
    assert.throws(() => new Session({ auth: bad }), (thrown) => thrown.option.startsWith("auth"), JSON.stringify(bad));
  }
  assert.throws(() => new Session({ auth, headers: { Authorization: "x" } }), { option: "auth" });
  for (const { Session: Without } of [plain, core]) {
    const refused = (thrown) => isUnsupportedError(thrown) && thrown.feature === "auth.digest";
    assert.throws(() => new Without({ auth }), refused);
    assert.throws(() => new Without().extend({ auth }), refused);
    await assert.rejects(new Without().get(server.url, { auth }), refused);
    assert.equal((await new Without({ auth: { ...auth, digest: false } }).get(`${server.url}/open/x`)).status, 200);
  }
});
