// The Node side of `scripts/bench pages`: cheerio.
//
//   titles.mjs versions
//   titles.mjs serve FOLDER      the pages are in FOLDER; as benches/titles/main.rs has it: for each line
//                                `CONTENDER WORK MILLISECONDS` on standard input, one with what that took
//
// DUALFETCH_PEERS is the folder that cheerio was installed in.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const require = createRequire(join(process.env.DUALFETCH_PEERS, 'node', 'package.json'));
const { load } = require('cheerio');

if (process.argv[2] === 'versions') {
  const { version } = JSON.parse(readFileSync(join(process.env.DUALFETCH_PEERS, 'node/node_modules/cheerio/package.json'), 'utf8'));
  console.log(`cheerio ${version}, Node ${process.versions.node}`);
} else {
  await serve(process.argv[3]);
}

function title(page) {
  const found = load(page)('title').first();
  return found.length ? found.text() : null;
}

async function serve(folder) {
  const read = (file) => readFileSync(join(folder, file), 'utf8');
  const works = new Map(
    JSON.parse(read('works.json')).works.map(({ name, pages }) => [
      name,
      pages.map(({ file, title }) => ({ html: read(file), title })),
    ]),
  );
  for await (const line of createInterface(process.stdin)) {
    const [, name, milliseconds] = line.split('\t');
    const pages = works.get(name);
    const wrong = pages.filter((page) => collapsed(title(page.html)) !== page.title).length;
    const [start, before] = [performance.now(), process.cpuUsage()];
    let passes = 0;
    do {
      for (const { html } of pages) title(html);
      passes++;
    } while (performance.now() - start < Number(milliseconds));
    const { user, system } = process.cpuUsage(before);
    console.log(JSON.stringify({ passes, cpu: (user + system) / 1e6, wrong }));
  }
}

function collapsed(text) {
  return text === null ? null : text.replace(/[\t\n\f\r ]+/g, ' ').replace(/^ | $/g, '');
}
