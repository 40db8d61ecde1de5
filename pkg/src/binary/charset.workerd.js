import init, * as glue from "../../wasm/charset/charset.js";
import wasm from "../../wasm/charset/charset_bg.wasm";
import { loader } from "../load.js";

export const load = /* @__PURE__ */ loader(init, glue, () => wasm);
