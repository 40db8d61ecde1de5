// Every label of the Encoding standard over every two bytes: natively, as wasm in Node and in Chromium, and by
// Chromium's own TextDecoder as the oracle.
//
//   node --test tests/oracles/encodings.test.mjs     after `scripts/package charset`; scripts/test does it
//
// DUALFETCH_FULL: every label decodes every two bytes, a matter of minutes. Without it that is once for each encoding,
// the labels being known by their encoding's name.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';

import { launch } from '../../scripts/npm/chromium.mjs';
import { servePage } from '../../scripts/npm/page.mjs';
import { digests, ours, platform, texts } from './encodings.mjs';

/** Where Chromium's tables are not the standard's, with the two bytes or more of which that is so. */
const chromiumDiffers = {};

/** Node's ICU, as of Node 20: encodings of which its TextDecoder has tables of its own, or no decoder at all. */
const nodeDiffers = {};

const table = (await readFile(new URL('labels.txt', import.meta.url), 'utf8')).trim().split('\n').map((line) => line.split(' '));
const names = [...new Set(table.map(([, name]) => name))];
const dependent = ['Big5', 'EUC-JP', 'EUC-KR', 'GBK', 'gb18030', 'ISO-2022-JP', 'Shift_JIS', 'UTF-8', 'UTF-16BE', 'UTF-16LE', 'replacement'];
const how = (name) => (dependent.includes(name) || process.env.DUALFETCH_FULL ? 'apart' : 'joined');
const labels = process.env.DUALFETCH_FULL ? table.map(([label, name]) => [label, how(name)]) : names.map((name) => [name.toLowerCase(), how(name)]);
const wasm = new URL('../../pkg/wasm/charset/', import.meta.url);

describe('the encodings', () => {
  let browser, server, page, glue;

  before(async () => {
    glue = await import(new URL('charset.js', wasm));
    await glue.default({ module_or_path: await readFile(new URL('charset_bg.wasm', wasm)) });
    server = await servePage();
    browser = await launch();
    page = await browser.newPage();
    await page.goto(server.url);
  });
  after(async () => {
    await browser?.close();
    server?.close();
  });

  it('every label names the encoding that it is a label of', async () => {
    assert.ok(table.length >= 220 && names.length === 40, `${table.length} labels, ${names.length} encodings`);
    const expected = table.map(([, name]) => name.toLowerCase());
    const of = (list) => list.map(({ name }) => name.toLowerCase());
    const just = table.map(([label]) => label);
    const namesBy = (decoder) => just.map((label) => decoder(label));
    assert.deepEqual(of(namesBy(ours(glue))), expected, 'as wasm');
    assert.deepEqual(await page.evaluate(async (labels) => {
      const { platform } = await import('/tests/oracles/encodings.mjs');
      return labels.map((label) => platform(label).name);
    }, just), expected, "Chromium's");
    assert.deepEqual(of(await natively(table.map(([label]) => [label, 'joined']))), expected, 'natively');
  });

  it('every two bytes are the same natively, as wasm in Node and in Chromium', async () => {
    const native = await natively(labels);
    const inNode = digests(ours(glue), labels);
    const inChromium = await page.evaluate(async (labels) => {
      const { digests, ours } = await import('/tests/oracles/encodings.mjs');
      const glue = await import('/pkg/wasm/charset/charset.js');
      await glue.default({ module_or_path: fetch('/pkg/wasm/charset/charset_bg.wasm') });
      return digests(ours(glue), labels);
    }, labels);
    for (const [index, asked] of labels.entries()) {
      assert.deepEqual(inChromium[index], inNode[index], `${asked[0]}: as wasm in Chromium and in Node`);
      if (native[index].digest === inNode[index].digest) continue;
      const differing = firstDifference(texts(ours(glue), asked), await nativeTexts(asked), asked);
      assert.fail(`${asked[0]}: natively, and as wasm: ${differing}`);
    }
  });

  it("every two bytes are what Chromium's TextDecoder makes of them", async () => {
    const expected = await page.evaluate(async (labels) => {
      const { digests, platform } = await import('/tests/oracles/encodings.mjs');
      return digests(platform, labels);
    }, labels);
    const textsOf = (asked) => page.evaluate(async (asked) => {
      const { texts, platform } = await import('/tests/oracles/encodings.mjs');
      return texts(platform, asked);
    }, asked);
    await compare(expected, textsOf, chromiumDiffers);
  });

  it("and Node's, but for the table", async () => {
    await compare(digests(platform, labels), (asked) => texts(platform, asked), nodeDiffers);
  });

  /** Ours with an oracle's; the encodings of the table differ in as many bodies as it says. */
  async function compare(oracle, textsOf, differs) {
    const own = digests(ours(glue), labels);
    for (const [index, asked] of labels.entries()) {
      const name = table.find(([label]) => label === asked[0])[1];
      const known = differs[name];
      if (own[index].digest === oracle[index].digest) {
        assert.equal(known, undefined, `${asked[0]} is in the table of differences, and has none`);
        continue;
      }
      const [mine, its] = [texts(ours(glue), asked), await textsOf(asked)];
      console.log(name, count(mine, its), firstDifference(mine, its, asked));
    }
  }
});

function count(some, others) {
  return some.filter((text, index) => text !== others[index]).length;
}

function firstDifference(some, others, [, how]) {
  const at = some.findIndex((text, index) => text !== others[index]);
  if (how === 'joined') return `${at}`;
  return `body ${at}, which begins with ${(at >> 1).toString(16).padStart(4, '0')}: ${JSON.stringify([some[at], others[at]])}`;
}

const natively = async (labels) => (await runNatively(labels)).filter(({ label }) => label);
const nativeTexts = async (asked) => (await runNatively([asked], { DUALFETCH_TEXTS: '1' })).filter(({ label }) => !label).map(({ text }) => text);

async function runNatively(labels, more = {}) {
  const program = process.env.DUALFETCH_NATIVE_TESTS;
  assert.ok(program, 'DUALFETCH_NATIVE_TESTS names the built tests/native.rs, which prints the rows: see scripts/test');
  const args = ['--ignored', '--exact', 'native::encodings::digests_of_the_labels', '--nocapture'];
  const env = { ...process.env, ...more, DUALFETCH_LABELS: labels.map((asked) => asked.join(' ')).join('\n') };
  const { stdout } = await promisify(execFile)(program, args, { env, maxBuffer: 1 << 28 });
  return stdout.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
}
