// Headless Chromium for tests and benches: the distribution's own, never one that a tool downloads.

import { execFileSync } from 'node:child_process';

import { chromium } from 'playwright-core';

/** A browser that speaks to nobody but the servers of a test. `args` are added to Chromium's. */
export function launch({ args = [] } = {}) {
  return chromium.launch({ executablePath: executable(), args: [...quiet, ...args] });
}

const quiet = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
];

function executable() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  try {
    return execFileSync('sh', ['-c', 'command -v chromium || command -v chromium-browser'], { encoding: 'utf8' }).trim();
  } catch {
    throw new Error('no chromium on PATH: run scripts/setup, or name one by CHROMIUM');
  }
}
