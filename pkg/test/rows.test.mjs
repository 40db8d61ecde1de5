import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Session } from "dualfetch";
import { Session as CoreSession } from "dualfetch/core";

import { gate, serve, until } from "./server.mjs";

let server;
const gates = new Map();
before(async () => {
  server = await serve({
    "/page/*": (response, { path, headers }) =>
      response.writeHead(200, { "content-type": "text/html" }).end(`<title> ${path.slice(6)} ${headers["x-tag"] ?? ""}</title>`),
    "/held/*": async (response, { path }) => {
      const held = gate();
      gates.set(path, held.open);
      await held.passed;
      response.writeHead(200, { "content-type": "text/html" }).end(`<title>${path.slice(6)}</title>`);
    },
    "/hang/*": () => {},
    "/image": (response) => response.writeHead(200, { "content-type": "image/png" }).end("x"),
  });
});
after(() => server.close());

const pages = (count, kind = "page") => Array.from({ length: count }, (_, at) => `${server.url}/${kind}/${at}`);

async function all(rows) {
  const list = [];
  for await (const row of rows) list.push(row);
  return list;
}

test("title: one page, and its errors", async () => {
  const session = new Session();
  const page = await session.title(`${server.url}/page/one`, { headers: { "x-tag": "tagged" } });
  assert.equal(page.title, "one tagged");
  assert.deepEqual([page.status, page.titleSource, page.encoding, page.redirects], [200, "head", "UTF-8", 0]);
  const image = await session.title(`${server.url}/image`);
  assert.deepEqual([image.title, image.titleSource, image.encoding], [null, "content-type", null]);
  await assert.rejects(session.title("no URL"), { code: "invalid_url" });
  await assert.rejects(session.title(`${server.url}/hang/0`, { timeout: 20 }), { code: "timeout" });
});

test("titles: one row for each URL, of any iterable, in order if asked", async () => {
  const session = new Session({ limit: 3 });
  const urls = [...pages(10), "no URL", `${server.url}/missing`, undefined, new URL(pages(1)[0])];
  const check = (rows) => {
    assert.deepEqual(rows.map(({ index }) => index), [...urls.keys()]);
    assert.deepEqual(rows.slice(0, 10).map(({ title }) => title), Array.from({ length: 10 }, (_, at) => `${at} tag`));
    assert.equal(rows[10].error.code, "invalid_url");
    assert.equal(rows[10].url, "no URL");
    assert.equal(rows[10].status, null);
    assert.deepEqual([rows[11].status, rows[11].title, rows[11].error], [404, null, null]);
    assert.equal(rows[12].error.code, "invalid_url");
    assert.equal(rows[13].title, "0 tag");
  };
  const options = { headers: { "x-tag": "tag" } };
  check(await all(session.titles(urls, { ...options, ordered: true })));
  check(await all(session.titles(new Set(urls).values(), { ...options, ordered: true })));
  const some = (async function* () { yield* urls; })();
  check((await all(session.titles(some, options))).sort((a, b) => a.index - b.index));
});

test("titles: unordered rows come as they are done, ordered ones wait", async () => {
  const session = new Session();
  const urls = pages(2, "held");
  for (const ordered of [false, true]) {
    gates.clear();
    const rows = session.titles(urls, { ordered });
    const first = rows.next();
    await until(() => gates.size === 2);
    gates.get("/held/1")();
    if (ordered) await until(() => server.held.size === 1);
    else assert.equal((await first).value.title, "1");
    gates.get("/held/0")();
    const next = ordered ? await first : await rows.next();
    assert.equal(next.value.title, "0");
    if (ordered) assert.equal((await rows.next()).value.title, "1");
    assert.deepEqual(await rows.next(), { done: true, value: undefined });
    assert.deepEqual(await rows.next(), { done: true, value: undefined });
  }
});

test("titles: nothing happens before the first row is asked for, and no more than the window ahead", async () => {
  const session = new Session();
  let taken = 0;
  function* endless() {
    for (;;) yield `${server.url}/page/${(taken += 1)}`;
  }
  const rows = session.titles(endless(), { window: 5 });
  await new Promise((done) => setTimeout(done, 5));
  assert.equal(taken, 0);
  for (let given = 1; given <= 20; given += 1) {
    assert.equal((await rows.next()).done, false);
    assert.ok(taken <= given + 5, `${taken} taken, ${given} given`);
  }
  await until(() => session.figures().inFlight === 0);
  assert.ok(taken <= 25, "a caller who does not read is not run ahead of");
  await rows.return();
});

