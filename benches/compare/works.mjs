// What is measured: each work, who does it, what is told of it and what it must keep to.
//
// A run is what one process of one client took: `count` requests, `seconds`, `cpu` seconds of the client alone, and the
// `server`'s cpu seconds for one request.

const ours = (what) => ({ name: 'ours', program: 'rust', client: 'ours', with: `dualfetch: ${what}` });
const reqwest = { name: 'reqwest', program: 'rust', client: 'reqwest', with: 'reqwest: Client with no_proxy and a timeout of 300 s, send, bytes, buffer_unordered(100)' };
const hyper = { name: 'hyper-util', program: 'rust', client: 'hyper', with: 'hyper-util: its legacy Client, which dualfetch stands on, with no timeout at all, get, collect, buffer_unordered(100)' };
const aiohttp = (what) => ({ name: 'aiohttp', program: 'python', client: 'aiohttp', with: `aiohttp on uvloop: ClientSession with its defaults, TCPConnector(limit=100), 100 workers, ${what}` });
const undici = { name: 'undici', program: 'node', client: 'undici', with: 'undici: Agent with connections: 100, 100 workers, undici.request, body.arrayBuffer' };

const perSecond = { head: 'requests/s', of: ({ count, seconds }) => count / seconds, show: whole };
const cpuEach = { head: 'client CPU each', of: ({ count, cpu }) => (cpu / count) * 1e6, show: (figure) => `${figure.toFixed(2)} µs` };
const serverBusy = { head: 'server busy', of: ({ count, seconds, server }) => (server * count) / seconds, show: (figure) => `${whole(figure * 100)} %` };

/** Messages of this size, in text, so many of which are always on their way. */
const echo = (words, size, window, count) => ({
  what: ({ count }) => `${whole(count)} messages of ${words} by one WebSocket to a server that sends them back, ${window} on their way, one thread each`,
  clients: [
    ours('session.websocket(url), next and feed while something is there, flush'),
    { name: 'tungstenite', program: 'rust', client: 'tungstenite', with: 'tokio-tungstenite: connect_async with no delay, otherwise the same; the server is of it, too' },
    { ...aiohttp('ws_connect, send_str, receive'), with: 'aiohttp on uvloop: ClientSession with its defaults, ws_connect, send_str, receive; uvloop writes once for all that is sent before it waits' },
  ],
  arguments: ({ echo }) => [`ws://127.0.0.1:${echo}/`, size, window],
  count,
  warmUp: (count) => count / 10,
  columns: [{ ...perSecond, head: 'messages/s' }, cpuEach, serverBusy],
  ratio: { head: 'our messages/s to its', of: (ours, its) => its.seconds / ours.seconds },
  budget: [{ beside: 'tungstenite', least: 0.9 }, { beside: 'aiohttp', least: 1 }],
});

