import assert from "node:assert/strict";
import { test } from "node:test";

import { loader } from "../src/load.js";

// As Chromium, Firefox and Safari say it.
const refusals = [
  "WebAssembly.instantiate(): Compiling or instantiating WebAssembly module violates the following Content Security policy directive because 'unsafe-eval' is not an allowed source of script",
  "call to WebAssembly.instantiate() blocked by CSP",
  "Refused to create a WebAssembly object because 'unsafe-eval' or 'wasm-unsafe-eval' is not an allowed source of script",
];

test("what a Content-Security-Policy refuses says what to allow, anything else does not", async () => {
  const failed = async (cause) => {
    const load = loader(() => ({ init: () => Promise.reject(cause), glue: {}, find: () => {} }));
    return load().catch((error) => error);
  };
  for (const words of refusals) {
    const cause = new WebAssembly.CompileError(words);
    const error = await failed(cause);
    assert.equal(error.code, "load");
    assert.equal(error.cause, cause);
    assert.match(error.message, /must allow 'wasm-unsafe-eval' in script-src/);
  }
  assert.doesNotMatch((await failed(new WebAssembly.CompileError("expected magic word"))).message, /Policy/);
  assert.match((await failed("a string")).message, /loaded: a string$/);
});
