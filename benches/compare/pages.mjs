// The work `pages`: titles of pages at hand, without any network. Each contender in turn, in processes that stay: what
// is measured is far shorter than a process's start.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { interval, median } from './statistics.mjs';

/** Times at most, in microseconds a page; and what must be ahead of whom, as ratios of times. */
const budgets = {
  times: [
    { works: /, title early$/, most: 30 },
    { works: /^1 MB, no title$/, most: 1_000 },
  ],
  ratios: [
    { works: /^1 MB, title late$/, of: 'ours', beside: /^html5ever$/, most: 1.1 },
    // Decoding is no part of html5ever's work, and some hundredths of ours.
    { works: /^1 MB, title late$/, of: 'ours, from bytes', beside: /^html5ever$/, most: 1.15 },
    { works: /^realistic/, of: 'ours', beside: /^(?!ours)/, most: 1 },
  ],
};

/** Who must be there for the budgets. */
export const peers = ['html5ever', 'scraper', 'lol_html', 'tl', 'lxml', 'cheerio'];

/**
 * Measures and prints a table.
 *
 * @param {{ rust: object, python?: object, node?: object }} programs as programs.mjs makes them
 * @param {{ folder: string, pairs: number, milliseconds: number, isWanted: (name: string) => boolean, progress: (words: string) => void }} options
 * @returns {Promise<string[]>} the budgets that are not kept
 */
export async function pages({ rust, python, node }, { folder, pairs, milliseconds, isWanted, progress }) {
  const first = new Process(rust, ['serve', folder]);
  const processes = [first];
  try {
    const { contenders: names, works } = await first.line();
    const contenders = names.map((name) => ({ name, process: first }));
    for (const [name, program] of [['lxml', python], ['cheerio', node]].filter(([, program]) => program)) {
      processes.push(new Process(program, ['serve', folder]));
      contenders.push({ name, process: processes.at(-1) });
    }
    const wanted = contenders.filter(({ name }) => isWanted(name.split(',')[0]));
    const rounds = await measured(works, wanted, { pairs, milliseconds, progress });
    const rows = [...works, together(works, rounds)].map((work) => ({ work, figures: rounds.get(work.name) }));
    print(rows, wanted, pairs);
    const unmeasured = peers.filter((name) => !wanted.some((own) => own.name === name));
    return [...missed(rows, wanted), ...unmeasured.map((name) => `pages: not measured beside ${name}`)];
  } finally {
    processes.forEach((process) => process.end());
  }
}

/** Of each work each contender's figures, one a round: seconds of CPU time for a page, and wrong answers. */
async function measured(works, contenders, { pairs, milliseconds, progress }) {
  const rounds = new Map();
  for (const work of works) {
    const figures = new Map(contenders.map(({ name }) => [name, { seconds: [], wrong: 0 }]));
    // The first round warms up.
    for (let round = 0; round <= pairs; round++) {
      progress(`pages: ${work.name}, round ${round} of ${pairs}`);
      for (const { name, process } of round % 2 ? [...contenders].reverse() : contenders) {
        const { passes, cpu, wrong } = await process.ask(name, work.name, round ? milliseconds : 1);
        const own = figures.get(name);
        own.wrong = wrong;
        if (round) own.seconds.push(cpu / passes / work.pages.length);
      }
    }
    rounds.set(work.name, figures);
  }
  progress('');
  return rounds;
}

/** The realistic pages as one work, added to the rounds. */
function together(works, rounds) {
  const parts = works.filter(({ name }) => name.startsWith('realistic'));
  const name = 'realistic: all';
  const pages = parts.flatMap(({ pages }) => pages);
  const own = [...rounds.get(parts[0].name).keys()].map((contender) => {
    const of = (part) => rounds.get(part.name).get(contender);
    const sum = (at) => parts.reduce((sum, part) => sum + of(part).seconds[at] * part.pages.length, 0);
    const seconds = of(parts[0]).seconds.map((_, at) => sum(at) / pages.length);
    return [contender, { seconds, wrong: parts.reduce((sum, part) => sum + of(part).wrong, 0) }];
  });
  rounds.set(name, new Map(own));
  return { name, pages, bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0) };
}

