// Titles by this crate, by headless Chromium and by parse5: no difference but those of differences.mjs.
//
//   node --test tests/oracles/titles.test.mjs    with DUALFETCH_HTML_TESTS, the built tests/html.rs: see scripts/test
//
// DUALFETCH_DOCUMENTS is how many documents, DUALFETCH_SEED which.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';

import { differences } from './differences.mjs';
import { byParse5, startChromium } from './parsers.mjs';

describe('titles', () => {
  let chromium;
  let documents;

  before(async () => {
    documents = await ours(differences.map(({ example }) => example));
    chromium = await startChromium();
    const titles = await chromium.titles(documents.map(({ page }) => page));
    documents.forEach((document, index) => {
      document.chromium = titles[index];
      document.parse5 = byParse5(document.page);
    });
  });
  after(() => chromium?.close());

  it('each page of the table has the same in Chromium', () => {
    const table = documents.filter(({ kind }) => kind === 'table');
    assert.ok(table.length >= 170, `${table.length}`);
    for (const { page, ours, chromium } of table) assert.equal(ours, chromium, page);
  });

  it('each known difference is one', () => {
    const given = documents.filter(({ kind }) => kind === 'given');
    differences.forEach(({ why, who, is }, index) => {
      const example = given[index];
      const differing = ['chromium', 'parse5'].filter((parser) => example[parser] !== example.ours);
      assert.deepEqual(differing, who, `${why} ${JSON.stringify(example)}`);
      assert.ok(is(example), why);
    });
  });

  it('no difference is without a reason', (test) => {
    const counts = new Map();
    const unexplained = [];
    for (const document of documents.filter(({ kind }) => kind !== 'given')) {
      for (const parser of ['chromium', 'parse5']) {
        if (document[parser] === document.ours) continue;
        const known = differences.find(({ who, is }) => who.includes(parser) && is(document));
        if (!known) unexplained.push({ parser, ...document });
        const reason = `${parser}: ${known?.why ?? 'unexplained'}`;
        counts.set(reason, (counts.get(reason) ?? 0) + 1);
      }
    }
    test.diagnostic(`${documents.length} documents; Chromium ${chromium.version}`);
    for (const [reason, count] of counts) test.diagnostic(`${count} x ${reason}`);
    assert.deepEqual(unexplained.slice(0, 10), []);
  });
});

/** The examples, the table and the documents with our titles. */
async function ours(examples) {
  const program = process.env.DUALFETCH_HTML_TESTS;
  assert.ok(program, 'DUALFETCH_HTML_TESTS names the built tests/html.rs, which writes the documents: see scripts/test');
  const args = ['--ignored', '--exact', 'documents_with_their_titles', '--nocapture'];
  const { DUALFETCH_DOCUMENTS = '2000' } = process.env;
  const env = { ...process.env, DUALFETCH_DOCUMENTS, DUALFETCH_PAGES: JSON.stringify(examples) };
  const { stdout } = await promisify(execFile)(program, args, { env, maxBuffer: 1 << 30 });
  const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
  return lines.map((line) => JSON.parse(line)).map(({ title, ...rest }) => ({ ...rest, ours: title }));
}
