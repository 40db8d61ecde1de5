import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { inspect } from "node:util";

import { isBodyError, isClosedError, isStatusError, isUnsupportedError, Session } from "dualfetch";

import { all, countedSignal } from "./classes.mjs";
import { gate, serve, until } from "./server.mjs";

const table = JSON.parse(readFileSync(new URL("../../tests/events.json", import.meta.url)));
const STREAM = { "content-type": "text/event-stream" };

/** What `/script` answers, one after the other. */
let script = [];
let server;
before(async () => {
  server = await serve({
    "/pieces": async (response, { params }) => {
      response.writeHead(200, STREAM);
      for (const piece of JSON.parse(params.get("pieces"))) {
        await new Promise((written) => response.write(Buffer.from(piece, "base64"), written));
      }
      response.end();
    },
    "/text": (response) => response.writeHead(200, { "content-type": "text/plain" }).end("data: 1\n\n"),
    "/lines": (response) => response.end('\ufeff{"id": 1}\n\n  \r\n[2]\r\n"three"'),
    "/broken": (response) => response.end('1\n\n{"id":\n4\n'),
    "/endless": (response) => {
      response.writeHead(200, STREAM).write("data: 1\n\n");
    },
    "/script": (response, asked) => script.shift()(response, asked),
  });
});
after(() => server.close());

const session = new Session();

/** A stream that ends after this text. */
const stream = (text) => (response) => response.writeHead(200, STREAM).end(text);

const status = (code, fields = {}) => (response) => response.writeHead(code, fields).end("in short");

/** A text of the table's: as it is there, or as often as it is there. */
const textOf = (text) => (typeof text === "string" ? text : text.repeat.repeat(text.times));

const bytesOf = (chunks) => chunks.map((chunk) => (chunk.base64 === undefined ? Buffer.from(textOf(chunk)) : Buffer.from(chunk.base64, "base64")));

/** The events of these pieces, and the code of what ended them, if anything did. */
function taken(parser, pieces) {
  const events = [];
  try {
    for (const piece of pieces) for (const { event, data, id } of parser.take(piece)) events.push({ event, data, id });
  } catch (thrown) {
    return { events, error: thrown.code };
  }
  return { events, error: undefined };
}

test("events are those of the table, cut at any byte", async () => {
  const { EventParser } = await import("../src/events.js");
  assert.ok(table.length >= 80);
  for (const { name, chunks, error, events, lastEventId, retry } of table) {
    const expected = { events: events.map((event) => ({ ...event, id: textOf(event.id) })), error };
    const whole = Buffer.concat(bytesOf(chunks));
    const cuts = [bytesOf(chunks), Array.from(whole, (byte) => Buffer.from([byte]))];
    for (let at = 0; at <= whole.length; at += whole.length > 2000 ? 997 : 1) cuts.push([whole.subarray(0, at), whole.subarray(at)]);
    for (const cut of cuts) {
      const parser = new EventParser((code, message) => Object.assign(new Error(message), { code }));
      assert.deepEqual(taken(parser, cut), expected, name);
      assert.deepEqual([parser.lastEventId, parser.retry], [textOf(lastEventId), retry], name);
    }
  }
});

test("an event source waits after a stream for as long as the table says", async () => {
  const cases = table.filter(({ pause }) => pause !== undefined);
  assert.ok(cases.length >= 4);
  for (const { name, chunks, pause } of cases) {
    const controller = new AbortController();
    script = [stream(Buffer.concat(bytesOf(chunks)))];
    let waits;
    const onLost = (lost) => {
      waits = lost.pause;
      controller.abort("enough");
    };
    const { signal } = controller;
    await assert.rejects(all(session.eventSource(`${server.url}/script`, { signal, onLost })), (thrown) => thrown === "enough");
    assert.equal(waits, pause, name);
  }
});

