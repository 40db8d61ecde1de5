// What the tests of the page are made with.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

import { environment as env, program, root } from "../../pkg/test/program.mjs";

export const pictures = `${root}target/page`;

/** Starts the program and waits until it tells its address. */
export async function serving(args) {
  const server = spawn(program, args, { env, stdio: ["ignore", "pipe", "inherit"], cwd: root });
  server.on("error", (error) => console.error(`${program}: ${error.message}`));
  let address;
  for await (const line of createInterface(server.stdout)) {
    address = /http:\S+/.exec(line)?.[0];
    break;
  }
  assert.ok(address, "the server tells its address; what it said instead is above");
  return { address, origin: new URL(address).origin, stop: () => server.kill("SIGINT") };
}

/**
 * Runs it on the page at this address; then nothing may have gone wrong there, nor have come from anywhere else.
 * `isOwn(text)` tells what the browser says itself and is no fault, `broken` that something of the page does not load.
 */
export async function watchedPage(browser, { address, settings = {}, isOwn, broken = false }, use) {
  const context = await browser.newContext(settings);
  const page = await context.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(`uncaught: ${error}`));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type()) && !isOwn(message.text())) faults.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    const { hostname, protocol } = new URL(request.url());
    if (hostname !== "127.0.0.1" && !["blob:", "data:"].includes(protocol)) faults.push(`from outside: ${request.url()}`);
  });
  page.on("requestfailed", (request) => {
    if (!broken && request.url().startsWith(address)) faults.push(`not loaded: ${request.url()}`);
  });
  try {
    await page.goto(address);
    await use(page);
    assert.deepEqual(faults, []);
  } finally {
    await context.close();
  }
}

export async function ended(page, state, timeout = 60_000) {
  const over = (wanted) => document.querySelector("#state").textContent === wanted && document.querySelector("#stop").disabled;
  await page.waitForFunction(over, state, { timeout });
}

/** Nothing sticks out to the side. */
export async function fits(page) {
  const out = await page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const wide = [...document.querySelectorAll("body *")].filter((node) => node.getBoundingClientRect().right > width + 0.5);
    const cut = wide.filter((node) => !node.closest(".bars, .strip, .axis, thead"));
    return [document.documentElement.scrollWidth - width, ...cut.map((node) => node.outerHTML.slice(0, 80))];
  });
  assert.deepEqual(out, [0]);
}

/** Texts that do not stand out enough from what is behind them (WCAG 2, AA). */
export function faint(page) {
  return page.evaluate(() => {
    const parse = (color) => color.match(/[\d.]+/g).map(Number);
    const light = (color) => {
      const [r, g, b] = parse(color).map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (node) => {
      for (let at = node; at; at = at.parentElement) {
        const color = getComputedStyle(at).backgroundColor;
        if (parse(color)[3] !== 0) return color;
      }
      return "rgb(255, 255, 255)";
    };
    const own = (node) => [...node.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.data.trim() !== "");
    const texts = [...document.querySelectorAll("body *")].filter((node) => own(node) && node.checkVisibility() && !node.matches(":disabled"));
    return texts.flatMap((node) => {
      const [a, b] = [light(getComputedStyle(node).color), light(ground(node))].sort((x, y) => y - x);
      const contrast = (a + 0.05) / (b + 0.05);
      return contrast < 4.5 ? [`${contrast.toFixed(2)}: ${node.outerHTML.slice(0, 80)}`] : [];
    });
  });
}
