/**
 * The demo page in a real browser, against the real sites.
 *
 *     cargo build --features cli && scripts/package && node --test www/test/
 *
 * CHROMIUM names the browser (default: chromium on the path), DUALFETCH the program (default: the debug build). The
 * pictures that it takes are in target/page.
 */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { after, before, test } from "node:test";

import { launch } from "../../scripts/npm/chromium.mjs";
import { ended, faint, fits, pictures, serving, watchedPage } from "./support.mjs";

const LIMIT = 4;
const LIMIT_PER_HOST = 2;
/** What must come out of each site: a title (null for none), or an error's code. */
const EXPECTED = {
  "/utf-8/header": "Příliš žluťoučký kůň úpěl ódy",
  "/utf-8/meta": "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία",
  "/utf-8/unlabelled": "Съешь ещё этих мягких булок",
  "/gbk/header": "红楼梦 · 甄士隐梦幻识通灵",
  "/gbk/meta": "三国演义 · 宴桃园豪杰三结义",
  "/gbk/unlabelled": "西游记 · 灵根育孕源流出",
  "/shift_jis/header": "吾輩は猫である",
  "/shift_jis/meta": "銀河鉄道の夜",
  "/shift_jis/unlabelled": "雪国",
  "/windows-1252/header": "Bücher & Brücken – für Anfänger",
  "/windows-1252/meta": "À la recherche du temps perdu",
  "/windows-1252/unlabelled": "El niño, la cigüeña y el corazón",
  "/gzip": "Alice’s Adventures in Wonderland",
  "/br": "Through the Looking-Glass",
  "/old": "A new home",
  "/new": "A new home",
  "/nowhere": "Lost, but with a title",
  "/broken": "Out of order, and it says so",
  "/untitled": "no title",
  "/long": "Five megabytes, the title on top",
  "/slow": "Worth the wait",
  // A browser does not tell why there is no answer.
  "/cut": "network",
  "/hanging": "timeout (headers)",
};

let server, browser;

before(async () => {
  mkdirSync(pictures, { recursive: true });
  server = await serving(["demo", "--web"]);
  browser = await launch();
});

after(async () => {
  await browser?.close();
  server?.stop();
});

test("every site has its row, rows come while others run, and the limits are kept", async () => {
  await onPage({}, async (page) => {
    await page.click("#start");
    await page.waitForFunction(() => document.querySelectorAll("#row-list tr").length >= 3);
    assert.equal(await page.textContent("#state"), "Running");
    await page.screenshot({ path: `${pictures}/running.png` });
    const waiting = await page.locator(".bars rect.waits").count();
    assert.ok(waiting > LIMIT, "those that wait are drawn, too");
    await ended(page, "Done");
    assert.deepEqual(await shown(page), EXPECTED);
    assert.match(await page.textContent("#spoken"), /23 of 23 rows, 2 failed/);
    assert.equal(await page.textContent("#figure-peak"), String(LIMIT));
    assert.equal(await page.textContent("#figure-peak-host"), String(LIMIT_PER_HOST));
    const flights = await drawnFlights(page);
    assert.ok(flights.length >= 23, `${flights.length} requests are drawn`);
    assert.equal(most(flights), LIMIT);
    const hostOf = ({ url }) => new URL(url).host;
    for (const host of new Set(flights.map(hostOf))) {
      assert.ok(most(flights.filter((flight) => hostOf(flight) === host)) <= LIMIT_PER_HOST, host);
    }
    const parts = await page.evaluate(() =>
      ["waits", "headers", "body", "failed", "stopped"].map((part) => document.querySelectorAll(`.bars .${part}`).length > 0));
    assert.deepEqual(parts, [true, true, true, true, false]);
  });
});

test("rows in the order of the URLs, under another limit", async () => {
  await onPage({}, async (page) => {
    await page.fill("#limit", "2");
    await page.check("#ordered");
    await page.click("#start");
    await ended(page, "Done");
    assert.deepEqual(Object.keys(await shown(page)), await written(page));
    assert.equal(most(await drawnFlights(page)), 2);
  });
});