test("a body as events, as it comes", async () => {
  const pieces = ["id: 7\nda", "ta: hello\r", "\n\r\nretry: 5\nevent: tick\ndata: 1\ndata: 2\n\n", "data: cut off"];
  const response = await session.get(`${server.url}/pieces`, { params: { pieces: JSON.stringify(pieces.map(btoa)) } });
  assert.deepEqual(await all(response.events()), [
    { event: "message", data: "hello", id: "7", retry: null },
    { event: "tick", data: "1\n2", id: "7", retry: 5 },
  ]);
  assert.equal(response.bodyUsed, true);
});

test("what is no stream of events is an error, unless any type is taken", async () => {
  const plain = await session.get(`${server.url}/text`);
  await assert.rejects(all(plain.events()), (thrown) => {
    return isBodyError(thrown) && thrown.code === "content_type" && /text\/plain/.test(thrown.message) && thrown.url.endsWith("/text");
  });
  await until(() => session.figures().inFlight === 0);
  const any = await session.get(`${server.url}/text`);
  assert.equal((await all(any.events({ anyType: true })))[0].data, "1");
});

test("a status of 400 or more says why there is no stream of events", async () => {
  script = [status(401, { "content-type": "text/plain" }), stream("data: 1\n\n")];
  const refused = await session.get(`${server.url}/script`);
  await assert.rejects(all(refused.events()), (thrown) => {
    return isStatusError(thrown) && thrown.status === 401 && thrown.body === "in short" && thrown.message.includes(`${server.url}/script`);
  });
  await until(() => session.figures().inFlight === 0);
  const plain = await session.get(`${server.url}/text`);
  await assert.rejects(all(plain.events()), ({ message }) => message.includes(`${server.url}/text`));
  assert.equal((await all((await session.get(`${server.url}/script`)).events())).length, 1);
});

test("a status that may pass has its body with it where it is the last", async () => {
  const lasts = async (answers, options) => {
    script = answers;
    const source = session.eventSource(`${server.url}/script`, { reconnectionTime: 0, maxReconnectionTime: 1, ...options });
    await assert.rejects(all(source), (thrown) => isStatusError(thrown) && thrown.body === "in short");
    assert.equal(script.length, 0);
  };
  await lasts([status(503)]);
  await lasts([status(429)]);
  await lasts([stream("data: 1\n\n"), status(500), status(503)], { maxAttempts: 2 });
});

test("console.log of an event source shows where it is", async () => {
  const source = session.eventSource(`${server.url}/endless`, { lastEventId: "7" });
  assert.equal(inspect(source), "SessionEventSource { lastEventId: '7' }");
  source.close();
});

test("an event that is too long is an error, whatever its lines", async () => {
  for (const text of [`data: ${"x".repeat(200)}\n\n`, "data: 123456789\n".repeat(20), `:${"x".repeat(200)}`]) {
    const response = await session.get(`${server.url}/pieces`, { params: { pieces: JSON.stringify([btoa(text)]) } });
    await assert.rejects(all(response.events({ maxEvent: 100 })), { code: "line_too_long", message: /100 characters; raise maxEvent/ });
  }
});

test("leaving the loop ends the transfer", async () => {
  const one = new Session({ limit: 1 });
  for await (const { data } of (await one.get(`${server.url}/endless`)).events()) {
    assert.equal(data, "1");
    assert.equal(one.figures().inFlight, 1);
    break;
  }
  await until(() => one.figures().inFlight === 0);
});

test("lines of JSON: blank ones are passed over, and an error names its line", async () => {
  assert.deepEqual(await all((await session.get(`${server.url}/lines`)).jsonLines()), [{ id: 1 }, [2], "three"]);
  const seen = [];
  const broken = (async () => {
    for await (const value of (await session.get(`${server.url}/broken`)).jsonLines()) seen.push(value);
  })();
  await assert.rejects(broken, (thrown) => thrown.code === "json" && /line 3: .*it starts "\{\\"id\\":"/.test(thrown.message) && thrown.cause instanceof SyntaxError);
  assert.deepEqual(seen, [1]);
  const long = (await session.get(`${server.url}/lines`)).jsonLines({ maxLine: 5 });
  await assert.rejects(all(long), { code: "line_too_long" });
  const own = (await session.get(`${server.url}/lines`)).jsonLines({ parseJson: async (text) => text.length });
  assert.deepEqual(await all(own), [9, 3, 7]);
});

