// Prints the sizes of files given as NAME PATH BUDGET…, a budget being kilobytes of 1024 bytes or empty. Exits 1 where
// one is over.
const { readFileSync } = require("node:fs");
const { brotliCompressSync, constants, gzipSync } = require("node:zlib");

let over = 0;
const line = (...cells) => console.log(cells.map((cell, at) => (at === 0 ? cell.padEnd(14) : cell.padStart(10))).join(""));
line("", "raw", "gzip", "brotli", "budget", "");
for (let [, , ...rest] = process.argv; rest.length >= 3; rest = rest.slice(3)) {
  const [name, path, budget] = rest;
  const raw = readFileSync(path);
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_SIZE_HINT]: raw.length,
  };
  const brotli = brotliCompressSync(raw, { params }).length;
  const most = budget === "" ? Infinity : Number(budget) * 1024;
  if (brotli > most) over += 1;
  const verdict = brotli > most ? "OVER" : "";
  line(name, `${raw.length}`, `${gzipSync(raw, { level: 9 }).length}`, `${brotli}`, budget && `${most}`, verdict);
}
process.exitCode = over > 0 ? 1 : 0;