test("stop ends what is in flight and starts nothing more", async () => {
  await onPage({}, async (page) => {
    await page.click("#start");
    await page.waitForFunction(() => document.querySelector("#figure-flying").textContent === "4");
    await page.click("#stop");
    await ended(page, "Stopped", 2_000);
    assert.equal(await page.textContent("#figure-flying"), "0");
    // What the user stopped has not failed.
    assert.equal(await page.locator(".bars .stopped").count(), 4);
    const failed = await page.locator("#row-list tr.failed").count();
    assert.equal(await page.locator(".bars .failed").count(), failed);
    const requests = [];
    page.on("request", (request) => requests.push(request.url()));
    await page.waitForTimeout(500);
    assert.deepEqual(requests, []);
    assert.ok((await page.locator("#row-list tr").count()) < 23);
    await page.screenshot({ path: `${pictures}/stopped.png` });
    // And it can be started again.
    await page.click("#start");
    await ended(page, "Done");
    assert.deepEqual(await shown(page), EXPECTED);
  });
});

test("by keyboard alone", async () => {
  await onPage({}, async (page) => {
    const focus = () => page.evaluate(() => document.activeElement.id);
    const visited = [];
    for (let step = 0; step < 9; step++) {
      await page.keyboard.press("Tab");
      visited.push(await focus());
      const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
      assert.notEqual(outline, "none", `focus is seen on ${visited.at(-1)}`);
    }
    assert.deepEqual(visited, ["reset", "urls", "limit", "limit-per-host", "total", "headers", "ordered", "more-summary", "start"]);
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.querySelector("#state").textContent === "Running");
    assert.equal(await focus(), "stop");
    await page.keyboard.press("Escape");
    await ended(page, "Stopped", 2_000);
    assert.equal(await focus(), "start");
    await page.focus("#limit");
    await page.keyboard.press("Control+A");
    await page.keyboard.type("3");
    await page.keyboard.press("Enter");
    await ended(page, "Done");
    assert.equal(most(await drawnFlights(page)), 3);
    await page.focus("#urls");
    await page.keyboard.press("Control+Enter");
    await page.waitForFunction(() => document.querySelector("#state").textContent === "Running");
    await page.keyboard.press("Escape");
    await ended(page, "Stopped", 2_000);
  });
});

test("what is wrong is told where it is", async () => {
  await onPage({}, async (page) => {
    await page.fill("#limit", "0");
    await page.press("#limit", "Enter");
    assert.match(await page.textContent("#limit-error"), /whole number/);
    assert.equal(await page.getAttribute("#limit", "aria-invalid"), "true");
    await page.screenshot({ path: `${pictures}/wrong.png` });
    await page.fill("#limit", "1");
    await page.fill("#urls", "\n# nothing\n");
    await page.click("#start");
    assert.match(await page.textContent("#urls-error"), /at least one/);
    assert.equal(await page.evaluate(() => document.activeElement.id), "urls");
    assert.equal(await page.textContent("#state"), "Ready");
    // A stranger's text stays a text, and a line that is no URL has a row.
    await page.fill("#urls", "http://[<img src=x onerror=alert(1)>\nftp://127.0.0.1/\nexample.com");
    await page.check("#ordered");
    await page.click("#start");
    await ended(page, "Done");
    const rows = await page.locator("#row-list tr").allTextContents();
    ["invalid_url", "unsupported_scheme", "such as https://"].forEach((told, nth) => assert.ok(rows[nth].includes(told), rows[nth]));
    assert.equal(rows.length, 3);
    assert.equal((await drawnFlights(page)).length, 0, "what has no scheme is no path on the page's own site");
    assert.equal(await page.locator("img").count(), 0);
  });
});