function print(rows, contenders, pairs) {
  console.log(`\npages: the title of a page at hand, CPU time for a page, medians of ${pairs} rounds; in brackets, wrong answers`);
  const cells = rows.map(({ work, figures }) => [
    `${work.name} (${work.pages.length > 1 ? `${work.pages.length} pages, ` : ''}${Math.round(work.bytes / 1e3).toLocaleString('en')} kB)`,
    ...contenders.map(({ name }) => {
      const { seconds, wrong } = figures.get(name);
      return `${shown(median(seconds) * 1e6)}${wrong ? ` (${wrong} wrong)` : ''}`;
    }),
  ]);
  const lines = [['', ...contenders.map(({ name }) => name)], ...cells];
  for (const line of lines) {
    console.log(`| ${line.map((cell, at) => pad(cell, at, Math.max(...lines.map((line) => line[at].length)))).join(' | ')} |`);
    if (line === lines[0]) console.log(`|${line.map((_, at) => (at ? '--:' : '---')).join('|')}|`);
  }
  console.log('  ours: html::title, as html5ever, scraper, lol_html and tl of text in UTF-8; from bytes: of no known encoding, Decoder and');
  console.log('  TitleScanner, in pieces of 8 KiB, until Progress::Final; with metadata: to the end of the head; html5ever: tokenizer,');
  console.log('  tree builder and the least sink, stopped at the title; lol_html: element and text handlers, stopped at the title;');
  console.log('  scraper, tl, lxml (of bytes), cheerio: the whole page, then title; white space in an answer is not looked at');
}

function pad(cell, at, width) {
  return at ? cell.padStart(width) : cell.padEnd(width);
}

function missed(rows, contenders) {
  const missed = [];
  for (const { work, figures } of rows) {
    for (const { name } of contenders.filter(({ name }) => name.startsWith('ours'))) {
      const { seconds, wrong } = figures.get(name);
      if (wrong) missed.push(`pages: ${work.name}: ${name}: ${wrong} wrong`);
      for (const { most } of budgets.times.filter(({ works }) => works.test(work.name))) {
        const time = median(seconds) * 1e6;
        if (time > most) missed.push(`pages: ${work.name}: ${name}: ${shown(time)}, more than ${shown(most)}`);
      }
    }
    for (const { most, of, beside } of budgets.ratios.filter(({ works }) => works.test(work.name))) {
      for (const { name } of contenders.filter(({ name }) => beside.test(name))) {
        const ratios = figures.get(of).seconds.map((seconds, at) => seconds / figures.get(name).seconds[at]);
        const [low, high] = interval(ratios).map((ratio) => ratio.toFixed(3));
        const told = `pages: ${work.name}: ${of}: ${median(ratios).toFixed(3)} x of ${name} (${low} to ${high}), at most ${most} x`;
        if (!/^realistic: (?!all)/.test(work.name)) console.log(`  ${told}`);
        if (median(ratios) > most) missed.push(told);
      }
    }
  }
  return missed;
}

function shown(microseconds) {
  const [figure, unit] = microseconds < 1_000 ? [microseconds, 'µs'] : [microseconds / 1_000, 'ms'];
  return `${figure < 10 ? figure.toFixed(2) : figure < 100 ? figure.toFixed(1) : Math.round(figure)} ${unit}`;
}

/** A contender's process, which answers a line with a line. */
class Process {
  constructor({ command, first, env }, args) {
    this.child = spawn(command, [...first, ...args], { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'inherit'] });
    this.lines = createInterface(this.child.stdout);
    this.ended = once(this.child, 'close').then(([code]) => {
      throw new Error(`${command} ${first.join(' ')} ended, exit ${code}`);
    });
    this.ended.catch(() => {});
  }

  async line() {
    const [line] = await Promise.race([once(this.lines, 'line'), this.ended]);
    return JSON.parse(line);
  }

  ask(...words) {
    const line = this.line();
    this.child.stdin.write(`${words.join('\t')}\n`);
    return line;
  }

  end() {
    this.child.stdin.end();
  }
}

/** Where the pages are written for the peers that are no Rust. */
export function folder(target) {
  return join(target, 'peers', 'pages');
}
