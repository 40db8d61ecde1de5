// What the page tells of a gateway that refuses it, and whom it tells a key.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";

import { SERVE, TITLES, browser, expected, gateway, newKey, onPage, origin, run, saved, shown, urls } from "./sites.mjs";
import { ended, pictures, serving, watchedPage } from "./support.mjs";

test("what the gateway refuses is told in words", async () => {
  await onPage(async (page) => {
    await page.fill("#urls", `http://192.168.0.1/\n${urls[0]}`);
    await page.check("#ordered");
    await run(page);
    const [refused, fine] = await page.locator("#row-list td.title").allTextContents();
    assert.match(refused, /^denied.*192\.168\.0\.1/s);
    assert.equal(fine, TITLES[0][0]);
  });
  await onPage(async (page) => {
    await page.click("#more-summary");
    await page.fill("#gateway-url", "http://127.0.0.1:1/");
    await page.click("#start");
    await page.waitForFunction(() => document.querySelector("#state").textContent === "Ready");
    assert.match(await page.textContent("#gateway-url-error"), /No gateway answers at 127\.0\.0\.1:1/);
    assert.equal(await page.evaluate(() => document.activeElement.id), "gateway-url");
    // The path is told, too, for it may be all that is wrong.
    await page.fill("#gateway-url", `${gateway.origin}/fetch`);
    await page.click("#start");
    await page.waitForFunction(() => document.querySelector("#gateway-url-error").textContent.includes("that is no gateway"));
    assert.ok((await page.textContent("#gateway-url-error")).startsWith(`${new URL(gateway.origin).host}/fetch answered with status 4`));
    for (const wrong of ["gateway", "ftp://gateway.example", "https://user:pass@gateway.example"]) {
      await page.fill("#gateway-url", wrong);
      await page.click("#start");
      assert.match(await page.textContent("#gateway-url-error"), /absolute URL/, wrong);
    }
  });
});

test("a gateway that wants a key says so, and keeps none that is wrong; the right one is in no URL", async () => {
  const { hash, secret } = newKey();
  const guarded = await serving([...SERVE, "--key", `page=${hash}`]);
  try {
    await onPage(async (page) => {
      const seen = [];
      page.on("request", (request) => seen.push(request.url()));
      await page.click("#start");
      const told = () => page.waitForFunction(() => !document.querySelector("#gateway-key-error").hidden);
      await told();
      assert.match(await page.textContent("#gateway-key-error"), /asks for a key/);
      assert.equal(await page.evaluate(() => document.activeElement.id), "gateway-key");
      assert.equal(await page.getAttribute("#gateway-key", "aria-invalid"), "true");
      assert.equal(await page.locator("#row-list tr").count(), 0);
      await page.screenshot({ path: `${pictures}/gateway-key.png` });
      await page.fill("#gateway-key", `${secret.slice(0, -1)}x`);
      assert.equal(await page.isVisible("#gateway-key-error"), false);
      await page.click("#start");
      await told();
      assert.match(await page.textContent("#gateway-key-error"), /does not know this key/);
      assert.equal(await page.evaluate(() => JSON.stringify({ ...sessionStorage })), "{}");
      await page.fill("#gateway-key", secret);
      await run(page);
      assert.deepEqual(await shown(page), expected());
      assert.ok(seen.length > 12 && seen.every((url) => !url.includes(secret)), "no URL has it");
      assert.ok(!page.url().includes(secret));
      assert.ok(!(await page.content()).includes(secret), "nor the document");
      assert.deepEqual(await page.evaluate(() => [localStorage.length, document.cookie]), [0, ""]);
      const [, jsonl] = await saved(page, "#save-jsonl");
      assert.ok(!jsonl.includes(secret));
      // This tab has it until it is closed, another never.
      await page.reload();
      assert.equal(await page.inputValue("#gateway-key"), secret);
      const other = await page.context().newPage();
      await other.goto(guarded.address);
      assert.equal(await other.inputValue("#gateway-key"), "");
      await other.close();
    }, { at: () => guarded });
  } finally {
    guarded.stop();
  }
});

