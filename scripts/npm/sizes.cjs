// Prints the sizes of files given as NAME PATH BUDGET CEILING…, both kilobytes of 1024 bytes or empty, and says which
// are over their budget. Exits 1 where one is over its ceiling.
const { readFileSync } = require("node:fs");
const { brotliCompressSync, constants, gzipSync } = require("node:zlib");

let over = 0;
let known = false;
const line = (...cells) => console.log(cells.map((cell, at) => (at === 0 ? cell.padEnd(14) : cell.padStart(10))).join(""));
line("", "raw", "gzip", "brotli", "budget", "");
for (let [, , ...rest] = process.argv; rest.length >= 4; rest = rest.slice(4)) {
  const [name, path, budget, ceiling] = rest;
  const raw = readFileSync(path);
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_SIZE_HINT]: raw.length,
  };
  const brotli = brotliCompressSync(raw, { params }).length;
  const most = budget === "" ? Infinity : Number(budget) * 1024;
  const tooMuch = ceiling !== "" && brotli > Number(ceiling) * 1024;
  if (tooMuch) over += 1;
  known ||= !tooMuch && brotli > most;
  const verdict = tooMuch ? "GREW" : brotli > most ? "OVER" : "";
  line(name, `${raw.length}`, `${gzipSync(raw, { level: 9 }).length}`, `${brotli}`, budget && `${most}`, verdict);
}
if (known) console.log("OVER: more than its budget, and no more than it may weigh until it is within");
process.exitCode = over > 0 ? 1 : 0;
