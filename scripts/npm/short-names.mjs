// What passes between a wasm file and its glue bears names of a hundred letters and more, which do not compress.
// wasm-opt has given short ones in the file; this tells them to the glue.
//
//   node scripts/npm/short-names.mjs NAMES WASM GLUE    NAMES is what wasm-opt printed
import { readFileSync, writeFileSync } from "node:fs";

const [names, wasm, glue] = process.argv.slice(2);
const [{ module }] = WebAssembly.Module.imports(new WebAssembly.Module(readFileSync(wasm)));
let text = readFileSync(glue, "utf8");

// As often as wasm-opt finds something to make smaller it gives names anew, to those that it gave before.
const [first, ...later] = readFileSync(names, "utf8").split(/(?<=^\})\s*(?=^\{)/m).map((one) => JSON.parse(one));
const last = (name, kind) => later.reduce((now, one) => one[kind].find((row) => row.at(-2) === now)?.at(-1), name);

const rename = (pattern, name, least) => {
  let count = 0;
  // Given as a function, for a name may hold a `$`.
  text = text.replace(pattern, () => (count++, name));
  if (count < least) throw new Error(`${glue} has nothing like ${pattern}`);
};

for (const [, long, short] of first.imports) {
  const name = last(short, "imports");
  // What is taken no more by the file need not be given.
  if (name !== undefined) rename(new RegExp(`\\b${long}(?=: )`, "g"), name, 1);
}
// Not all that the file gives is called.
for (const [long, short] of first.exports) rename(new RegExp(`(?<=\\bwasm\\.)${long}\\b`, "g"), last(short, "exports"), 0);
rename(/"\.\/\w+_bg\.js"(?=: import0)/g, JSON.stringify(module), 1);
writeFileSync(glue, text);
