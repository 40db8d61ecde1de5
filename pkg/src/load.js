import { error, errorFromRust } from "./failure.js";

const ALLOW = "the page's Content-Security-Policy must allow 'wasm-unsafe-eval' in script-src";

/**
 * Loads a build once, when it is first needed.
 *
 * @param {() => {init: Function, glue: object, find: () => unknown} | Promise<…>} parts the glue with its own start,
 *   and what finds the wasm here
 * @returns {(source?: unknown) => Promise<object>} takes a `WebAssembly.Module`, bytes, a `Response`, or a URL instead
 */
export function loader(parts) {
  let loading;
  const start = async (source) => {
    try {
      const { init, glue, find } = await parts();
      await init({ module_or_path: (await source) ?? (await find()) });
      glue.makeErrorsBy?.(errorFromRust);
      return glue;
    } catch (cause) {
      const why = String(cause?.message ?? cause);
      // Chromium, Firefox and Safari each have words of their own for it.
      const hint = /Content.?Security.?Policy|\bCSP\b|unsafe-eval/i.test(why) ? `; ${ALLOW}` : "";
      throw error("load", `the WebAssembly file could not be loaded: ${why}${hint}`, { cause });
    }
  };
  return (source) =>
    (loading ??= start(source).catch((reason) => {
      loading = undefined;
      throw reason;
    }));
}
