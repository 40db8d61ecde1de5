import init, * as glue from "../../wasm/full/full.js";
import { loader } from "../load.js";
import { fromWeb } from "../web.js";

const find = () =>
  fromWeb(
    () => new URL("../../wasm/full/full_bg.wasm", import.meta.url),
    () => import("../../wasm/full/full_base64.js"),
  );

export const load = /* @__PURE__ */ loader(() => ({ init, glue, find }));
