// docs/cookbook.md's programs for pages, in headless Chromium. `scripts/package` first.
//
//   node --test scripts/npm/cookbook.test.mjs

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { join } from "node:path";

import * as vite from "vite";

import { openKitchen } from "../../pkg/test/cookbook/kitchen.mjs";
import { ordered, recipes } from "../../pkg/test/cookbook/recipes.mjs";
import { launch } from "./chromium.mjs";
import { project } from "./packed.mjs";
import { servePage } from "./page.mjs";

const imports = JSON.stringify({ imports: { dualfetch: "/pkg/dist/web/index.web.js" } });

let browser, kitchen;
before(async () => {
  kitchen = await openKitchen();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await kitchen?.close();
});

for (const { title, files, ...said } of await recipes("page")) {
  test(title, async () => {
    const answer = ({ url }, response) => {
      if (url !== "/") return false;
      response.setHeader("content-type", "text/html; charset=utf-8");
      return response.end(`<script type="importmap">${imports}</script>${files["index.html"]}`);
    };
    const server = await servePage(answer);
    try {
      await shows(server.url, said);
    } finally {
      server.close();
    }
  });
}

for (const { title, files, ...said } of await recipes("vite")) {
  test(title, async () => {
    const index = '<!doctype html><body><script type="module" src="/main.js"></script></body>';
    const { folder, remove } = await project({ "index.html": index, ...files });
    try {
      await vite.build({ root: folder, configFile: join(folder, "vite.config.js"), logLevel: "error" });
      const server = await vite.preview({ root: folder, logLevel: "error", preview: { port: 0, host: "127.0.0.1" } });
      try {
        await shows(server.resolvedUrls.local[0], said);
      } finally {
        await server.close();
      }
    } finally {
      await remove();
    }
  });
}

/** Waits until the page has this text; a button that has it stop is pressed once only the last line is missing. */
async function shows(url, said) {
  const context = await browser.newContext();
  const failures = [];
  try {
    await context.route(/^https:\/\/\w+\.example\//, cook);
    const page = await context.newPage();
    page.on("pageerror", (failure) => failures.push(String(failure)));
    await page.goto(url);
    const wanted = said.prints.trim().split("\n");
    const seen = async () => {
      const lines = (await page.evaluate(() => document.body.innerText)).trim().split("\n").map((line) => line.trim());
      return lines.filter((line) => line !== "" && line !== "Stop");
    };
    let lines;
    for (const until = Date.now() + 30_000; Date.now() < until; await new Promise((done) => setTimeout(done, 20))) {
      lines = await seen();
      if (lines.length === wanted.length - 1 && (await page.getByText("Stop").count()) > 0) await page.getByText("Stop").click();
      if (lines.length >= wanted.length) break;
    }
    assert.deepEqual(ordered(lines, said), ordered(wanted, said), failures.join("\n"));
  } finally {
    await context.close();
  }
}

async function cook(route) {
  const { pathname, search } = new URL(route.request().url());
  if (pathname === "/never") return;
  const response = await fetch(kitchen.url + pathname + search);
  const headers = { "content-type": response.headers.get("content-type") ?? "", "access-control-allow-origin": "*" };
  await route.fulfill({ status: response.status, headers, body: Buffer.from(await response.arrayBuffer()) });
}
