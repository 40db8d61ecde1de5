// scripts/bench: see `usage`.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import os from 'node:os';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

import { folder, pages, peers as parsers } from './pages.mjs';
import * as programs from './programs.mjs';
import { interval, median, spread } from './statistics.mjs';
import { whole, works } from './works.mjs';

const usage = `What the session costs beside its peers: the same work by each of them in turn, in one run, a new process each time.

  scripts/bench [WORK]... [OPTION]...

works (default: all)
  gets      GETs of a small page: requests a second and the client's CPU time for each, ours (with the defaults), a
            bare reqwest loop, a bare hyper-util loop, aiohttp on uvloop, undici
  tls       the same by HTTP/1.1 over TLS, ours and the reqwest loop
  h2        the same by HTTP/2 over TLS
  options   what a timeout, TLS settings and one of 20 proxies of each request's own cost, beside none
  echo-32, echo-4k, echo-1m
            messages of 32 bytes, 4 kB and 1 MB by a WebSocket and back: ours, a bare tokio-tungstenite, aiohttp on uvloop
  titles    titles of pages of 2 to 500 kB: pages for each second of CPU time, ours and aiohttp on uvloop with lxml
  hang      one host of 100 hangs: when the last row of the others is there, and when without it
  pages     titles of pages at hand, without a network, title early, late and absent, and of pages made to look real:
            ours, a bare html5ever, scraper, lol_html, tl, lxml and cheerio; wrong answers are counted

options
  --pairs N        so many rounds, each client once in each, every other round in the reverse order (default 15)
  --quick          3 rounds of a tenth: to see that it runs
  --gets N         of the work gets (default ${works.gets.count}; the budget's figure is 60000)
  --pages N        of the work titles (default ${works.titles.count})
  --only A,B       these clients alone: ours, reqwest, hyper-util, tungstenite, aiohttp, undici; of the
                   work pages html5ever, scraper, lol_html, tl, lxml, cheerio (ours is always there)
  --check          exit 1 when a budget is not kept, or could not be measured
  --help           this

CPU time is user and system time of all threads of the client's process, after a warm-up; the server is another
process, this crate's bench on hyper, one thread. A ratio is the median of the rounds' ratios, with the interval in
which it lies with 95 % confidence (bootstrap). A peer that cannot be installed is left out. Prints to standard output;
progress goes to standard error. The peers are installed below the target directory.
`;

const { values: wanted, positionals } = options();
if (wanted.help) {
  process.stdout.write(usage);
  process.exit(0);
}
const pairs = number('pairs', wanted.quick ? 3 : 15);
const only = wanted.only?.split(',');
const all = [...Object.keys(works), 'pages'];
const chosen = positionals.length ? positionals : all;
const served = chosen.filter((name) => works[name]);
const counts = Object.fromEntries(Object.entries(works).map(([name, { count }]) => [name, count]));
counts.gets = number('gets', works.gets.count);
counts.titles = number('pages', works.titles.count);
for (const name of chosen) if (!all.includes(name)) fail(`there is no work ${name}; there are ${all.join(', ')}`);
const names = ['ours', 'reqwest', 'hyper-util', 'tungstenite', 'aiohttp', 'undici', ...parsers];
for (const name of only ?? []) if (!names.includes(name)) fail(`there is no client ${name}; there are ${names.join(', ')}`);

// With fewer rounds even the least and the greatest of all ratios are no interval of 95 %.
const enough = 6;

const target = programs.targetDirectory();
const available = served.length ? prepare() : {};
const readers = chosen.includes('pages') ? prepareReaders() : {};
const server = served.length ? await serve() : undefined;
const missed = [];
try {
  console.log(machine());
  for (const name of served) await compare(name);
  if (readers.rust) missed.push(...(await comparePages()));
  if (wanted.check) {
    (missed.length ? missed : ['all kept']).forEach((words) => console.log(`budgets: ${words}`));
    process.exitCode = missed.length ? 1 : 0;
  }
} catch (error) {
  say(error.message);
  process.exitCode = 1;
} finally {
  server?.end();
}

