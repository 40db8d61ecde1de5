import { readFile } from "node:fs/promises";

import init, * as glue from "../../wasm/charset/charset.js";

export const find = () => readFile(new URL("../../wasm/charset/charset_bg.wasm", import.meta.url));
export { glue, init };
