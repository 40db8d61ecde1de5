import init, * as glue from "../../wasm/charset/charset.js";
import { loader } from "../load.js";
import { fromWeb } from "../web.js";

export const load = /* @__PURE__ */ loader(init, glue, () =>
  fromWeb(
    () => new URL("../../wasm/charset/charset_bg.wasm", import.meta.url),
    () => import("../../wasm/charset/charset_base64.js"),
  ),
);
