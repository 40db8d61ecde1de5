// What passes between a wasm file and its glue bears names of a hundred letters and more, which do not compress.
// wasm-opt has given short ones in the file; this tells them to the glue.
//
//   node scripts/npm/short-names.mjs NAMES WASM GLUE    NAMES is what wasm-opt printed
import { readFileSync, writeFileSync } from "node:fs";

const [names, wasm, glue] = process.argv.slice(2);
const { imports: taken, exports: given } = JSON.parse(readFileSync(names, "utf8"));
const [{ module }] = WebAssembly.Module.imports(new WebAssembly.Module(readFileSync(wasm)));
let text = readFileSync(glue, "utf8");

const rename = (pattern, name, least) => {
  let count = 0;
  // Given as a function, for a name may hold a `$`.
  text = text.replace(pattern, () => (count++, name));
  if (count < least) throw new Error(`${glue} has nothing like ${pattern}`);
};

for (const [, long, short] of taken) rename(new RegExp(`\\b${long}(?=: )`, "g"), short, 1);
// Not all that the file gives is called.
for (const [long, short] of given) rename(new RegExp(`(?<=\\bwasm\\.)${long}\\b`, "g"), short, 0);
rename(/"\.\/\w+_bg\.js"(?=: import0)/g, JSON.stringify(module), 1);
writeFileSync(glue, text);
