import init, * as glue from "../../wasm/full/full.js";
import wasm from "../../wasm/full/full_bg.wasm";
import { loader } from "../load.js";

const find = () => wasm;

export const load = /* @__PURE__ */ loader(() => ({ init, glue, find }));