test("a page that another server has goes by a gateway that allows its origin, and by no other", async () => {
  const demo = await serving(["demo", "--web"]);
  const { hash, secret } = newKey();
  const allowing = await serving([...SERVE, "--key", `page=${hash}`, "--origin", demo.origin]);
  // What the browser says itself of what it may not read.
  const isOwn = (text) => /^Failed to load resource|blocked by CORS policy/.test(text);
  try {
    await watchedPage(browser, { address: demo.address, isOwn, broken: true }, async (page) => {
      await page.waitForFunction(() => document.querySelector("#urls").value !== "");
      assert.equal(await page.isVisible("#ways"), false, "no gateway, no choice");
      await page.fill("#urls", urls.join("\n"));
      await page.click("#more-summary");
      await page.fill("#gateway-url", gateway.origin);
      assert.equal(await page.isVisible("#ways"), true);
      await page.check("[name=way][value=gateway]");
      await page.click("#start");
      await page.waitForFunction(() => !document.querySelector("#gateway-url-error").hidden);
      const told = await page.textContent("#gateway-url-error");
      assert.ok(told.includes("does not allow this page’s origin") && told.includes(demo.origin), told);
      await page.fill("#gateway-url", `${allowing.origin}/`);
      await page.fill("#gateway-key", secret);
      await run(page);
      assert.deepEqual(await shown(page), expected());
      await page.fill("#gateway-url", "");
      assert.equal(await page.isVisible("#ways"), false);
    });
  } finally {
    demo.stop();
    allowing.stop();
  }
});

test("a key goes to nobody but the gateway that it was written for", async () => {
  const { hash, secret } = newKey();
  const own = await serving([...SERVE, "--key", `page=${hash}`]);
  const told = [];
  // It says yes to everything, and is no gateway until it says so.
  let isGateway = false;
  const taker = createServer((request, response) => {
    told.push([request.method, request.url, request.headers.authorization]);
    const fields = { "access-control-allow-origin": own.origin, "access-control-allow-headers": "authorization" };
    response.writeHead(200, fields).end(isGateway && request.url === "/healthz" ? '{"status":"ok","version":"1"}' : "{}");
  });
  await once(taker.listen(0, "127.0.0.1"), "listening");
  const other = `http://127.0.0.1:${taker.address().port}/`;
  const key = (page) => page.inputValue("#gateway-key");
  try {
    await onPage(async (page) => {
      await page.click("#more-summary");
      await page.fill("#gateway-key", secret);
      await run(page);
      assert.deepEqual(await shown(page), expected());
      // It leaves the field with its server, in whatever way the other one's URL came there.
      await page.fill("#gateway-url", other);
      await page.press("#gateway-url", "Tab");
      assert.equal(await key(page), "");
      await page.fill("#gateway-url", "");
      await page.press("#gateway-url", "Tab");
      assert.equal(await key(page), secret, "and is there again");
      await page.evaluate((other) => (document.querySelector("#gateway-url").value = other), other);
      await page.click("#start");
      await page.waitForFunction(() => document.querySelector("#gateway-url-error").textContent.includes("that is no gateway"));
      assert.equal(await key(page), "");
      // Not even one that was written for it is shown to what is no gateway.
      await page.fill("#gateway-key", "df_other");
      await page.click("#start");
      await ended(page, "Ready");
      assert.ok(told.length >= 2);
      assert.deepEqual(new Set(told.map(String)), new Set(["GET,/healthz,"]));
      isGateway = true;
      await page.click("#start");
      await page.waitForFunction(() => document.querySelector("#state").textContent === "Done");
      assert.ok(told.some(([method, , authorization]) => method === "HEAD" && authorization === "Bearer df_other"));
      assert.ok(told.every(([, , authorization]) => [undefined, "Bearer df_other"].includes(authorization)), "the other's is not told");
      // Each has its own in what the tab remembers.
      await page.reload();
      await page.click("#more-summary");
      assert.deepEqual([await page.inputValue("#gateway-url"), await key(page)], [other, "df_other"]);
      await page.fill("#gateway-url", `${own.origin}/`);
      await page.press("#gateway-url", "Tab");
      assert.equal(await key(page), secret);
    }, { at: () => own });
  } finally {
    own.stop();
    taker.close();
  }
});
