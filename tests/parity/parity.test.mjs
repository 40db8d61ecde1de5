// The same fixtures natively, in Node and in Chromium: no difference but those of the table.
//
//   node --test tests/parity/      after `scripts/package`; scripts/test does it

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';

import { Session } from '../../pkg/src/index.node.js';

import { inChromium } from './chromium.mjs';
import { fixtures } from './fixtures.mjs';
import { rows } from './rows.mjs';
import { serve } from './server.mjs';

/**
 * What a page calls by one name, since the browser does not say which it was. Everything else is the same everywhere.
 * Each: the fixture, what it is natively and in Node, what it is in a page.
 */
const opaque = [
  ['a redirect loop', 'too_many_redirects', 'network'],
  ['half a head', 'disconnected', 'network'],
  ['half a body', 'disconnected', 'network'],
  ['no http', 'protocol', 'network'],
  ['a port where nobody listens', 'connect', 'network'],
];

const names = new Set(fixtures.map(({ name }) => name));

describe('natively, in Node and in Chromium', () => {
  let server;
  let results;

  before(async () => {
    server = await serve();
    const { urls } = server;
    const [native, chromium, node] = [await natively(urls), await inChromium(urls), await rows(Session, urls)];
    results = { native, chromium, node };
  });
  after(() => server?.close());

  it('at least sixty fixtures, each with a name of its own', () => {
    assert.ok(fixtures.length >= 60, `${fixtures.length}`);
    assert.equal(names.size, fixtures.length);
    for (const [name] of opaque) assert.ok(names.has(name), name);
  });

  fixtures.forEach(({ name }, index) => {
    it(name, () => {
      const native = results.native[index];
      assert.deepEqual(results.node[index], native, 'Node and native');
      assert.deepEqual(results.chromium[index], inPage(name, native), 'Chromium and native');
    });
  });

  it('the table holds nothing that is not so', () => {
    for (const [name, everywhere] of opaque) {
      const row = results.native[fixtures.findIndex((fixture) => fixture.name === name)];
      assert.equal(row.error, everywhere, name);
    }
  });
});

/** What a page makes of what is so natively. */
function inPage(name, row) {
  const found = opaque.find(([of]) => of === name);
  if (!found) return row;
  const [, everywhere, page] = found;
  const map = (error) => (error === everywhere ? page : error);
  return { ...row, error: map(row.error), textError: map(row.textError) };
}

async function natively(urls) {
  const program = process.env.DUALFETCH_NATIVE_TESTS;
  assert.ok(program, 'DUALFETCH_NATIVE_TESTS names the built tests/native.rs, which prints the rows: see scripts/test');
  const args = ['--ignored', '--exact', 'native::parity::rows_of_the_fixtures', '--nocapture'];
  const env = { ...process.env, DUALFETCH_PARITY_URLS: urls.join('\n') };
  const { stdout } = await promisify(execFile)(program, args, { env, maxBuffer: 1 << 28 });
  return stdout.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
}
