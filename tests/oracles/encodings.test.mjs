// Every label of the Encoding standard over every two bytes: natively, as wasm in Node and in Chromium, and by
// Chromium's own TextDecoder as the oracle.
//
//   node --test tests/oracles/encodings.test.mjs     after `scripts/package`; scripts/test does it
//
// DUALFETCH_FULL: every label decodes every two bytes, each alone, a matter of minutes. Without it that is once for each
// encoding, as its labels are known to name it, and where no byte depends on another all at once.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';

import { launch } from '../../scripts/npm/chromium.mjs';
import { servePage } from '../../scripts/npm/page.mjs';
import { bodies, digests, ours, platform, texts } from './encodings.mjs';
import { natively } from './natively.mjs';

/** Where Chromium leaves the standard, why, and of which bodies that may be so. Chromium 148. */
const chromiumDiffers = {
  // It reads the second byte anew, though that is not ASCII.
  Big5: (_, text) => text.includes('\ufffd'),
  // It takes the first character of JIS X 0208, the ideographic space, for none.
  'EUC-JP': (_, text) => text.includes('\u3000'),
  // What stands for an escape that is none comes out in front of a byte that came before it.
  'ISO-2022-JP': (body) => body.includes(0x1b),
};

/** Encodings that ICU has other tables of, or that Node has no decoder for: Node 20. Others may agree. */
const nodeMayDiffer = ['Big5', 'EUC-JP', 'EUC-KR', 'GBK', 'IBM866', 'ISO-2022-JP', 'ISO-8859-16', 'KOI8-U', 'Shift_JIS',
  'windows-1252', 'windows-1253', 'windows-1255', 'windows-874', 'x-user-defined'];

/** Those in which a byte may depend on another. */
const dependent = ['Big5', 'EUC-JP', 'EUC-KR', 'GBK', 'gb18030', 'ISO-2022-JP', 'replacement', 'Shift_JIS', 'UTF-16BE',
  'UTF-16LE', 'UTF-8'];

const inFull = Boolean(process.env.DUALFETCH_FULL);
const table = (await readFile(new URL('labels.txt', import.meta.url), 'utf8')).trim().split('\n').map((line) => line.split(' '));
const names = [...new Set(table.map(([, name]) => name))];
const how = (name) => (inFull || dependent.includes(name) ? 'apart' : 'joined');
const asked = inFull ? table.map(([label, name]) => [label, how(name)]) : names.map((name) => [name.toLowerCase(), how(name)]);
const nameOf = ([label]) => table.find(([known]) => known === label)[1];
const wasm = new URL('../../pkg/wasm/charset/', import.meta.url);

describe('the encodings', () => {
  let browser, server, page, glue, own;

  before(async () => {
    glue = await import(new URL('charset.js', wasm));
    await glue.default({ module_or_path: await readFile(new URL('charset_bg.wasm', wasm)) });
    own = digests(ours(glue), asked);
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
    assert.equal(table.length, 228);
    assert.equal(names.length, 40);
    const labels = table.map(([label]) => label);
    const named = labels.map((label) => [label, 'named']);
    const expected = table.map(([, name]) => name);
    assert.deepEqual(labels.map((label) => ours(glue)(label).name), expected, 'as wasm');
    assert.deepEqual((await nativeDigests(named)).map(({ name }) => name), expected, 'natively');
    const chromiums = await page.evaluate(async (labels) => {
      const { platform } = await import('/tests/oracles/encodings.mjs');
      return labels.map((label) => platform(label).name);
    }, labels);
    assert.deepEqual(chromiums, expected.map((name) => (name === 'replacement' ? name : name.toLowerCase())), "Chromium's");
  });

  it('every two bytes are the same natively, as wasm in Node and in Chromium', async () => {
    const native = await nativeDigests(asked);
    const inChromium = await page.evaluate(async (asked) => {
      const { digests, ours } = await import('/tests/oracles/encodings.mjs');
      const glue = await import('/pkg/wasm/charset/charset.js');
      await glue.default({ module_or_path: fetch('/pkg/wasm/charset/charset_bg.wasm') });
      return digests(ours(glue), asked);
    }, asked);
    assert.deepEqual(inChromium, own, 'as wasm in Chromium and in Node');
    for (const [index, one] of asked.entries()) {
      if (native[index].digest === own[index].digest) continue;
      const [first] = differences(one, texts(ours(glue), one), await nativeTexts(one));
      assert.fail(`${one[0]}: as wasm and natively: ${told(first)}`);
    }
    assert.equal(native.length, asked.length);
  });

  it("every two bytes are what Chromium's TextDecoder makes of them, but for the table", async () => {
    const its = await page.evaluate(async (asked) => {
      const { digests, platform } = await import('/tests/oracles/encodings.mjs');
      return digests(platform, asked);
    }, asked);
    for (const [index, one] of asked.entries()) {
      const isKnown = chromiumDiffers[nameOf(one)];
      const differs = its[index].digest !== own[index].digest;
      assert.ok(differs || !isKnown, `${one[0]}: Chromium has mended it, the table still has it`);
      if (!differs) continue;
      const theirs = await page.evaluate(async (one) => {
        const { texts, platform } = await import('/tests/oracles/encodings.mjs');
        return texts(platform, one);
      }, one);
      const unknown = differences(one, texts(ours(glue), one), theirs).filter(([body, text]) => !isKnown?.(body, text));
      assert.equal(unknown.length, 0, `${one[0]}: ours and Chromium's: ${unknown.length} differ, first ${told(unknown[0] ?? [])}`);
    }
  });

  it("and Node's TextDecoder, but for what ICU has other tables of", () => {
    for (const [index, { digest }] of digests(platform, asked).entries()) {
      if (digest === own[index].digest || nodeMayDiffer.includes(nameOf(asked[index]))) continue;
      const [first] = differences(asked[index], texts(ours(glue), asked[index]), texts(platform, asked[index]));
      assert.fail(`${asked[index][0]}: ours and Node's: ${told(first)}`);
    }
  });
});

/** The bodies that two decoders do not agree on, and what each makes of it. */
function differences([, how], some, others) {
  return [...bodies(how)].map((body, at) => [body, some[at], others[at]]).filter(([, one, other]) => one !== other);
}

function told([body = [], ...texts]) {
  if (body.length < 16) return `${Buffer.from(body).toString('hex')} is ${texts.map((text) => JSON.stringify(text)).join(' and ')}`;
  const at = [...texts[0]].findIndex((character, at) => character !== [...texts[1]][at]);
  return `character ${at} of all in one`;
}

const nativeDigests = (asked) => ask(asked).then((rows) => rows.filter(({ label }) => label));
const nativeTexts = (one) => ask([one], { DUALFETCH_TEXTS: '1' }).then((rows) => rows.filter(({ label }) => !label).map(({ text }) => text));
const ask = (asked, more) =>
  natively('native::encodings::digests_of_the_labels', { ...more, DUALFETCH_LABELS: asked.map((one) => one.join(' ')).join('\n') });
