// The rows of the fixtures in headless Chromium, by the package's own files in a page of another origin.

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

import { launch } from '../../scripts/npm/chromium.mjs';

const root = new URL('../../', import.meta.url);
const types = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm' };

export async function inChromium(urls) {
  const server = createServer(file);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const browser = await launch();
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    return await page.evaluate(async (urls) => {
      const { Session } = await import('dualfetch');
      const { rows } = await import('/tests/parity/rows.mjs');
      return rows(Session, urls);
    }, urls);
  } finally {
    await browser.close();
    server.close();
  }
}

const index = '<!doctype html><title>parity</title><script type="importmap">{"imports":{"dualfetch":"/pkg/src/index.web.js"}}</script>';

async function file(request, response) {
  if (request.url === '/') return response.setHeader('content-type', 'text/html').end(index);
  try {
    const path = fileURLToPath(new URL(`.${request.url}`, root));
    const content = await readFile(path);
    response.setHeader('content-type', types[extname(path)] ?? 'application/octet-stream').end(content);
  } catch {
    response.writeHead(404).end();
  }
}
