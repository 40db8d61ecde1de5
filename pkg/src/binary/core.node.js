import { readFile } from "node:fs/promises";

import init, * as glue from "../../wasm/core/core.js";
import { loader } from "../load.js";

const find = () => readFile(new URL("../../wasm/core/core_bg.wasm", import.meta.url));

export const load = /* @__PURE__ */ loader(() => ({ init, glue, find }));
