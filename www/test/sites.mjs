// Sites that let no page read them, and a gateway that serves the page: before the tests of whoever imports this.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { after, before } from "node:test";

import { launch } from "../../scripts/npm/chromium.mjs";
import { environment as env, program } from "../../pkg/test/program.mjs";
import { ended, pictures, serving, watchedPage } from "./support.mjs";

/** Three sites, none of which sends a field that would let a page of another origin read it. */
export const TITLES = [
  ["News & weather", "Über uns", "=1+1", "Contact"],
  ["Příliš žluťoučký kůň", "Съешь ещё этих булок", '"Quoted", with a comma', "-2 °C"],
  ["Recipes", "@home", "Plain", "The last"],
];
export const SERVE = ["serve", "--listen", "127.0.0.1:0", "--allow-network", "127.0.0.1", "--allow-any-port", "--retries", "0", "--log-level", "warn"];
/** What a site has at every path that starts with `/brief`. */
export const BRIEF = "<title>Brief</title>";
export const SLOW = 120;
/** How slow each page is, in ms. */
let pace = SLOW;
export const LIMIT = 4;
export const LIMIT_PER_HOST = 2;

export let browser, sites, gateway, urls;
/** What each site was asked by: `{ site, path, agent, via, origin }`. */
export let asked = [];

before(async () => {
  mkdirSync(pictures, { recursive: true });
  sites = await Promise.all(TITLES.map(site));
  urls = sites.flatMap(({ port }, nth) => TITLES[nth].map((_, at) => `http://127.0.0.1:${port}/page-${at}`));
  gateway = await serving(SERVE);
  browser = await launch();
});

after(async () => {
  await browser?.close();
  gateway?.stop();
  for (const { server } of sites ?? []) server.close();
});

/** A site without a word of CORS. Each page is slow, so that there is something to wait for. */
async function site(titles, nth) {
  const server = createServer((request, response) => {
    const { "user-agent": agent, via, origin } = request.headers;
    asked.push({ site: nth, path: request.url, agent, via, origin });
    const title = titles[Number(/^\/page-(\d+)$/.exec(request.url)?.[1])];
    const send = () => {
      if (request.url === "/often") {
        response.writeHead(503, { "retry-after": "1" }).end();
        return;
      }
      if (request.url === "/cut") {
        request.socket.destroy();
        return;
      }
      if (request.url.startsWith("/brief")) {
        // Of a length that is declared.
        response.setHeader("content-type", "text/html").end(BRIEF);
        return;
      }
      response.writeHead(title === undefined ? 404 : 200, { "content-type": "text/html; charset=utf-8" });
      response.end(`<!doctype html><title>${(title ?? "Not here").replace("&", "&amp;")}</title><p>${"text ".repeat(500)}`);
    };
    setTimeout(send, pace);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return { server, port: server.address().port };
}

/** How slow each page is from now to the end of the test, in ms. */
export function slow(ms) {
  pace = ms;
}

/** On the page that the gateway serves, with the sites' URLs written. `isRefused`: by CORS, as the browser says itself. */
export async function onPage(use, { at = () => gateway, isRefused = false, settings } = {}) {
  const { address, origin } = at();
  const own = /^Failed to load resource|^Refused to get unsafe header/;
  const isOwn = (text) => own.test(text) || (isRefused && /blocked by CORS policy/.test(text));
  await watchedPage(browser, { address, settings, isOwn, broken: true }, async (page) => {
    await page.waitForFunction(() => !document.querySelector("#ways").hidden);
    assert.equal(await page.inputValue("#urls"), "", "no list but the user's");
    assert.match(await page.getAttribute("#urls", "placeholder"), /^https:/);
    assert.equal(origin, new URL(page.url()).origin);
    await page.fill("#urls", urls.join("\n"));
    await page.fill("#limit", String(LIMIT));
    await page.fill("#limit-per-host", String(LIMIT_PER_HOST));
    [asked, pace] = [[], SLOW];
    await use(page);
  });
}

/** A key and what the gateway is told of it. */
export function newKey() {
  const told = execFileSync(program, ["serve", "--new-key", "page"], { env, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  const [secret, line] = told.trim().split("\n");
  return { secret, hash: /"(sha256:\w+)"/.exec(line)[1] };
}

export async function run(page) {
  await page.click("#start");
  await ended(page, "Done");
}

export const origin = (nth) => `http://127.0.0.1:${sites[nth].port}`;

export const expected = () => Object.fromEntries(urls.map((url, at) => [url, TITLES.flat()[at]]));

/** By URL: the title, or the error's code. */
export async function shown(page) {
  return Object.fromEntries(await page.evaluate(() =>
    [...document.querySelectorAll("#row-list tr")].map((row) => [
      row.querySelector("td.url a").textContent,
      row.querySelector("td.title").firstChild.textContent,
    ])));
}

/** What a button has the browser save: the file's name and its content. */
export async function saved(page, button) {
  const [download] = await Promise.all([page.waitForEvent("download"), page.click(button)]);
  return [download.suggestedFilename(), await readFile(await download.path(), "utf8")];
}

/** CSV as RFC 4180 has it, and nothing but that. */
export function parsed(text) {
  assert.ok(text.endsWith("\r\n"));
  const records = [[]];
  let at = 0;
  while (at < text.length) {
    const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/y;
    field.lastIndex = at;
    const found = field.exec(text);
    assert.ok(found, `no field at ${JSON.stringify(text.slice(at, at + 40))}`);
    records.at(-1).push(found[1]?.replaceAll('""', '"') ?? found[2]);
    at = field.lastIndex;
    if (found[3] === "\r\n" && at < text.length) records.push([]);
  }
  return records;
}
