// What is asked of the package's wasm files themselves.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import binaryen from "binaryen";

for (const entry of ["core", "dualfetch", "full", "charset"]) {
  // The V8 of Node 20 and 22 aborts the process where it has to give up an optimized caller of such a function while
  // the call is under way: rarely, and out of reach of any catch.
  test(`${entry}: no function that JavaScript calls returns a reference`, () => {
    const wasm = binaryen.readBinary(readFileSync(new URL(`../../pkg/wasm/${entry}/${entry}_bg.wasm`, import.meta.url)));
    const functions = exportsOf(wasm).filter(({ kind }) => kind === binaryen.ExternalFunction);
    assert.ok(functions.length > 5, `${functions.length} functions`);
    const numbers = new Set([binaryen.none, binaryen.i32, binaryen.i64, binaryen.f32, binaryen.f64]);
    const wrong = functions.filter(({ value }) => {
      const { results } = binaryen.getFunctionInfo(wasm.getFunction(value));
      return binaryen.expandType(results).some((type) => !numbers.has(type));
    });
    assert.deepEqual(wrong.map(({ name }) => name), []);
    wasm.dispose();
  });
}

function exportsOf(wasm) {
  return Array.from({ length: wasm.getNumExports() }, (_, i) => binaryen.getExportInfo(wasm.getExportByIndex(i)));
}
