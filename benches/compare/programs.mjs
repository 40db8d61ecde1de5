// The programs that hold the clients: built or installed where they are missing, each by its own tool.

import { execFile, execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));
const sources = join(root, 'benches/peers');
const stoodOn = {
  clients: ['reqwest', 'hyper', 'hyper-util', 'tokio-tungstenite', 'tokio'],
  titles: ['html5ever', 'scraper', 'lol_html', 'tl'],
};
const patience = 600_000; // milliseconds, for one run of a client

/** One of the benches' own programs: `clients`, with the server in it, or `titles`. */
export function rust(bench) {
  const built = execFileSync('cargo', ['bench', '--bench', bench, '--no-run', '--message-format=json'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const told = built.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
  const { executable } = told.find(({ target, executable }) => executable && target.name === bench);
  return { command: executable, first: [], versions: rustVersions(stoodOn[bench]) };
}

/** aiohttp, uvloop and lxml; `file`: what runs them. */
export function python(target, file) {
  const folder = join(target, 'peers', 'python');
  const version = execFileSync('python3', ['--version'], { encoding: 'utf8' });
  installed(folder, version + readFileSync(join(sources, 'requirements.txt'), 'utf8'), () => {
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--root-user-action=ignore'];
    // What would have to be compiled first is not what people use.
    run('python3', [...pip, '--only-binary=:all:', '--target', folder, '-r', join(sources, 'requirements.txt')]);
  });
  return program('python3', join(sources, file), { PYTHONPATH: folder });
}

/** undici and cheerio; `file`: what runs them. */
export function node(target, file) {
  const folder = join(target, 'peers', 'node');
  installed(folder, readFileSync(join(sources, 'package-lock.json'), 'utf8'), () => {
    for (const file of ['package.json', 'package-lock.json']) copyFileSync(join(sources, file), join(folder, file));
    run('npm', ['ci', '--prefix', folder, '--no-audit', '--no-fund', '--ignore-scripts']);
  });
  return program(process.execPath, join(sources, file), { DUALFETCH_PEERS: join(target, 'peers') });
}

export function targetDirectory() {
  const metadata = execFileSync('cargo', ['metadata', '--no-deps', '--format-version', '1'], { cwd: root, encoding: 'utf8' });
  return JSON.parse(metadata).target_directory;
}

/** What one run of a client took: the last line that it writes. */
export async function taken({ command, first, env }, args) {
  const { stdout } = await promisify(execFile)(command, [...first, ...args], {
    env: { ...process.env, ...env },
    timeout: patience,
  });
  return JSON.parse(stdout.trimEnd().split('\n').at(-1));
}

function program(command, file, env) {
  const versions = execFileSync(command, [file, 'versions'], { encoding: 'utf8', env: { ...process.env, ...env } }).trim();
  return { command, first: [file], env, versions };
}

/** Installs unless the folder holds just this already; half an installation never counts. */
function installed(folder, wanted, install) {
  const stamp = join(folder, 'installed');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  console.error(`bench: installing into ${folder}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  install();
  writeFileSync(stamp, wanted);
}

function run(command, args) {
  execFileSync(command, args, { stdio: ['ignore', 2, 2], timeout: patience });
}

function rustVersions(others) {
  const lock = readFileSync(join(root, 'Cargo.lock'), 'utf8');
  const of = (name) => `${name} ${lock.match(`name = "${name}"\nversion = "(.*)"`)[1]}`;
  const at = (...args) => execFileSync(args[0], args.slice(1), { cwd: root, encoding: 'utf8' }).trim();
  const compiler = at('rustc', '--version').split(' ', 2).join(' ');
  return `${of('dualfetch')} (${at('git', 'describe', '--always', '--dirty')}), ${others.map(of).join(', ')}, ${compiler}`;
}
