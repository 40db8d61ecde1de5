import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Session } from "dualfetch";
import { Session as FullSession } from "dualfetch/full";

import { serve } from "./server.mjs";

const TELLING = `<html lang=en><head><title> Plain
  title</title><base href="/files/"><meta name=description content="What it is"><link rel=canonical href=page>
  <link rel="shortcut icon" href=icon.png sizes=32x32 type=image/png><link rel=apple-touch-icon href=touch.png>
  <link rel=alternate type=application/rss+xml href=feed title=News><meta property=og:title content="Fancy title">
  <meta property=og:image content=image.png><meta name=twitter:card content=summary><meta name=robots content=noindex>
  <script type=application/ld+json>{"headline":"The headline","author":[{"name":"Ann"},"Bob"]}</script></head><body>
  <p class=price data-id=7>7 <b>€</b></p><p class=price>8 €</p><meta property=og:video content=video.mp4>`;

let server;
before(async () => {
  const html = (content) => (response) =>
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(content);
  server = await serve({
    "/telling": html(TELLING),
    "/plain": html("<title>Plain</title>"),
    "/image": (response) => response.writeHead(200, { "content-type": "image/png" }).end("x"),
    "/greek": (response) =>
      response.writeHead(200, { "content-type": "text/html; charset=iso-8859-7" }).end(Buffer.from("<p>\xe1", "latin1")),
  });
});
after(() => server.close());

test("page: what it says about itself, with absolute URLs and the source of each", async () => {
  const page = await new Session().page(`${server.url}/telling`, { metadata: "page" });
  const at = (path) => `${server.url}/files/${path}`;
  assert.deepEqual([page.title, page.status, page.titleSource, page.html], ["Plain title", 200, "head", null]);
  assert.deepEqual(page.metadata, {
    authors: [
      { value: "Ann", source: "json-ld" },
      { value: "Bob", source: "json-ld" },
    ],
    base: "/files/",
    bestTitle: { value: "Fancy title", source: "open-graph" },
    canonical: { value: at("page"), source: "link" },
    description: { value: "What it is", source: "meta" },
    feeds: [{ url: at("feed"), mediaType: "application/rss+xml", title: "News" }],
    headline: { value: "The headline", source: "json-ld" },
    icons: [
      { url: at("icon.png"), rel: "icon", sizes: "32x32", mediaType: "image/png" },
      { url: at("touch.png"), rel: "apple-touch-icon", sizes: null, mediaType: null },
    ],
    image: { value: at("image.png"), source: "open-graph" },
    language: { value: "en", source: "html" },
    openGraph: [
      { name: "og:title", content: "Fancy title" },
      { name: "og:image", content: at("image.png") },
      { name: "og:video", content: at("video.mp4") },
    ],
    robots: [{ name: "robots", content: "noindex" }],
    twitter: [{ name: "twitter:card", content: "summary" }],
  });
});

test("page: the head alone, and nothing that was not asked for", async () => {
  const session = new Session();
  const head = await session.page(`${server.url}/telling`, { metadata: "head" });
  assert.deepEqual(head.metadata.openGraph.map(({ name }) => name), ["og:title", "og:image"]);
  const plain = await session.page(`${server.url}/plain`, { metadata: "head" });
  assert.deepEqual(plain.metadata.bestTitle, { value: "Plain", source: "title" });
  assert.deepEqual([plain.metadata.description, plain.metadata.icons], [null, []]);
  for (const page of [await session.page(`${server.url}/telling`), await session.title(`${server.url}/telling`)]) {
    assert.deepEqual([page.title, page.metadata, page.html], ["Plain title", null, null]);
  }
  const image = await session.page(`${server.url}/image`, { metadata: "page", html: true });
  assert.deepEqual([image.titleSource, image.metadata, image.html], ["content-type", null, null]);
});

test("page: its whole text, in whatever encoding it came", async () => {
  const session = new Session();
  assert.equal((await session.page(`${server.url}/telling`, { html: true })).html, TELLING);
  const cut = await session.page(`${server.url}/telling`, { html: true, maxBytes: 60 });
  assert.deepEqual([cut.truncated, cut.html], [true, TELLING.slice(0, 60)]);
  const greek = await session.page(`${server.url}/greek`, { html: true });
  assert.deepEqual([greek.html, greek.encoding], ["<p>α", "ISO-8859-7"]);
});

test("titles: rows with metadata where it was asked for", async () => {
  const session = new Session();
  const urls = [`${server.url}/telling`, `${server.url}/image`, "no URL"];
  const rows = [];
  for await (const row of session.titles(urls, { metadata: "head", ordered: true })) rows.push(row);
  assert.equal(rows[0].metadata.description.value, "What it is");
  assert.deepEqual(rows.slice(1).map(({ metadata, html }) => [metadata, html]), [[null, null], [null, null]]);
  for await (const row of session.titles(urls)) assert.equal(row.metadata, null);
});

test("an option that makes no sense is refused by name", async () => {
  const session = new Session();
  for (const metadata of ["body", true, null]) {
    await assert.rejects(session.page(server.url, { metadata }), { code: "invalid_option", message: /metadata.*head, page/ });
  }
  await assert.rejects(session.page(server.url, { html: "yes" }), { code: "invalid_option", message: /html/ });
  await assert.rejects(session.title(server.url, { html: true }), { code: "invalid_option", message: /html/ });
  assert.throws(() => session.titles([], { html: true }), { code: "invalid_option", message: /html/ });
});

test("select: elements by CSS, in tree order, as often as is liked", async () => {
  const page = await new FullSession().page(`${server.url}/telling`, { html: true });
  const [first, second, ...more] = page.select(".price");
  const html = '<p class="price" data-id="7">7 <b>€</b></p>';
  assert.deepEqual(first, { name: "p", attributes: { class: "price", "data-id": "7" }, text: "7 €", html });
  assert.deepEqual([second.text, more.length], ["8 €", 0]);
  assert.deepEqual(page.select("b, title").map(({ name }) => name), ["title", "b"]);
  assert.deepEqual(page.select("h1"), []);
  assert.equal(JSON.parse(JSON.stringify(page)).title, "Plain title");
});

test("select: what cannot be is an error that says what to do", async () => {
  const session = new FullSession();
  const page = await session.page(`${server.url}/telling`, { html: true });
  for (const css of ["p[", "", "p::before", ":hover", undefined]) {
    assert.throws(() => page.select(css), { name: "InputError", code: "invalid_option", message: /selector/ });
  }
  const without = await session.page(`${server.url}/telling`);
  assert.throws(() => without.select("p"), { code: "invalid_option", message: /html: true/ });
  const image = await session.page(`${server.url}/image`, { html: true });
  assert.deepEqual(image.select("p"), []);
  assert.throws(() => image.select("p["), { code: "invalid_option" });
  const plain = await new Session().page(`${server.url}/telling`, { html: true });
  assert.throws(() => plain.select("p"), { name: "UnsupportedError", code: "unsupported", message: /dualfetch\/full/ });
});
