import init, * as glue from "../../wasm/dualfetch/dualfetch.js";
import { loader } from "../load.js";
import { fromWeb } from "../web.js";

const find = () =>
  fromWeb(
    () => new URL("../../wasm/dualfetch/dualfetch_bg.wasm", import.meta.url),
    () => import("../../wasm/dualfetch/dualfetch_base64.js"),
  );

export const load = /* @__PURE__ */ loader(() => ({ init, glue, find }));
