import { error, errorFromRust } from "./failure.js";

/**
 * Loads a build once, when it is first needed.
 *
 * @param {(options: {module_or_path: unknown}) => Promise<unknown>} init the glue's own start
 * @param {object} glue
 * @param {() => unknown} find where the wasm is here
 * @returns {(source?: unknown) => Promise<object>} takes a `WebAssembly.Module`, bytes, a `Response`, or a URL instead
 */
export function loader(init, glue, find) {
  let loading;
  const start = async (source) => {
    try {
      await init({ module_or_path: (await source) ?? (await find()) });
    } catch (cause) {
      throw error("load", `the WebAssembly file could not be loaded: ${cause?.message ?? cause}`, { cause });
    }
    glue.makeErrorsBy?.(errorFromRust);
    return glue;
  };
  return (source) =>
    (loading ??= start(source).catch((reason) => {
      loading = undefined;
      throw reason;
    }));
}
