import init, * as glue from "../../wasm/charset/charset.js";
import wasm from "../../wasm/charset/charset_bg.wasm";

export const find = () => wasm;
export { glue, init };
