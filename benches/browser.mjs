// What a session costs a page, in headless Chromium: beside bare `fetch`, from a cold start, and in memory.
//
//   node benches/browser.mjs [--pairs 15] [--cold 15] [--requests 10000]      after `scripts/package`

import { parseArgs } from 'node:util';

import { launch } from '../scripts/npm/chromium.mjs';
import { servePage } from '../scripts/npm/page.mjs';

const { values: wanted } = parseArgs({
  options: {
    pairs: { type: 'string', default: '15' },
    cold: { type: 'string', default: '15' },
    requests: { type: 'string', default: '10000' },
    gets: { type: 'string', default: '1000' },
  },
});
const pairs = Number(wanted.pairs);
const cold = Number(wanted.cold);
const requests = Number(wanted.requests);
const gets = Number(wanted.gets);
const limit = 6;

const small = Buffer.from(`<!doctype html><title>Page</title>${' '.repeat(2000)}`);

const server = await servePage(answer);
const browser = await launch({ args: ['--js-flags=--expose-gc', '--enable-precise-memory-info'] });
try {
  await besideFetch('page', 'their length told');
  await besideFetch('chunked', 'their length not told');
  await firstUse();
  await memory();
} finally {
  await browser.close();
  server.close();
}

/** The same GETs by a session and by bare `fetch` with a loop of so many at a time, turn and turn about. */
async function besideFetch(path, what) {
  const page = await freshPage();
  const times = await page.evaluate(alternate, { path, pairs, gets, limit });
  const ratios = times.map(([ours, bare]) => ours / bare);
  console.log(`${gets} GETs of ${small.length} bytes, ${what}, text read, limit ${limit}, ${pairs} alternating pairs`);
  row('session.get', times.map(([ours]) => ours), 'ms');
  row('fetch, a hand-written loop', times.map(([, bare]) => bare), 'ms');
  row('ratio (at most 1.10)', ratios, 'x');
}

async function alternate({ path, pairs, gets, limit }) {
  const { Session } = await import('dualfetch');
  const session = new Session({ limit, limitPerHost: limit });
  const urls = Array.from({ length: gets }, (_, n) => new URL(`/${path}/${n}`, location.href).href);
  const ours = () => Promise.all(urls.map(async (url) => (await session.get(url)).text()));
  const bare = async () => {
    let next = 0;
    const texts = [];
    const worker = async () => {
      while (next < urls.length) {
        const at = next++;
        texts[at] = await (await fetch(urls[at])).text();
      }
    };
    await Promise.all(Array.from({ length: limit }, worker));
    return texts;
  };
  const timed = async (run) => {
    const from = performance.now();
    const texts = await run();
    if (texts.some((text) => !text.startsWith('<!doctype'))) throw new Error('a wrong text');
    return performance.now() - from;
  };
  await ours();
  await bare();
  const times = [];
  for (let pair = 0; pair < pairs; pair++) {
    const first = pair % 2 === 0;
    const a = await timed(first ? ours : bare);
    const b = await timed(first ? bare : ours);
    times.push(first ? [a, b] : [b, a]);
  }
  return times;
}

/** From the import to the first text, each time in a browser context of its own: nothing is compiled yet. */
async function firstUse() {
  const times = [];
  for (let run = 0; run < cold; run++) {
    const context = await browser.newContext();
    const page = await freshPage(context);
    times.push(await page.evaluate(first));
    await context.close();
  }
  const ours = times.map(([ours]) => ours);
  console.log(`\nfirst use in a new page: import, compile, one GET and its text, ${cold} cold pages`);
  row('import to first text', ours, 'ms');
  row('of it the GET by bare fetch', times.map(([, bare]) => bare), 'ms');
  row('first use (at most 50)', times.map(([ours, bare]) => ours - bare), 'ms');
}

async function first() {
  // The connection stands before either is timed.
  await (await fetch('/page/0')).text();
  const from = performance.now();
  const { Session } = await import('dualfetch');
  await (await new Session().get(new URL('/page/1', location.href).href)).text();
  const ours = performance.now() - from;
  const then = performance.now();
  await (await fetch('/page/2')).text();
  return [ours, performance.now() - then];
}

/** How the heap grows over the last four fifths of the requests, after two collections at each mark. */
async function memory() {
  const page = await freshPage();
  const marks = await page.evaluate(heap, { requests });
  const [from, to] = [marks.find(([count]) => count >= requests / 5), marks.at(-1)];
  const slope = (to[1] - from[1]) / (to[0] - from[0]);
  console.log(`\nheap over ${requests} requests`);
  marks.forEach(([count, bytes, wasm]) => console.log(`  ${String(count).padStart(6)}  ${bytes} bytes of JavaScript, ${wasm} of wasm`));
  console.log(`  slope from ${from[0]} to ${to[0]} (at most 10): ${slope.toFixed(2)} bytes a request`);
}

async function heap({ requests }) {
  const { Session, memory } = await import('dualfetch');
  const session = new Session({ limit: 6 });
  const url = new URL('/page/1', location.href).href;
  const marks = [];
  const step = requests / 10;
  for (let count = 0; count < requests; ) {
    for (const end = count + step; count < end; ) {
      const some = Array.from({ length: 20 }, async () => (await session.get(url)).text());
      count += (await Promise.all(some)).length;
    }
    // What a finalizer frees is freed in a task of its own, so the second collection comes later.
    for (let turn = 0; turn < 2; turn++) {
      gc();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    marks.push([count, performance.memory.usedJSHeapSize, memory?.()?.buffer.byteLength ?? '?']);
  }
  return marks;
}

async function freshPage(context = browser) {
  const page = await context.newPage();
  await page.goto(server.url);
  return page;
}

function row(name, figures, unit) {
  const sorted = [...figures].sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  const shown = (figure) => figure.toFixed(unit === 'x' ? 3 : 1).padStart(9);
  console.log(`  ${name.padEnd(28)} median${shown(at(0.5))}  min${shown(sorted[0])}  max${shown(sorted.at(-1))} ${unit}`);
}

/** The pages that are asked for. */
function answer(request, response) {
  const [, kind] = request.url.split('/');
  if (kind !== 'page' && kind !== 'chunked') return false;
  const length = kind === 'page' ? { 'content-length': small.length } : {};
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store', ...length }).end(small);
  return true;
}
