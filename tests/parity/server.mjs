// Serves the fixtures on a loopback port, with CORS, byte for byte: some of them no HTTP library would send.

import { once } from 'node:events';
import { createServer } from 'node:net';
import { brotliCompressSync, gzipSync } from 'node:zlib';

import { fixtures } from './fixtures.mjs';

const codings = { br: brotliCompressSync, gzip: gzipSync };
const cors = 'access-control-allow-origin: *\r\naccess-control-expose-headers: *\r\n';

/** The running server: where each fixture is, and `close()`. */
export async function serve() {
  const byPath = new Map(fixtures.map((fixture) => [pathOf(fixture.name), fixture]));
  const sockets = new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
    onHead(socket, (path, name) => answer(socket, byPath.get(path), name));
  });
  const origin = await listening(server);
  const vacant = await vacantOrigin();
  const url = ({ name, url, fault }) => url ?? (fault === 'refused' ? `${vacant}/` : origin + pathOf(name));
  const close = () => {
    sockets.forEach((socket) => socket.destroy());
    server.close();
  };
  return { urls: fixtures.map(url), close };
}

function pathOf(name) {
  return `/${encodeURIComponent(name)}`;
}

async function listening(server) {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${server.address().port}`;
}

/** An origin that was free a moment ago. */
async function vacantOrigin() {
  const server = createServer();
  const origin = await listening(server);
  server.close();
  return origin;
}

function onHead(socket, run) {
  let head = '';
  socket.on('data', (data) => {
    head += data.toString('latin1');
    if (!head.includes('\r\n\r\n')) return;
    const [method, path] = head.split(' ');
    head = '';
    run(path, method);
  });
}

function answer(socket, fixture, method) {
  if (method === 'OPTIONS') {
    socket.end(`HTTP/1.1 204 No Content\r\n${cors}access-control-allow-headers: *\r\nconnection: close\r\n\r\n`);
    return;
  }
  if (!fixture) {
    socket.end(`HTTP/1.1 404 Not Found\r\n${cors}content-length: 0\r\nconnection: close\r\n\r\n`);
  } else if (fixture.redirect) {
    const to = `location: ${pathOf(fixture.redirect)}\r\n`;
    socket.end(`HTTP/1.1 302 Found\r\n${cors}${to}content-length: 0\r\nconnection: close\r\n\r\n`);
  } else if (fixture.fault) {
    faults[fixture.fault](socket);
  } else {
    whole(socket, fixture);
  }
}

const faults = {
  hang: () => {},
  'half a head': (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-type: te'),
  'half a body': (socket) =>
    socket.end(`HTTP/1.1 200 OK\r\n${cors}content-type: text/html\r\ncontent-length: 1000\r\n\r\n<p>half`),
  'no http': (socket) => socket.end('* OK this is another protocol\r\n\r\n'),
};

async function whole(socket, { status = 200, type, body, coding, pieces }) {
  const sent = coding ? codings[coding](body) : body;
  const head = [
    `HTTP/1.1 ${status} Whatever`,
    type && `content-type: ${type}`,
    coding && `content-encoding: ${coding}`,
    `content-length: ${sent.length}`,
    'connection: close',
  ];
  socket.setNoDelay(true);
  socket.write(`${head.filter(Boolean).join('\r\n')}\r\n${cors}\r\n`);
  for (let at = 0; pieces && at < sent.length; at += pieces) {
    socket.write(sent.subarray(at, at + pieces));
    // In writes of their own, so that some of them are read apart; what is read must not depend on it.
    await new Promise(setImmediate);
  }
  socket.end(pieces ? undefined : sent);
}
