// The Node side of scripts/bench: undici.
//
//   node.mjs undici gets COUNT WARM-UP URL      the page at URL, COUNT times
//
// As benches/clients/main.rs has it: the last line on standard output is what COUNT requests took after WARM-UP others.
// DUALFETCH_PEERS is the folder that undici was installed in.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(join(process.env.DUALFETCH_PEERS, 'node', 'package.json'));
const { Agent, request } = require('undici');

const inFlight = 100;
const small = 2048;

const [, work, ...rest] = process.argv.slice(2);
if (process.argv[2] === 'versions') {
  console.log(`undici ${require('undici/package.json').version}, Node ${process.versions.node}`);
} else if (work === 'gets') {
  const [count, warmUp, url] = [Number(rest[0]), Number(rest[1]), rest[2]];
  const dispatcher = new Agent({ connections: inFlight });
  await some(dispatcher, url, warmUp);
  const [wall, cpu] = [performance.now(), process.cpuUsage()];
  await some(dispatcher, url, count);
  const { user, system } = process.cpuUsage(cpu);
  console.log(JSON.stringify({ seconds: (performance.now() - wall) / 1e3, cpu: (user + system) / 1e6 }));
  await dispatcher.close();
} else {
  console.error(`${fileURLToPath(import.meta.url)}: there is no work ${work}`);
  process.exitCode = 2;
}

async function some(dispatcher, url, count) {
  let left = count;
  const worker = async () => {
    while (left-- > 0) {
      const { body } = await request(url, { dispatcher });
      const { byteLength } = await body.arrayBuffer();
      if (byteLength !== small) throw new Error(`a body of ${byteLength} bytes`);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
}
