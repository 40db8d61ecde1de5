// Bytes per second relayed by the gateway, beside nginx's proxy_pass: the same files of the same upstream, as many in
// flight, each of the two in turn. See scripts/check-gateway.

import { execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';

import { interval, median } from '../compare/statistics.mjs';

const usage = `node benches/gateway/compare.mjs --binary FILE [--rounds N] [--seconds N] [--only WORK]

  --binary FILE   dualfetch, built for release
  --rounds N      each of the two once in each, every other round in the reverse order (default 9)
  --seconds N     how long each is asked in a round (default 4)
  --only WORK     one of 2k, 1m, 16m
  --quick         to see that it runs: no bound is held
  --profile FILE  a perf record of the gateway in a round of its own, for \`perf report\`
`;

/** What is fetched, how much is in flight, and the least that the gateway must do of what nginx does. */
const works = [
  { name: '1m', bytes: 1 << 20, inFlight: 100, least: 0.5 },
  { name: '16m', bytes: 16 << 20, inFlight: 100, least: 0.5 },
  { name: '2k', bytes: 2 << 10, inFlight: 100 },
];
const patience = 20_000; // milliseconds, for a server to listen

const { values: wanted } = parseArgs({
  options: {
    binary: { type: 'string' },
    rounds: { type: 'string', default: '9' },
    seconds: { type: 'string', default: '4' },
    only: { type: 'string' },
    quick: { type: 'boolean' },
    profile: { type: 'string' },
    help: { type: 'boolean' },
  },
});
if (wanted.help || !wanted.binary) {
  process.stdout.write(usage);
  process.exit(wanted.help ? 0 : 2);
}
const nginx = process.env.DUALFETCH_NGINX || 'nginx';
const wrk = process.env.DUALFETCH_WRK || 'wrk';
const folder = mkdtempSync(join(os.tmpdir(), 'dualfetch-gateway-'));
const children = [];
let failed = [];
try {
  const servers = await start();
  if (wanted.profile) await profile(servers);
  else failed = await compare(servers);
} finally {
  await Promise.all(children.map(end));
  rmSync(folder, { recursive: true, force: true });
}
for (const words of failed) console.log(`NOT KEPT: ${words}`);
process.exit(failed.length ? 1 : 0);

/** The upstream and the two that relay. */
async function start() {
  const [origin, proxy, gateway] = await ports(3);
  for (const sub of ['files', 'temp']) mkdirSync(join(folder, sub));
  for (const { name, bytes } of works) writeFileSync(join(folder, 'files', name), Buffer.alloc(bytes, 'dualfetch '));
  writeFileSync(join(folder, 'origin.conf'), `server { listen 127.0.0.1:${origin} backlog=4096; root files; }\n`);
  // As an administrator would who wants it fast: connections are kept, and nothing goes by way of the disk.
  writeFileSync(
    join(folder, 'proxy.conf'),
    `upstream origin { server 127.0.0.1:${origin}; keepalive 200; }
server {
    listen 127.0.0.1:${proxy} backlog=4096;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_max_temp_file_size 0;
    proxy_buffers 8 64k;
    proxy_busy_buffers_size 128k;
    location / { proxy_pass http://origin; }
}\n`,
  );
  serveNginx('origin', 1);
  serveNginx('proxy', os.availableParallelism());
  const serve = ['serve', '--listen', `127.0.0.1:${gateway}`, '--allow-network', '127.0.0.0/8', '--allow-any-port'];
  const relaying = run(wanted.binary, [...serve, '--limit-per-host', '0', '--log-level', 'warn']);
  await Promise.all([origin, proxy, gateway].map(listens));
  const asked = (name) => encodeURIComponent(`http://127.0.0.1:${origin}/${name}`);
  return {
    gateway: { process: relaying, url: (name) => `http://127.0.0.1:${gateway}/fetch?url=${asked(name)}` },
    nginx: { url: (name) => `http://127.0.0.1:${proxy}/${name}` },
    // What there would be to gain at the most.
    'no relay': { url: (name) => `http://127.0.0.1:${origin}/${name}` },
  };
}

async function compare(servers) {
  const rounds = number('rounds');
  const chosen = works.filter(({ name }) => !wanted.only || name === wanted.only);
  const missed = [];
  console.log(`MB a second relayed, ${rounds} rounds of ${number('seconds')} s, ${os.availableParallelism()} cores, medians:`);
  for (const { name, bytes, inFlight, least } of chosen) {
    const figures = Object.fromEntries(Object.keys(servers).map((server) => [server, []]));
    for (let round = 0; round < rounds; round += 1) {
      const order = Object.keys(servers);
      if (round % 2) order.reverse();
      for (const server of order) figures[server].push(await measure(servers[server].url(name), bytes, inFlight));
      process.stderr.write(`${name} ${round + 1}/${rounds} \r`);
    }
    const ratios = figures.gateway.map((figure, round) => figure / figures.nginx[round]);
    const [low, high] = interval(ratios);
    const told = Object.entries(figures).map(([server, each]) => `${server} ${(median(each) / 1e6).toFixed(0)}`);
    const requests = (server) => (median(figures[server]) / bytes).toFixed(0);
    console.log(
      `${name.padStart(4)}, ${inFlight} in flight: ${told.join(', ')} MB/s (${requests('gateway')} beside ${requests('nginx')} requests/s); ` +
        `gateway/nginx ${median(ratios).toFixed(2)} x (${low.toFixed(2)} to ${high.toFixed(2)})`,
    );
    if (least && !wanted.quick && median(ratios) < least) missed.push(`${name}: ${median(ratios).toFixed(2)} x of nginx, at least ${least} x is wanted`);
  }
  return missed;
}

/** Bytes of bodies a second. */
async function measure(url, bytes, inFlight) {
  const load = ['-t1', `-c${inFlight}`, `-d${number('seconds')}s`, '--timeout', '30s', url];
  const { stdout } = await promisify(execFile)(wrk, load);
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`${url}: ${stdout}`);
  const done = /(\d+) requests in ([\d.]+)s/.exec(stdout);
  // What is half done when the time is over counts in this, and not among the requests.
  const rate = /Transfer\/sec:\s+([\d.]+)([KMGT]?)B/.exec(stdout);
  if (!done || !rate) throw new Error(`wrk said: ${stdout}`);
  return bytes < 1 << 16 ? (bytes * done[1]) / done[2] : rate[1] * 1024 ** ' KMGT'.indexOf(rate[2] || ' ');
}

