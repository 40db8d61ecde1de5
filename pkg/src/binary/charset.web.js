import init, * as glue from "../../wasm/charset/charset.js";
import { fromWeb } from "../web.js";

export const find = () =>
  fromWeb(
    () => new URL("../../wasm/charset/charset_bg.wasm", import.meta.url),
    () => import("../../wasm/charset/charset_base64.js"),
  );
export { glue, init };
