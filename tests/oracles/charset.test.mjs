// Pages that name their encoding in every way there is: natively and in Node, what they are read in is Chromium's
// `document.characterSet`.
//
//   node --test tests/oracles/charset.test.mjs     after `scripts/package`; scripts/test does it
//
// DUALFETCH_FULL: all that can be combined, thousands of pages. Without it a sample in which every pair is.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, describe, it } from 'node:test';

import { Session } from '../../pkg/src/index.node.js';
import { launch } from '../../scripts/npm/chromium.mjs';
import { natively } from './natively.mjs';
import { fixtures } from './sources.mjs';

/**
 * Where Chromium is not ours, and why; it is only looked at where a page is not the same. `fits` is told the page, ours
 * and Chromium's.
 */
const known = [
  {
    // Nothing names an encoding, and the bytes are UTF-8. A browser fears that pages would come to rely on a guess of
    // UTF-8, and takes the legacy one; here a text that is UTF-8 is that.
    why: 'UTF-8 that nobody declares',
    fits: (_, { encoding, encodingSource }, chromium) =>
      encodingSource === 'utf-8' && encoding === 'UTF-8' && chromium === 'windows-1252',
  },
  {
    // The standard's prescan knows no elements with raw text: what looks like a tag is one. Chromium's has a tokenizer.
    why: 'a meta that is text of a script or style',
    fits: ({ meta }, { encoding, encodingSource }) =>
      ['in a script', 'in a style'].includes(meta) && encodingSource === 'meta' && encoding === 'KOI8-R',
  },
  {
    // By the standard the first attribute of a name counts, in the prescan as in the parser. Chromium's takes the last.
    why: 'an attribute that is there twice',
    fits: ({ meta }, _, chromium) => meta.startsWith('duplicate attributes') && chromium === 'KOI8-R',
  },
];

const pages = fixtures(Boolean(process.env.DUALFETCH_FULL));

describe(`${pages.length} pages`, () => {
  let server, native, node, chromium;

  before(async () => {
    server = createServer(({ url }, response) => {
      const { type, body } = pages[url.slice(1)] ?? { type: 'text/plain', body: '' };
      response.writeHead(200, { 'content-type': type, 'content-length': body.length }).end(body);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const urls = pages.map((_, index) => `http://127.0.0.1:${server.address().port}/${index}`);
    native = [];
    // A variable holds no more.
    for (let from = 0; from < urls.length; from += 1000) {
      const some = urls.slice(from, from + 1000).join('\n');
      native.push(...(await natively('native::parity::rows_of_the_fixtures', { DUALFETCH_PARITY_URLS: some })));
    }
    node = [];
    for await (const row of new Session({ limitPerHost: 8 }).titles(urls, { ordered: true })) node.push(row);
    chromium = await characterSets(urls);
  });
  after(() => server?.close());

  it('every way comes up with every other way', () => {
    const ways = ['bom', 'header', 'meta', 'content'];
    for (const one of ways) {
      for (const other of ways.filter((way) => way > one)) {
        const pairs = new Set(pages.map((page) => `${page[one]}|${page[other]}`));
        const count = (way) => new Set(pages.map((page) => page[way])).size;
        assert.equal(pairs.size, count(one) * count(other), `${one} and ${other}`);
      }
    }
  });

  it('natively and in Node they are read alike, by the same rule', () => {
    assert.equal(native.length, pages.length);
    const told = ({ title, encoding, encodingSource }) => ({ title: title ?? null, encoding, encodingSource });
    for (const [index, { name }] of pages.entries()) assert.deepEqual(told(node[index]), told(native[index]), name);
  });

  it('they are read as Chromium reads them, but for what is known', () => {
    const met = new Set();
    const differing = pages.flatMap((page, index) => {
      const [ours, its] = [native[index], chromium[index]];
      if (ours.encoding === its) return [];
      const reason = known.find(({ fits }) => fits(page, ours, its));
      if (reason) met.add(reason.why);
      return reason ? [] : [`${page.name}: ${ours.encoding} by ${ours.encodingSource}, ${its} in Chromium`];
    });
    assert.deepEqual(differing, []);
    assert.deepEqual([...met].sort(), known.map(({ why }) => why).sort(), 'the table holds nothing that is not so');
  });
});

/** In tabs of their own: a frame would inherit the encoding of the page around it. */
async function characterSets(urls) {
  const browser = await launch();
  const found = [];
  let next = 0;
  const tab = async () => {
    const page = await browser.newPage();
    for (let index = next++; index < urls.length; index = next++) {
      await page.goto(urls[index], { waitUntil: 'domcontentloaded' });
      found[index] = await page.evaluate(() => document.characterSet);
    }
  };
  await Promise.all(Array.from({ length: 4 }, tab));
  await browser.close();
  return found;
}