async function profile({ gateway }) {
  const name = wanted.only ?? '1m';
  const load = ['-t1', '-c100', `-d${number('seconds') + 2}s`, gateway.url(name)];
  const under = promisify(execFile)(wrk, load);
  const record = ['record', '-q', '-g', '-F', '999', '-o', wanted.profile, '-p', `${gateway.process.pid}`];
  await promisify(execFile)('perf', [...record, '--', 'sleep', `${number('seconds')}`]);
  console.log((await under).stdout);
}

function serveNginx(role, workers) {
  const text = readFileSync(new URL('nginx.conf', import.meta.url), 'utf8');
  // Root's nginx would serve as somebody who may not read the folder.
  const filled = { role, workers, user: process.getuid?.() === 0 ? 'user root root;' : '' };
  const conf = join(folder, `${role}-main.conf`);
  writeFileSync(conf, text.replace(/@(\w+)@/g, (_, word) => filled[word]));
  run(nginx, ['-p', folder, '-c', conf, '-e', 'stderr']);
}

function run(command, args) {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  child.on('error', (error) => {
    console.error(`${command}: ${error.message}`);
    process.exit(1);
  });
  children.push(child);
  return child;
}

async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await ended;
  clearTimeout(late);
}

/** So many that are free now. */
async function ports(count) {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = net.createServer();
      return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
    }),
  );
  const numbers = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return numbers;
}

async function listens(port) {
  const start = Date.now();
  for (;;) {
    const socket = net.connect(port, '127.0.0.1');
    const connected = await new Promise((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (connected) return;
    if (Date.now() - start > patience) throw new Error(`nobody listens at port ${port}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function number(name) {
  return Number(wanted[name]);
}