test("an event source goes on after the last event, until it is told to stop", async () => {
  const asked = [];
  const note = (answer) => (response, { headers, method, body }) => {
    asked.push([method, headers["last-event-id"], headers.accept, headers["cache-control"], headers["x-own"], body]);
    answer(response);
  };
  script = [
    note(stream("id: 1\ndata: one\n\n")),
    note(status(503)),
    note((response) => response.destroy()),
    note(stream("retry: 2\nid: \u00e9\ndata: two\n\n")),
    note(stream("data: three\n\n")),
    note(status(204)),
  ];
  const lost = [];
  const source = session.eventSource(`${server.url}/script`, {
    method: "POST",
    json: { ask: 1 },
    headers: { "x-own": "yes" },
    reconnectionTime: 1,
    maxReconnectionTime: 20,
    onLost: ({ error, pause, failed }) => lost.push([error?.code ?? null, pause, failed]),
  });
  assert.equal(source.lastEventId, "");
  const seen = [];
  for await (const { data, id } of source) {
    assert.equal(source.lastEventId, id);
    seen.push([data, id]);
  }
  assert.deepEqual(seen, [["one", "1"], ["two", "\u00e9"], ["three", "\u00e9"]]);
  assert.equal(source.lastEventId, "\u00e9");
  const ids = [undefined, "1", "1", "1", "\xc3\xa9", "\xc3\xa9"];
  assert.deepEqual(asked, ids.map((id) => ["POST", id, "text/event-stream", "no-store", "yes", '{"ask":1}']));
  assert.deepEqual(lost.map(([code, , failed]) => [code, failed]), [[null, 0], ["status", 1], ["disconnected", 2], [null, 0], [null, 0]]);
  const pauses = lost.map(([, pause]) => pause);
  // The server's own time is waited for after an event; what brings none doubles it, up to the ceiling.
  assert.equal(pauses[0], 1);
  assert.ok(pauses[1] >= 10 && pauses[1] <= 20 && pauses[2] >= 10 && pauses[2] <= 20, String(pauses));
  assert.deepEqual(pauses.slice(3), [2, 2]);
  assert.equal(session.figures().inFlight, 0);
});

test("pauses double from the reconnection time on, and a Retry-After is waited for", async () => {
  const pauses = [];
  script = [stream(""), ...Array.from({ length: 3 }, () => status(503)), status(429, { "retry-after": "3600" })];
  const controller = new AbortController();
  // That one raises is for who asks once: here a status is judged by whether it may pass.
  const source = session.extend({ raiseForStatus: true }).eventSource(`${server.url}/script`, {
    reconnectionTime: 1,
    maxReconnectionTime: 64,
    signal: controller.signal,
    onLost: ({ pause }) => {
      pauses.push(pause);
      if (pauses.length === 5) controller.abort("enough");
    },
  });
  await assert.rejects(all(source), (thrown) => thrown === "enough");
  assert.equal(pauses.at(-1), 3_600_000);
  for (const pause of pauses.slice(0, -1)) assert.ok(pause >= 32 && pause <= 64, String(pauses));
});