export const works = {
  gets: {
    what: ({ count }) => `${whole(count)} GETs of a page of 2 KB over loopback, 100 in flight, one thread each`,
    clients: [ours('DefaultSession::new(), send, bytes, buffer_unordered(100)'), reqwest, hyper, aiohttp('read'), undici],
    arguments: ({ ports }) => [`http://127.0.0.1:${ports[0]}/`],
    count: 20_000,
    warmUp: (count) => Math.max(1_000, count / 10),
    columns: [perSecond, cpuEach, serverBusy],
    ratio: { head: "ours' CPU to its", of: (ours, its) => ours.cpu / its.cpu },
    budget: { beside: 'reqwest', most: 1.05, mostUpper: 1.08 },
  },
  tls: {
    what: ({ count }) => `${whole(count)} GETs of a page of 2 KB by HTTP/1.1 over TLS 1.3 and loopback, 100 in flight, one thread each`,
    clients: [ours('DefaultSession with the server\'s CA alone, otherwise as above'), reqwest],
    arguments: ({ tls, ca }) => [`https://localhost:${tls}/`, ca],
    count: 20_000,
    warmUp: (count) => Math.max(1_000, count / 10),
    columns: [perSecond, cpuEach, serverBusy],
    ratio: { head: "ours' CPU to its", of: (ours, its) => ours.cpu / its.cpu },
    budget: { beside: 'reqwest', most: 1.05, mostUpper: 1.08 },
  },
  h2: {
    what: ({ count }) => `${whole(count)} GETs of a page of 2 KB by HTTP/2 over TLS 1.3 and loopback, 100 in flight by one connection, one thread each`,
    clients: [ours('DefaultSession with the server\'s CA alone, otherwise as above'), reqwest],
    arguments: ({ h2, ca }) => [`https://localhost:${h2}/`, ca],
    count: 20_000,
    warmUp: (count) => Math.max(1_000, count / 10),
    columns: [perSecond, cpuEach, serverBusy],
    ratio: { head: "ours' CPU to its", of: (ours, its) => ours.cpu / its.cpu },
    budget: { beside: 'reqwest', most: 1.05, mostUpper: 1.08 },
  },
  options: {
    what: ({ count }) => `${whole(count)} GETs of a page of 2 KB over loopback, 100 in flight, with options of their own and without`,
    clients: [
      { ...ours('each request with a timeout, TLS settings and one of 20 proxies of its own; the proxies are the server\'s ports'), name: 'own options', proxies: ({ ports }) => ports.slice(1, 21) },
      { ...ours('the same without'), name: 'none', proxies: () => [] },
    ],
    arguments: (server, client) => [`http://127.0.0.1:${server.ports[0]}/`, ...client.proxies(server).map((port) => `http://127.0.0.1:${port}`)],
    count: 20_000,
    warmUp: (count) => Math.max(1_000, count / 10),
    columns: [perSecond, cpuEach, serverBusy],
    ratio: { head: 'own options to none', of: (own, none) => own.cpu / none.cpu },
    budget: { beside: 'none', most: 1.2 },
  },
  'echo-32': echo('32 bytes', 32, 100, 200_000),
  'echo-4k': echo('4 kB', 4096, 32, 100_000),
  'echo-1m': echo('1 MB', 1 << 20, 4, 1_000),
  titles: {
    what: ({ count }) => `titles of ${whole(count)} pages of 2 to 500 kB over loopback, 100 in flight, one thread each`,
    clients: [ours('DefaultSession::new(), titles'), aiohttp('read, lxml.html.document_fromstring, findtext')],
    arguments: ({ ports }) => [`http://127.0.0.1:${ports[0]}/title/`],
    count: 1_000,
    warmUp: (count) => count / 10,
    columns: [
      { ...perSecond, head: 'pages/s' },
      { head: 'pages/CPU s', of: ({ count, cpu }) => count / cpu, show: whole },
      serverBusy,
    ],
    ratio: { head: 'our pages/CPU s to its', of: (ours, its) => its.cpu / ours.cpu },
    budget: { beside: 'aiohttp', least: 25 },
  },
  hang: {
    what: ({ count, server }) => `titles of ${count} pages of each of ${server.ports.length} hosts, 50 to 150 ms a page, until the last row of all but the first`,
    clients: [
      { ...ours('limit 100, limit_per_host 10, titles; the first host takes connections and says nothing'), name: 'one hangs', ports: ({ ports, silent }) => [silent, ...ports.slice(1)] },
      { ...ours('the same; the first host answers as all others'), name: 'none hangs', ports: ({ ports }) => ports },
    ],
    arguments: (server, client) => client.ports(server).map((port) => `http://127.0.0.1:${port}/late/`),
    count: 20,
    warmUp: () => 1,
    columns: [{ head: 'last row', of: ({ seconds }) => seconds * 1e3, show: (figure) => `${whole(figure)} ms` }],
    ratio: { head: 'one hangs to none', of: (one, none) => one.seconds / none.seconds },
    budget: { beside: 'none hangs', most: 1.1 },
  },
};

export function whole(figure) {
  return Math.round(figure).toLocaleString('en');
}