test("titles: leaving the loop ends every request and the input", async () => {
  const session = new Session();
  let closed = false;
  function* input() {
    try {
      yield `${server.url}/page/0`;
      yield* pages(5, "hang");
      for (;;) yield `${server.url}/hang/more`;
    } finally {
      closed = true;
    }
  }
  for await (const row of session.titles(input(), { window: 6 })) {
    assert.equal(row.title, "0");
    await until(() => server.held.size >= 5);
    break;
  }
  assert.equal(closed, true);
  await until(() => session.figures().inFlight === 0 && session.figures().waiting === 0);
  await until(() => server.held.size === 0);

  const rows = session.titles(pages(3, "hang"));
  const pending = rows.next();
  await until(() => server.held.size === 3);
  assert.deepEqual(await rows.return("mine"), { done: true, value: "mine" });
  assert.deepEqual(await pending, { done: true, value: undefined });
  await until(() => server.held.size === 0);
});

test("titles: an abort rejects with its reason and ends every request", async () => {
  const session = new Session();
  const controller = new AbortController();
  const rows = session.titles(pages(3, "hang"), { signal: controller.signal });
  const pending = rows.next();
  await until(() => server.held.size === 3);
  controller.abort("enough");
  await assert.rejects(pending, (thrown) => thrown === "enough");
  assert.equal((await rows.next()).done, true);
  await until(() => server.held.size === 0 && session.figures().inFlight === 0);

  let taken = 0;
  function* input() {
    taken += 1;
    yield server.url;
  }
  const aborted = session.titles(input(), { signal: AbortSignal.abort("before") });
  await assert.rejects(aborted.next(), (thrown) => thrown === "before");
  assert.equal(taken, 0);
});

test("titles: an input that throws ends after the rows under way", async () => {
  const session = new Session();
  const failure = new Error("input");
  async function* failing() {
    yield* pages(3);
    throw failure;
  }
  const seen = [];
  await assert.rejects(async () => {
    for await (const row of session.titles(failing())) seen.push(row.title);
  }, failure);
  assert.deepEqual(seen.sort(), ["0", "1", "2"]);

  const odd = { [Symbol.iterator]: () => { throw failure; } };
  await assert.rejects(session.titles(odd).next(), failure);
  await assert.rejects(session.titles({ [Symbol.iterator]: () => ({}) }).next(), TypeError);
});

test("titles: progress counts every row, and what it throws ends the loop", async () => {
  const session = new Session();
  const told = [];
  await all(session.titles([...pages(2), "no URL"], { onProgress: ({ done, failed }) => told.push([done, failed]), ordered: true }));
  assert.deepEqual(told, [[1, 0], [2, 0], [3, 1]]);
  const failure = new Error("progress");
  const rows = session.titles(pages(2), { onProgress: () => { throw failure; } });
  await assert.rejects(rows.next(), failure);
  assert.equal((await rows.next()).done, true);
});

test("titles: several rows asked for at once", async () => {
  const rows = new Session().titles(pages(3));
  const asked = await Promise.all([rows.next(), rows.next(), rows.next(), rows.next()]);
  assert.deepEqual(asked.map(({ done }) => done), [false, false, false, true]);
  assert.deepEqual(asked.slice(0, 3).map(({ value }) => value.title).sort(), ["0", "1", "2"]);
});

test("titles: bounded in bytes", async () => {
  const [row] = await all(new Session().titles([`${server.url}/page/0`], { maxBytes: 3, drain: 0 }));
  assert.equal(row.titleSource, "truncated");
});

test("fetchAll: responses, errors, and options of their own", async () => {
  const session = new Session({ limit: 2 });
  const requests = [
    `${server.url}/page/0`,
    { url: `${server.url}/page/1`, headers: { "x-tag": "own" } },
    { url: `${server.url}/page/2`, tiemout: 5 },
    { url: new URL(`${server.url}/hang/0`), timeout: 20 },
    7,
  ];
  const texts = [];
  for await (const { index, response, error } of session.fetchAll(requests, { ordered: true, headers: { "x-tag": "all" } })) {
    texts[index] = response ? (await response.text()).replace(/<.*?>/g, "").trim() : error.code;
  }
  assert.deepEqual(texts, ["0 all", "1 own", "invalid_option", "timeout", "invalid_url"]);
});

test("fetchAll: rows that nobody took let go of their transfers", async () => {
  const session = new Session();
  const rows = session.fetchAll(pages(4));
  const { value } = await rows.next();
  await until(() => session.figures().waiting === 0 && server.seen.length > 0);
  await rows.return();
  value.response.cancel();
  await until(() => session.figures().inFlight === 0);
});

test("core has the session, and says that it reads no titles", async () => {
  const session = new CoreSession();
  assert.equal((await session.get(`${server.url}/page/0`)).status, 200);
  const error = { code: "unsupported", name: "UnsupportedError" };
  await assert.rejects(session.title(`${server.url}/page/0`), error);
  await assert.rejects(session.titles([server.url]).next(), error);
  assert.equal((await all(session.fetchAll(pages(2)))).length, 2);
});