test("what does not pass ends an event source", async () => {
  const ends = async (answers, options, expected) => {
    script = answers;
    const source = session.eventSource(`${server.url}/script`, { reconnectionTime: 0, maxReconnectionTime: 1, ...options });
    await assert.rejects(all(source), expected);
    assert.equal(script.length, 0);
    assert.deepEqual(await source.next(), { done: true, value: undefined });
    await until(() => session.figures().inFlight === 0);
  };
  const once = stream("data: 1\n\n");
  // The first connection's failure is an error at once.
  await ends([status(503)], {}, (thrown) => isStatusError(thrown) && thrown.status === 503);
  await ends([once, status(404)], {}, (thrown) => isStatusError(thrown) && thrown.body === "in short");
  await ends([once, status(201)], {}, { code: "status" });
  await ends([once, status(200, { "content-type": "text/html" })], {}, { code: "content_type" });
  await ends([once, status(500), status(500)], { maxAttempts: 2 }, { code: "status" });
  await ends([stream("data: 12345678901234567890\n\n")], { maxEvent: 10 }, { code: "line_too_long" });
  await ends([stream("id: a\u0001\ndata: 1\n\n")], {}, { code: "invalid_header" });
  await ends([stream(`id: ${"x".repeat(9000)}\ndata: 1\n\n`)], {}, { code: "line_too_long", message: /id is longer than 8192 bytes/ });
  // To try the first one again is the session's way to retry.
  script = [status(503), once, status(204)];
  const retried = session.eventSource(`${server.url}/script`, { method: "PUT", reconnectionTime: 0, retry: { attempts: 2, backoff: 1 } });
  assert.equal((await all(retried)).length, 1);
});

test("an event source is not bound by the session's total, and by a read timeout it notices silence", async () => {
  const bound = new Session({ timeout: 30, maxBody: 10 });
  const { passed, open } = gate();
  script = [
    async (response) => {
      response.writeHead(200, STREAM).write("data: one, and more than ten bytes\n\n");
      await passed;
      response.end("data: two\n\n");
    },
    (response) => response.writeHead(200, STREAM).write(": silence\n\n"),
    status(204),
  ];
  const lost = [];
  const source = bound.eventSource(`${server.url}/script`, { timeout: { read: 2000 }, reconnectionTime: 0, onLost: ({ error }) => lost.push(error) });
  assert.equal((await source.next()).value.data, "one, and more than ten bytes");
  setTimeout(open, 100);
  assert.equal((await source.next()).value.data, "two");
  assert.equal((await source.next()).done, true);
  assert.equal(lost[0], null);
  assert.deepEqual([lost[1].code, lost[1].phase], ["timeout", "read"]);
});

test("no permit is held while it pauses, and closing ends it at any time", async () => {
  const one = new Session({ limit: 1 });
  script = [stream("data: 1\n\n")];
  const source = one.eventSource(`${server.url}/script`, { reconnectionTime: 60_000 });
  await source.next();
  const pausing = source.next();
  await until(() => one.figures().inFlight === 0);
  source.close();
  assert.deepEqual(await pausing, { done: true, value: undefined });

  const open = one.eventSource(`${server.url}/endless`);
  await open.next();
  const waiting = open.next();
  assert.equal(one.figures().inFlight, 1);
  await open.return();
  assert.equal((await waiting).done, true);
  await until(() => one.figures().inFlight === 0);

  for await (const { data } of one.eventSource(`${server.url}/endless`)) {
    assert.equal(data, "1");
    break;
  }
  await until(() => one.figures().inFlight === 0);

  script = [stream("data: 1\n\n")];
  const ended = one.eventSource(`${server.url}/script`, { reconnectionTime: 60_000 });
  await ended.next();
  const last = ended.next();
  await until(() => one.figures().inFlight === 0);
  one.close();
  await assert.rejects(last, isClosedError);
});

test("a signal ends it with its own reason, and is let go of", async () => {
  const signal = countedSignal();
  script = [stream("data: 1\n\n"), status(204)];
  await all(session.eventSource(`${server.url}/script`, { signal, reconnectionTime: 0 }));
  assert.equal(signal.count, 0);
  const aborted = session.eventSource(`${server.url}/endless`, { signal: AbortSignal.abort("before") });
  await assert.rejects(aborted.next(), (thrown) => thrown === "before");
});