/** The programs that the chosen works need, but those that cannot be had here. */
function prepare() {
  const needed = new Set(served.flatMap((name) => works[name].clients.filter(isWanted).map(({ program }) => program)));
  return { rust: programs.rust('clients'), ...peers({ python: 'python.py', node: 'node.mjs' }, (name) => needed.has(name)) };
}

/** The same for the work pages. */
function prepareReaders() {
  const reader = { python: 'lxml', node: 'cheerio' };
  const isNeeded = (name) => !only || only.includes(reader[name]);
  return { rust: programs.rust('titles'), ...peers({ python: 'titles.py', node: 'titles.mjs' }, isNeeded) };
}

function peers(files, isNeeded) {
  const found = {};
  for (const [name, file] of Object.entries(files).filter(([name]) => isNeeded(name))) {
    try {
      found[name] = programs[name](target, file);
    } catch (error) {
      say(`no ${name} client here, left out: ${error.message.split('\n')[0]}`);
    }
  }
  return found;
}

function comparePages() {
  return pages(readers, {
    folder: folder(target),
    pairs,
    milliseconds: wanted.quick ? 2 : 20,
    isWanted: (name) => name === 'ours' || !only || only.includes(name),
    progress,
  });
}

async function serve() {
  const child = spawn(available.rust.command, ['server'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = await once(createInterface(child.stdout), 'line');
  const told = JSON.parse(line);
  const cpu = async () => Number(await (await fetch(`http://127.0.0.1:${told.ports[0]}/cpu`)).text());
  return { ...told, cpu, end: () => child.stdin.end() };
}

/** One work: rounds, a table, a budget. */
async function compare(name) {
  const work = works[name];
  const count = wanted.quick && name !== 'hang' ? Math.ceil(counts[name] / 10) : counts[name];
  const clients = await trial(name, work, work.clients.filter((client) => isWanted(client) && available[client.program]));
  const rounds = [];
  for (let round = 0; round < pairs; round++) {
    const order = round % 2 ? [...clients].reverse() : clients;
    const runs = {};
    for (const client of order) {
      progress(`${name}: round ${round + 1} of ${pairs}, ${client.name}`);
      runs[client.name] = await one(name, work, client, count);
    }
    rounds.push(runs);
  }
  progress('');
  report(name, work, clients, rounds, count);
}

/** Those that can do it, after each has shown it once. */
async function trial(name, work, clients) {
  const able = [];
  for (const client of clients) {
    progress(`${name}: trial, ${client.name}`);
    try {
      await one(name, work, client, name === 'hang' ? 1 : 100);
      able.push(client);
    } catch (error) {
      if (client.program === 'rust') throw error;
      say(`${client.name} cannot do ${name}, left out: ${error.message}`);
    }
  }
  return able;
}

async function one(name, work, client, count) {
  const warmUp = Math.ceil(work.warmUp(count));
  const before = await server.cpu();
  const args = [client.client, name, count, warmUp, ...work.arguments(server, client)].map(String);
  const { seconds, cpu } = await programs.taken(available[client.program], args);
  return { count, seconds, cpu, server: ((await server.cpu()) - before) / (count + warmUp) };
}

function report(name, work, clients, rounds, count) {
  const [first, ...others] = clients;
  const budgets = [work.budget].flat();
  const heads = [...work.columns.flatMap(({ head }) => [head, '±']), work.ratio.head, '95 % interval'];
  const rows = clients.map((client) => {
    const cells = work.columns.flatMap(({ of, show }) => {
      const figures = rounds.map((runs) => of(runs[client.name]));
      return [show(median(figures)), `${whole(spread(figures) * 100)} %`];
    });
    if (!others.includes(client) || first !== work.clients[0]) return [client.name, ...cells, '', ''];
    const ratios = rounds.map((runs) => work.ratio.of(runs[first.name], runs[client.name]));
    const [middle, [low, high]] = [median(ratios), interval(ratios)];
    for (const budget of budgets) if (client.name === budget.beside) judge(name, budget, middle, high);
    return [client.name, ...cells, `${fixed(middle)} x`, pairs < enough ? 'too few rounds' : `${fixed(low)} to ${fixed(high)}`];
  });
  for (const { beside } of budgets) {
    if (!clients.some(({ name }) => name === beside) || first !== work.clients[0]) missed.push(`${name}: not measured beside ${beside}`);
  }
  console.log(`\n${name}: ${work.what({ count, server })}; medians of ${pairs} rounds, ± half of the middle half`);
  table(['', ...heads], rows);
  for (const { beside, most, mostUpper, least } of budgets) {
    const bounds = [most && `at most ${most} x`, mostUpper && `its upper bound at most ${mostUpper} x`, least && `at least ${least} x`];
    console.log(`  budget beside ${beside}: ${bounds.filter(Boolean).join(', ')}`);
  }
  clients.forEach((client) => console.log(`  ${client.with}`));
}

function judge(name, { beside, most = Infinity, mostUpper = Infinity, least = 0 }, middle, high) {
  if (!Number.isFinite(high)) missed.push(`${name}: not measured beside ${beside}: no CPU time is told here`);
  if (middle > most) missed.push(`${name}: ${fixed(middle)} x beside ${beside}, more than ${most}`);
  if (high > mostUpper) missed.push(`${name}: perhaps ${fixed(high)} x beside ${beside}, more than ${mostUpper}`);
  if (middle < least) missed.push(`${name}: ${fixed(middle)} x beside ${beside}, less than ${least}`);
}

function machine() {
  const cores = os.cpus();
  const [load] = os.loadavg();
  const noisy = load > cores.length / 4 ? ' (not quiet: figures may be off, ratios less so)' : '';
  const programs = [...Object.values(available), ...Object.values(readers)];
  const versions = programs.map(({ versions }) => `  ${versions}`);
  return [`${cores.length} cores, ${cores[0]?.model.trim()}, ${os.type()} ${os.release()}; load before ${load.toFixed(1)}${noisy}`, ...versions].join('\n');
}

function table(heads, rows) {
  const widths = heads.map((head, at) => Math.max(head.length, ...rows.map((row) => row[at].length)));
  for (const row of [heads, ...rows]) {
    console.log(`  ${row.map((cell, at) => (at ? cell.padStart(widths[at]) : cell.padEnd(widths[at]))).join('  ').trimEnd()}`);
  }
}

function fixed(ratio) {
  return ratio < 10 ? ratio.toFixed(3) : ratio.toFixed(1);
}

function isWanted(client) {
  return !only || only.includes(client.client);
}

function options() {
  const flag = { type: 'boolean', default: false };
  const text = { type: 'string' };
  try {
    return parseArgs({
      allowPositionals: true,
      options: { check: flag, gets: text, help: flag, only: text, pages: text, pairs: text, quick: flag },
    });
  } catch (error) {
    return fail(error.message);
  }
}

function number(name, otherwise) {
  const told = wanted[name] === undefined ? otherwise : Number(wanted[name]);
  return Number.isInteger(told) && told > 0 ? told : fail(`--${name} takes a number from 1, not '${wanted[name]}'`);
}

/** A line that the next one replaces, where somebody looks on. */
function progress(words) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${words && `bench: ${words}`}`);
  else if (words) say(words);
}

function say(words) {
  console.error(`${process.stderr.isTTY ? '\r\x1b[K' : ''}bench: ${words}`);
}

function fail(words) {
  console.error(`bench: ${words}; scripts/bench --help says what there is`);
  process.exit(2);
}