test("a chart longer than its box shows that it scrolls; what a page shows is not told twice", async () => {
  await onPage({}, async (page) => {
    const gbk = (await page.inputValue("#urls")).split("\n").find((url) => url.endsWith("/gbk/header"));
    await page.fill("#urls", [gbk, ...Array.from({ length: 40 }, (_, nth) => `${gbk}?${nth}`)].join("\n"));
    await page.fill("#limit", "40");
    await page.fill("#limit-per-host", "40");
    await page.click("#start");
    await ended(page, "Done");
    const cut = await page.evaluate(() => {
      const { clientHeight, scrollHeight } = document.querySelector(".scroller");
      return scrollHeight > clientHeight && (clientHeight % 22) / 22;
    });
    assert.ok(cut > 0.3 && cut < 0.7, `${cut} of the last line is seen`);
    await page.locator(".scroller").scrollIntoViewIfNeeded();
    await page.screenshot({ path: `${pictures}/scrolls.png` });
    const row = page.locator("#row-list tr", { has: page.getByText(gbk, { exact: true }) }).first();
    assert.equal((await row.textContent()).split("by header").length, 2);
  });
});

test("a package that does not come is told", async () => {
  await onPage({ broken: true }, async (page) => {
    await page.route("**/pkg/**", (route) => route.abort());
    await page.click("#start");
    await ended(page, "Failed");
    assert.match(await page.textContent("[role=alert]"), /ended early/);
    assert.ok(await page.isEnabled("#start"));
  });
});

for (const [name, settings] of Object.entries({
  light: { viewport: { width: 1280, height: 900 }, colorScheme: "light" },
  dark: { viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
  tablet: { viewport: { width: 820, height: 1180 }, colorScheme: "light" },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true, colorScheme: "light" },
  "phone-dark": { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true, colorScheme: "dark" },
  narrow: { viewport: { width: 320, height: 640 }, colorScheme: "light" },
})) {
  test(`looks right: ${name}`, async () => {
    await onPage({ settings }, async (page) => {
      await fits(page);
      await page.screenshot({ path: `${pictures}/${name}-empty.png`, fullPage: true });
      const long = await page.inputValue("#urls");
      await page.fill("#urls", `${long}\n${new URL(long.split("\n")[0]).origin}/${"a".repeat(300)}`);
      await page.click("#start");
      await page.waitForFunction(() => document.querySelectorAll("#row-list tr").length >= 5);
      await fits(page);
      await page.screenshot({ path: `${pictures}/${name}-running.png` });
      await ended(page, "Done");
      await fits(page);
      assert.deepEqual(await faint(page), [], "contrast of 4.5");
      await page.screenshot({ path: `${pictures}/${name}-done.png`, fullPage: true });
    });
  });
}

/** Runs it on the demo's page. What the browser says itself is of sites that fail as they should. None of them fails by CORS. */
async function onPage({ settings, broken = false }, use) {
  const isOwn = (text) => /^Failed to load resource/.test(text);
  await watchedPage(browser, { address: server.address, settings, isOwn, broken }, async (page) => {
    await page.waitForFunction(() => document.querySelector("#urls").value !== "");
    await use(page);
  });
}

/** By each URL's path, in the order of the rows: the title, or the error's code. */
async function shown(page) {
  return Object.fromEntries(await page.evaluate(() =>
    [...document.querySelectorAll("#row-list tr")].map((row) => [
      new URL(row.querySelector("td.url a").textContent).pathname,
      row.querySelector("td.title").firstChild.textContent,
    ])));
}

/** The paths of the URLs that are asked for. */
async function written(page) {
  return (await page.inputValue("#urls")).split("\n").map((url) => new URL(url).pathname);
}

/** From when to when each request was in flight, as drawn, in ms. */
function drawnFlights(page) {
  return page.evaluate(() =>
    [...document.querySelectorAll(".bars g")].flatMap((group) => {
      const parts = (part) => [...group.querySelectorAll(`rect.${part}`)].map((bar) => {
        const [x, width] = ["x", "width"].map((name) => Number(bar.getAttribute(name)));
        return { from: x, to: x + width };
      });
      const bodies = parts("body");
      return parts("headers").map(({ from, to }, nth) => ({ url: group.dataset.url, from, to: Math.max(to, bodies[nth].to) }));
    }));
}

/** How many of them overlap at most. What is drawn is rounded to a hundredth of a millisecond. */
function most(flights) {
  const changes = flights.flatMap(({ from, to }) => [[from + 0.02, 1], [to, -1]]).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  let [now, peak] = [0, 0];
  for (const [, by] of changes) peak = Math.max(peak, (now += by));
  return peak;
}
