import init, * as glue from "../../wasm/core/core.js";
import { loader } from "../load.js";
import { fromWeb } from "../web.js";

const find = () =>
  fromWeb(
    () => new URL("../../wasm/core/core_bg.wasm", import.meta.url),
    () => import("../../wasm/core/core_base64.js"),
  );

export const load = /* @__PURE__ */ loader(() => ({ init, glue, find }));
