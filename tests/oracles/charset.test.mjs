// Pages that name their encoding in every way there is: what ours is read in is Chromium's `document.characterSet`.
//
//   node --test tests/oracles/charset.test.mjs     after `scripts/package`; scripts/test does it
//
// DUALFETCH_FULL: all that can be combined, some 6,600 pages. Without it a sample in which every pair is.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';

import { Session } from '../../pkg/src/index.node.js';
import { launch } from '../../scripts/npm/chromium.mjs';
import { fixtures } from './sources.mjs';

const pages = fixtures(process.env.DUALFETCH_FULL ? 1 : 17);

const server = createServer((request, response) => {
  const { type, body } = pages[Number(request.url.slice(1))] ?? { type: 'text/html', body: '' };
  response.writeHead(200, { 'content-type': type, 'content-length': body.length }).end(body);
});
await once(server.listen(0, '127.0.0.1'), 'listening');
const urls = pages.map((_, index) => `http://127.0.0.1:${server.address().port}/${index}`);
const [native, chromium] = [await natively(), await inChromium()];
const node = [];
for await (const row of new Session({ limitPerHost: 8 }).titles(urls, { ordered: true })) node.push(row);
server.close();
const seen = {};
for (const [index, page] of pages.entries()) {
  assert.equal(native[index].encoding, node[index].encoding, page.name);
  if (native[index].encoding === chromium[index]) continue;
  const { encodingSource: source } = native[index];
  const key = `${source}: ${native[index].encoding} vs ${chromium[index]} | content ${page.content}, meta ${page.meta}`;
  (seen[key] ??= []).push(page.bom + '/' + page.header);
}
console.log(pages.length, Object.entries(seen).map(([k, v]) => `${k} (${v.length}: ${v.slice(0, 3)})`).sort().join('\n'));

async function natively() {
  const program = process.env.DUALFETCH_NATIVE_TESTS;
  assert.ok(program, 'DUALFETCH_NATIVE_TESTS names the built tests/native.rs, which prints the rows: see scripts/test');
  const args = ['--ignored', '--exact', 'native::parity::rows_of_the_fixtures', '--nocapture'];
  const env = { ...process.env, DUALFETCH_PARITY_URLS: urls.join('\n') };
  const { stdout } = await promisify(execFile)(program, args, { env, maxBuffer: 1 << 28 });
  return stdout.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
}

/** In tabs of their own: a frame would inherit from the page around it. */
async function inChromium() {
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