test("an event source that is closed, or whose signal has fired, gives no more of what had come", async () => {
  const two = stream("id: 1\ndata: 1\n\nid: 2\ndata: 2\n\n");
  const one = new Session();
  script = [two, two];
  const closed = one.eventSource(`${server.url}/script`);
  assert.equal((await closed.next()).value.data, "1");
  closed.close();
  for (let at = 0; at < 2; at += 1) assert.deepEqual(await closed.next(), { done: true, value: undefined });
  assert.equal(closed.lastEventId, "1");

  const controller = new AbortController();
  const aborted = one.eventSource(`${server.url}/script`, { signal: controller.signal });
  assert.equal((await aborted.next()).value.data, "1");
  controller.abort("enough");
  await assert.rejects(aborted.next(), (thrown) => thrown === "enough");
  assert.equal(aborted.lastEventId, "1");
  assert.deepEqual(await aborted.next(), { done: true, value: undefined });
  await until(() => one.figures().inFlight === 0);
  // In the turn in which it comes, too.
  script = [two];
  const later = one.eventSource(`${server.url}/script`);
  assert.equal((await later.next()).value.data, "1");
  const coming = later.next();
  later.close();
  assert.deepEqual(await coming, { done: true, value: undefined });
  assert.equal(later.lastEventId, "1");
});

test("a Last-Event-ID of the caller's own is where it begins, and not where it stays", async () => {
  const asked = [];
  const note = (answer) => (response, { headers }) => {
    asked.push(headers["last-event-id"]);
    answer(response);
  };
  script = [note(stream("data: 5\n\n")), note(stream("id: 6\ndata: 6\n\n")), note(status(204))];
  const source = session.eventSource(`${server.url}/script`, { headers: { "Last-Event-ID": "5" }, reconnectionTime: 1, maxReconnectionTime: 1 });
  assert.equal((await all(source)).length, 2);
  script = [note(status(204))];
  await all(session.eventSource(`${server.url}/script`, { headers: { "Last-Event-ID": "5" }, lastEventId: "7" }));
  assert.deepEqual(asked, ["5", "5", "6", "7"]);
});

test("what can be read once is sent with each connection", async () => {
  const once = function* () {
    yield ["a", "1"];
  };
  const bodies = {
    stream: () => ({ body: new Blob(["a=1"]).stream() }),
    iterable: () => ({
      body: (async function* () {
        yield new TextEncoder().encode("a=1");
      })(),
    }),
    form: () => ({ form: once() }),
  };
  for (const [of, body] of Object.entries(bodies)) {
    const asked = [];
    const note = (answer) => (response, { body, params }) => {
      asked.push([body, params.get("a")]);
      answer(response);
    };
    script = [note(stream("data: 1\n\n")), note(stream("data: 2\n\n")), note(status(204))];
    const source = session.eventSource(`${server.url}/script`, { method: "POST", ...body(), searchParams: once(), reconnectionTime: 1, maxReconnectionTime: 1 });
    assert.equal((await all(source)).length, 2, of);
    assert.deepEqual(asked, Array(3).fill(["a=1", "1"]), of);
  }
  const broken = session.eventSource(`${server.url}/script`, {
    method: "POST",
    body: new ReadableStream({ start: (controller) => controller.error(new Error("spilt")) }),
    onLost: () => assert.fail("it was never connected"),
  });
  await assert.rejects(all(broken), { code: "invalid_option", option: "body", message: /spilt/ });
});

test("options of events are checked", async () => {
  for (const option of ["raiseForStatus", "throwHttpErrors"]) {
    assert.throws(() => session.eventSource("http://a/", { [option]: true }), { code: "invalid_option", option });
  }
  assert.throws(() => session.eventSource("http://a/", { maxAttempts: 0 }), { code: "invalid_option", option: "maxAttempts" });
  assert.throws(() => session.eventSource("http://a/", { reconnectionTime: -1 }), { option: "reconnectionTime" });
  assert.throws(() => session.eventSource("http://a/", { proxy: "x" }), isUnsupportedError);
  assert.throws(() => session.eventSource("http://a/", { reconnect: 1 }), { message: /there is only .*lastEventId/ });
  const response = await session.get(`${server.url}/text`);
  assert.throws(() => response.events({ maxEvent: 0 }), { option: "maxEvent" });
  assert.throws(() => response.jsonLines({ maxLines: 1 }), { option: "maxLines" });
  response.cancel();
});
