import { error, errorFromRust } from "./failure.js";

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
      throw error("load", `the WebAssembly file could not be loaded: ${cause?.message ?? cause}`, { cause });
    }
  };
  return (source) =>
    (loading ??= start(source).catch((reason) => {
      loading = undefined;
      throw reason;
    }));
}
