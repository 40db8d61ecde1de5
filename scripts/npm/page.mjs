// A page of its own origin that has the npm package, for what runs in Chromium.

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = new URL('../../', import.meta.url);
const types = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm' };
const imports = JSON.stringify({ imports: { dualfetch: '/pkg/dist/web/index.web.js' } });
const index = `<!doctype html><title>dualfetch</title><script type="importmap">${imports}</script>`;

/**
 * Serves the page at `/` and the repository's files on a free loopback port. `answer(request, response)` goes first; it
 * says whether it has answered.
 *
 * @returns {Promise<{url: string, close: () => void}>}
 */
export async function servePage(answer = () => false) {
  const server = createServer((request, response) => answer(request, response) || file(request, response));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

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
