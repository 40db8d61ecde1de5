import { readFile } from "node:fs/promises";

import init, * as glue from "../../wasm/full/full.js";
import { loader } from "../load.js";

const find = () => readFile(new URL("../../wasm/full/full_bg.wasm", import.meta.url));

export const load = /* @__PURE__ */ loader(() => ({ init, glue, find }));
