import init, * as glue from "../../wasm/core/core.js";
import wasm from "../../wasm/core/core_bg.wasm";
import { loader } from "../load.js";

const find = () => wasm;

export const load = /* @__PURE__ */ loader(() => ({ init, glue, find }));
