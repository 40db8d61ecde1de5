import { readFile } from "node:fs/promises";

import init, * as glue from "../../wasm/charset/charset.js";
import { loader } from "../load.js";

export const load = /* @__PURE__ */ loader(init, glue, () =>
  readFile(new URL("../../wasm/charset/charset_bg.wasm", import.meta.url)),
);
