import init, * as glue from "../../wasm/dualfetch/dualfetch.js";
import wasm from "../../wasm/dualfetch/dualfetch_bg.wasm";
import { loader } from "../load.js";

const find = () => wasm;

export const load = /* @__PURE__ */ loader(() => ({ init, glue, find }));
