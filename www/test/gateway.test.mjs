/**
 * The page as a gateway serves it, in a real browser, with sites that let no page read them.
 *
 *     cargo build --features cli && scripts/package && node --test www/test/
 *
 * As page.test.mjs; the pictures are in target/page, too.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { promisify } from "node:util";

import { environment as env, program } from "../../pkg/test/program.mjs";
import { BRIEF, LIMIT, LIMIT_PER_HOST, SLOW, TITLES, asked, browser, expected, gateway, onPage, origin, parsed, run, saved, shown, sites, slow, urls } from "./sites.mjs";
import { ended, faint, fits, pictures } from "./support.mjs";

test("one open of the page fetches titles of sites that let no page read them", async () => {
  await onPage(async (page) => {
    assert.equal(await page.isVisible("#ways"), true, "there is a choice, for a gateway serves the page");
    assert.equal(await page.isChecked("[name=way][value=gateway]"), true, "and the gateway is what it begins with");
    await run(page);
    assert.deepEqual(await shown(page), expected());
    assert.match(await page.textContent("#spoken"), /^Done: 12 of 12 rows, 0 failed/);
    assert.equal(asked.length, urls.length, "each site was asked once for each page");
    for (const { agent, via, origin } of asked) {
      assert.match(agent, /^dualfetch\//, "by the gateway, not the browser");
      assert.match(via, /dualfetch/);
      assert.equal(origin, undefined);
    }
  });
});

test("directly every one of them fails, and the gateway is offered", async () => {
  await onPage(async (page) => {
    await page.check("[name=way][value=direct]");
    // What is written into it is spoken if it was there before.
    const region = await page.evaluate(() => {
      window.region = document.querySelector("[role=status]");
      return [window.region.id, window.region.checkVisibility(), window.region.checkVisibility() && window.region.innerText.trim()];
    });
    assert.deepEqual(region, ["tip", true, ""]);
    await run(page);
    const rows = await shown(page);
    assert.deepEqual(Object.keys(rows).sort(), [...urls].sort());
    assert.deepEqual(new Set(Object.values(rows)), new Set(["network"]));
    assert.match(await page.textContent("#spoken"), /^Done: 12 of 12 rows, 12 failed/);
    assert.ok(asked.every(({ agent, origin }) => /Chrom/.test(agent) && origin === gateway.origin), "the browser did ask");
    assert.equal(await page.evaluate(() => window.region === document.querySelector("[role=status]")), true);
    assert.match(await page.textContent("#tip"), /12 URLs were not to be read from here.*CORS.*The gateway may\./s);
    await page.evaluate(() => scrollTo(0, 0));
    await page.screenshot({ path: `${pictures}/gateway-direct.png`, fullPage: true });
    await page.click("#tip-do");
    await ended(page, "Done");
    assert.deepEqual([await page.isVisible("#tip-do"), await page.textContent("#tip-words")], [false, ""]);
    assert.equal(await page.isChecked("[name=way][value=gateway]"), true);
    assert.deepEqual(await shown(page), expected());
  }, { isRefused: true });
});

test("auto: what the browser may not read comes by the gateway, what it may does not", async () => {
  const open = createServer((_, response) => {
    response.setHeader("access-control-allow-origin", "*").setHeader("content-type", "text/html");
    response.end("<title>Open to all</title>");
  });
  await once(open.listen(0, "127.0.0.1"), "listening");
  const readable = `http://127.0.0.1:${open.address().port}/`;
  try {
    await onPage(async (page) => {
      await page.check("[name=way][value=auto]");
      await page.fill("#urls", [...urls, readable].join("\n"));
      await run(page);
      assert.deepEqual(await shown(page), { ...expected(), [readable]: "Open to all" });
      assert.equal(await page.textContent("#figure-gateway"), "12");
      const ways = await page.locator("#row-list tr").evaluateAll((rows) =>
        rows.map((row) => [row.querySelector("td.url a").textContent, row.querySelector("td.time .aside").textContent]));
      for (const [url, way] of ways) assert.equal(way, url === readable ? "directly" : "by the gateway", url);
      // Once it is known of a site, it goes there at once.
      const attempts = sites.map((_, nth) => asked.filter(({ site, agent }) => site === nth && /Chrom/.test(agent)).length);
      assert.ok(attempts.every((count) => count >= 1 && count <= LIMIT_PER_HOST), `${attempts}`);
    }, { isRefused: true });
  } finally {
    open.close();
  }
});

test("the panel of hosts keeps the limits and adds up, all the way", async () => {
  await onPage(async (page) => {
    const samples = await page.evaluate(() => {
      const samples = [];
      const read = () => {
        const rows = [...document.querySelectorAll("#host-list tr")];
        samples.push(rows.map((row) => {
          const of = (part) => Number(row.querySelector(`td.${part}`).textContent);
          const parts = ["flying", "waiting", "backing", "done", "failed"];
          return { origin: row.dataset.origin, ...Object.fromEntries(parts.map((part) => [part, of(part)])) };
        }));
      };
      window.samples = samples;
      new MutationObserver(read).observe(document.querySelector("#host-list"), { subtree: true, childList: true, characterData: true });
      return samples;
    });
    assert.deepEqual(samples, []);
    slow(500);
    await page.fill("#urls", [...urls, `http://127.0.0.1:${sites[0].port}/nowhere`, `http://127.0.0.1:${sites[1].port}/cut`].join("\n"));
    await run(page);
    const seen = (await page.evaluate(() => window.samples)).filter((hosts) => hosts.length === 3);
    assert.ok(seen.length > 5, `${seen.length} samples`);
    const totals = { [origin(0)]: 5, [origin(1)]: 5, [origin(2)]: 4 };
    let most = 0;
    for (const hosts of seen) {
      for (const { origin, flying, waiting, backing, done, failed } of hosts) {
        assert.ok(flying <= LIMIT_PER_HOST, `${flying} at ${origin}`);
        assert.equal(flying + waiting + backing + done + failed, totals[origin], JSON.stringify(hosts));
      }
      const flying = hosts.reduce((sum, host) => sum + host.flying, 0);
      assert.ok(flying <= LIMIT, `${flying} in all`);
      most = Math.max(most, flying);
    }
    assert.equal(most, LIMIT);
    assert.ok(seen.some((hosts) => hosts.some(({ waiting }) => waiting > 0)), "some are seen to wait");
    const last = Object.fromEntries(seen.at(-1).map(({ origin, ...parts }) => [origin, parts]));
    const over = (done, failed) => ({ flying: 0, waiting: 0, backing: 0, done, failed });
    assert.deepEqual(last, { [origin(0)]: over(5, 0), [origin(1)]: over(4, 1), [origin(2)]: over(4, 0) });
    const received = await page.locator("#host-list td.bytes").allTextContents();
    assert.ok(received.every((size) => /^\d+(\.\d)? kB$/.test(size)), `${received}`);
    assert.equal(await page.textContent("#hosts-shown"), "3 hosts");
  });
});

test("of many hosts those are shown where something happens or has failed", async () => {
  await onPage(async (page) => {
    const refused = Array.from({ length: 60 }, (_, nth) => `http://127.0.0.1:1/${nth}`);
    const names = Array.from({ length: 70 }, (_, nth) => `http://10.0.0.${nth}/`);
    await page.fill("#urls", [...refused, ...urls, ...names].join("\n"));
    for (const limit of ["#limit", "#limit-per-host"]) await page.fill(limit, "50");
    await run(page);
    assert.equal(await page.textContent("#hosts-shown"), "50 of 74 hosts");
    const seen = await page.locator("#host-list tr:not([hidden])").evaluateAll((rows) =>
      rows.map((row) => [row.dataset.origin, Number(row.querySelector("td.failed").textContent)]));
    assert.equal(seen.length, 50);
    assert.ok(seen.every(([, failed]) => failed > 0), "all of these have failed, and those that have not stand back");
    assert.deepEqual(seen[0], ["http://127.0.0.1:1", 60]);
  });
});

test("what is to be tried again is seen to wait for it", async () => {
  await onPage(async (page) => {
    await page.fill("#urls", `${urls[0]}\n${origin(2)}/often`);
    await page.click("#more-summary");
    await page.fill("#retries", "1");
    await page.click("#start");
    await page.waitForFunction((origin) => {
      const row = document.querySelector(`[data-origin="${origin}"]`);
      return row?.querySelector("td.backing").textContent === "1" && row.querySelector("td.flying").textContent === "0";
    }, origin(2));
    await ended(page, "Done");
    assert.equal(await page.textContent(`[data-origin="${origin(2)}"] td.backing`), "0");
    assert.equal((await shown(page))[urls[0]], TITLES[0][0]);
  });
});

test("the rows are saved as CSV and JSONL, and a spreadsheet finds no formula", async () => {
  await onPage(async (page) => {
    for (const button of ["#save-csv", "#save-jsonl"]) assert.equal(await page.isDisabled(button), true);
    const failing = `http://127.0.0.1:${sites[1].port}/cut`;
    await page.check("#ordered");
    await page.fill("#urls", [...urls, failing].join("\n"));
    await run(page);
    const [name, jsonl] = await saved(page, "#save-jsonl");
    assert.equal(name, "titles.jsonl");
    assert.ok(jsonl.endsWith("}\n"));
    const rows = jsonl.trimEnd().split("\n").map((line) => JSON.parse(line));
    const fields = ["url", "final_url", "status", "title", "title_source", "encoding", "encoding_source", "bytes", "elapsed_ms", "attempts", "error"];
    for (const row of rows) assert.deepEqual(Object.keys(row), fields);
    assert.deepEqual(rows.map(({ url }) => url), [...urls, failing]);
    assert.deepEqual(rows.slice(0, -1).map(({ title }) => title), TITLES.flat());
    const { elapsed_ms, bytes, ...first } = rows[0];
    assert.ok(Number.isInteger(elapsed_ms) && elapsed_ms >= SLOW && bytes > 0);
    assert.deepEqual(first, {
      url: urls[0], final_url: urls[0], status: 200, title: "News & weather", title_source: "head", encoding: "UTF-8",
      encoding_source: "content-type", attempts: 1, error: null,
    });
    const { error, ...rest } = rows.at(-1);
    assert.deepEqual([rest.final_url, rest.status, rest.title, rest.bytes], [null, null, null, null]);
    assert.deepEqual(Object.keys(error), ["code", "phase", "message"]);
    assert.equal(error.phase, null);
    assert.ok(error.code === "disconnected" && error.message.length > 5 && !error.message.includes(failing), JSON.stringify(error));

    const [csvName, csv] = await saved(page, "#save-csv");
    assert.equal(csvName, "titles.csv");
    const records = parsed(csv);
    const columns = [...fields.slice(0, -1), "error_code", "error_phase", "error_message"];
    assert.deepEqual(records[0], columns);
    assert.equal(records.length, rows.length + 1);
    const written = (value) => (value === null ? "" : /^[=+\-@]/.test(value) ? `'${value}` : String(value));
    rows.forEach((row, at) => {
      const told = [...fields.slice(0, -1).map((field) => row[field]), ...["code", "phase", "message"].map((part) => row.error?.[part] ?? null)];
      assert.deepEqual(records[at + 1], told.map(written));
    });
    for (const formula of ["'=1+1", "'-2 °C", "'@home"]) assert.ok(records.some((record) => record[3] === formula), formula);
  });
});

test("what is saved is what the command line writes of the same sites", async () => {
  await onPage(async (page) => {
    await page.check("#ordered");
    await run(page);
    const [, jsonl] = await saved(page, "#save-jsonl");
    const [, csv] = await saved(page, "#save-csv");
    const titles = async (format) => (await promisify(execFile)(program, ["titles", "--ordered", "--format", format, ...urls], { env })).stdout;
    const own = ["bytes", "elapsed_ms"];
    const lines = (text) => text.trimEnd().split("\n").map((line) => {
      const row = JSON.parse(line);
      return [Object.keys(row), Object.entries(row).filter(([name]) => !own.includes(name))];
    });
    assert.deepEqual(lines(jsonl), lines(await titles("jsonl")));
    const told = parsed(await titles("csv"));
    const at = own.map((name) => told[0].indexOf(name));
    const records = (all) => all.map((record, nth) => record.filter((_, column) => nth === 0 || !at.includes(column)));
    // But for the apostrophe, which is for who opens it in a spreadsheet.
    const plain = parsed(csv).map((record) => record.map((field) => field.replace(/^'(?=[=+\-@])/, "")));
    assert.deepEqual(records(plain), records(told));
  });
});

test("control characters and line ends of strangers stay within their field", async () => {
  await onPage(async (page) => {
    const [csv, jsonl] = await page.evaluate(async () => {
      const { csv, jsonl } = await import("./save.js");
      const title = 'a\t"b",\r\nc\u001b[31m\u2028d\u202ee\ud800';
      const row = { url: "http://a/", title, elapsed: 1.9, attempts: 1, error: null };
      return [csv([row]), jsonl([row])];
    });
    assert.equal(parsed(csv)[1][3], 'a "b",  c\uFFFD[31m d\uFFFDe\uFFFD');
    // eslint-disable-next-line no-control-regex
    assert.doesNotMatch(jsonl.slice(0, -1), /[\0-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/);
    assert.deepEqual([JSON.parse(jsonl).title, JSON.parse(jsonl).elapsed_ms], ['a\t"b",\r\nc\u001b[31m\u2028d\u202ee\ud800', 1]);
  });
});

test("no more are under way by a gateway than a browser has connections to it, and the form says so", async () => {
  await onPage(async (page) => {
    assert.match(await page.textContent("#limit-hint"), /^By this gateway at most 6.*HTTP\/1\.1/);
    for (const limit of ["#limit", "#limit-per-host"]) await page.fill(limit, "12");
    await run(page);
    assert.deepEqual(await shown(page), expected());
    assert.equal(await page.textContent("#figure-peak"), "6");
    await page.check("[name=way][value=direct]");
    assert.equal(await page.isVisible("#limit-hint"), false);
  });
});

test("the figures never exceed the limits by a gateway, however soon one request follows another", async () => {
  await onPage(async (page) => {
    slow(5);
    const brief = Array.from({ length: 90 }, (_, nth) => `${origin(nth % 3)}/brief-${nth}`);
    await page.fill("#urls", brief.join("\n"));
    await page.fill("#limit", "5");
    await run(page);
    assert.deepEqual(await shown(page), Object.fromEntries(brief.map((url) => [url, "Brief"])));
    assert.equal(await page.textContent("#figure-peak"), "5");
    assert.equal(await page.textContent("#figure-peak-host"), String(LIMIT_PER_HOST));
    assert.deepEqual(await page.locator("#host-list td.bytes").allTextContents(), Array(3).fill(`${30 * BRIEF.length} B`));
  });
});

test("what the gateway says itself is not received from the host", async () => {
  await onPage(async (page) => {
    await page.fill("#urls", `http://127.0.0.1:1/\n${origin(0)}/brief`);
    await run(page);
    const received = await page.locator("#host-list tr").evaluateAll((rows) =>
      Object.fromEntries(rows.map((row) => [row.dataset.origin, row.querySelector("td.bytes").textContent])));
    assert.deepEqual(received, { "http://127.0.0.1:1": "0 B", [origin(0)]: `${BRIEF.length} B` });
  });
});

test("it runs in browsers that lack what is newer than the package", async () => {
  const lacking = () => {
    for (const [of, name] of [[AbortSignal, "any"], [String.prototype, "toWellFormed"], [String.prototype, "isWellFormed"], [URL, "canParse"], [Promise, "withResolvers"]]) delete of[name];
  };
  await onPage(async (page) => {
    await page.addInitScript(lacking);
    await page.reload();
    await page.waitForFunction(() => !document.querySelector("#ways").hidden);
    await page.fill("#urls", [...urls, "no URL"].join("\n"));
    await run(page);
    const [, csv] = await saved(page, "#save-csv");
    assert.equal(parsed(csv).length, 14);
  });
});

test("the switch is moved by keyboard and says what it means", async () => {
  await onPage(async (page) => {
    const way = () => page.evaluate(() => document.querySelector("[name=way]:checked").value);
    await page.focus("[name=way][value=gateway]");
    const told = [];
    for (const expected of ["auto", "direct", "gateway"]) {
      await page.keyboard.press("ArrowRight");
      assert.equal(await way(), expected);
      told.push(await page.textContent("#way-hint"));
      const outline = await page.evaluate(() => getComputedStyle(document.querySelector("[name=way]:checked + span")).outlineStyle);
      assert.equal(outline, "solid", "focus is seen");
    }
    assert.equal(new Set(told).size, 3);
    const names = await page.evaluate(() => [...document.querySelectorAll("input, textarea, button")].filter((field) =>
      !(field.labels?.length || field.textContent.trim() || field.getAttribute("aria-label"))).map(({ outerHTML }) => outerHTML));
    assert.deepEqual(names, [], "everything has a label");
    // What is unfolded, and what has the focus, is to be seen: start and stop are not before it.
    await page.focus("#more-summary");
    await page.keyboard.press("Enter");
    for (const field of ["retries", "gateway-url", "gateway-key"]) {
      await page.keyboard.press("Tab");
      const [focused, isSeen] = await page.evaluate(() => {
        const { activeElement } = document;
        const { left, right, top, bottom } = activeElement.getBoundingClientRect();
        return [activeElement.id, document.elementFromPoint((left + right) / 2, bottom - 4) === activeElement && top >= 0];
      });
      assert.deepEqual([focused, isSeen], [field, true]);
    }
  });
});

for (const [width, height] of [[1200, 900], [1280, 720], [1440, 1100]]) {
  test(`of the settings nothing is hidden in a window of ${width} by ${height}`, async () => {
    await onPage(async (page) => {
      const controls = "#settings :is(textarea, input, summary, button, .hint, .fault):not([hidden])";
      const hidden = () => page.evaluate((controls) => {
        const covered = [...document.querySelectorAll(controls)].filter((node) => node.checkVisibility()).filter((node) => {
          node.scrollIntoView({ block: "nearest" });
          const { left, top, bottom } = node.getBoundingClientRect();
          return ![top + 4, bottom - 4].every((y) => node.contains(document.elementFromPoint(left + 8, y)));
        });
        const { scrollHeight, clientHeight } = document.querySelector("#settings");
        return [scrollHeight - clientHeight, ...covered.map(({ id, className }) => id || className)];
      }, controls);
      assert.deepEqual(await hidden(), [0]);
      await page.evaluate(() => scrollTo(0, 0));
      if (height >= 900) {
        const bottom = await page.evaluate(() => document.querySelector("#settings").getBoundingClientRect().bottom);
        assert.ok(bottom <= height, `${bottom}: all is seen at once`);
      }
      await run(page);
      await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
      const isSeen = await page.evaluate(() => document.querySelector("#settings").getBoundingClientRect().top >= 0);
      assert.equal(isSeen, height >= 900, "it stays in sight where it fits, and scrolls with the page where it does not");
      await page.click("#more-summary");
      await page.waitForFunction(() => document.querySelector("#more").open && !document.querySelector(".stays"));
      await page.waitForFunction(() => document.querySelector("#more-summary").getBoundingClientRect().top >= 0);
      assert.deepEqual(await hidden(), [0]);
      await page.evaluate(() => scrollTo(0, 0));
      await page.screenshot({ path: `${pictures}/gateway-${width}-${height}.png`, fullPage: true });
    }, { settings: { viewport: { width, height } } });
  });
}

for (const [name, settings] of Object.entries({
  light: { viewport: { width: 1280, height: 900 }, colorScheme: "light" },
  dark: { viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true, colorScheme: "light" },
  "phone-dark": { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true, colorScheme: "dark" },
  narrow: { viewport: { width: 320, height: 640 }, colorScheme: "light" },
})) {
  test(`looks right by a gateway: ${name}`, async () => {
    await onPage(async (page) => {
      await fits(page);
      await page.screenshot({ path: `${pictures}/gateway-${name}-empty.png`, fullPage: true });
      await page.fill("#urls", [...urls, `${origin(1)}/nowhere`, `${origin(2)}/cut`].join("\n"));
      await page.click("#start");
      await page.waitForFunction(() => document.querySelectorAll("#row-list tr").length >= 5);
      await fits(page);
      await page.evaluate(() => scrollTo(0, 0));
      await page.screenshot({ path: `${pictures}/gateway-${name}-running.png`, fullPage: true });
      await ended(page, "Done");
      await page.evaluate(() => scrollTo(0, 0));
      await page.screenshot({ path: `${pictures}/gateway-${name}-done.png`, fullPage: true });
      await page.click("#more-summary");
      await fits(page);
      assert.deepEqual(await faint(page), [], "contrast of 4.5");
      await page.screenshot({ path: `${pictures}/gateway-${name}-more.png` });
    }, { settings });
  });
}
