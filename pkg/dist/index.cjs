const import_meta_url = require("node:url").pathToFileURL(require("node:path").join(__dirname, "../src/binary/_")).href;
var __defProp = Object.defineProperty;
var __getOwnPropDesc = Object.getOwnPropertyDescriptor;
var __getOwnPropNames = Object.getOwnPropertyNames;
var __hasOwnProp = Object.prototype.hasOwnProperty;
var __esm = (fn, res, err) => function __init() {
  if (err) throw err[0];
  try {
    return fn && (res = (0, fn[__getOwnPropNames(fn)[0]])(fn = 0)), res;
  } catch (e) {
    throw err = [e], e;
  }
};
var __export = (target, all) => {
  for (var name in all)
    __defProp(target, name, { get: all[name], enumerable: true });
};
var __copyProps = (to, from, except, desc) => {
  if (from && typeof from === "object" || typeof from === "function") {
    for (let key of __getOwnPropNames(from))
      if (!__hasOwnProp.call(to, key) && key !== except)
        __defProp(to, key, { get: () => from[key], enumerable: !(desc = __getOwnPropDesc(from, key)) || desc.enumerable });
  }
  return to;
};
var __toCommonJS = (mod) => __copyProps(__defProp({}, "__esModule", { value: true }), mod);

// pkg/src/errors.js
var DualfetchError, BodyError, ClosedError, InputError, NetworkError, RedirectError, StatusError, TimeoutError, UnsupportedError, named, isBodyError, isClosedError, isInputError, isNetworkError, isRedirectError, isStatusError, isTimeoutError, isUnsupportedError, isDualfetchError;
var init_errors = __esm({
  "pkg/src/errors.js"() {
    DualfetchError = class extends Error {
      constructor(code, message, details = {}) {
        super(message, "cause" in details ? { cause: details.cause } : void 0);
        this.code = code;
        this.url = details.url;
        this.phase = details.phase;
        this.attempts = details.attempts ?? 0;
        this.history = details.history ?? [];
      }
      get name() {
        return "DualfetchError";
      }
      toJSON() {
        const { name, code, message, phase: phase2, url, attempts } = this;
        return { name, code, message, phase: phase2, url, attempts };
      }
    };
    BodyError = class extends DualfetchError {
      get name() {
        return "BodyError";
      }
    };
    ClosedError = class extends DualfetchError {
      get name() {
        return "ClosedError";
      }
    };
    InputError = class extends DualfetchError {
      constructor(code, message, details = {}) {
        super(code, message, details);
        if (typeof details.detail === "string") this.option = details.detail;
      }
      get name() {
        return "InputError";
      }
    };
    NetworkError = class extends DualfetchError {
      get name() {
        return "NetworkError";
      }
    };
    RedirectError = class extends DualfetchError {
      get name() {
        return "RedirectError";
      }
    };
    StatusError = class extends DualfetchError {
      constructor(code, message, details = {}) {
        super(code, message, details);
        this.status = details.detail;
      }
      get name() {
        return "StatusError";
      }
    };
    TimeoutError = class extends DualfetchError {
      get name() {
        return "TimeoutError";
      }
    };
    UnsupportedError = class extends DualfetchError {
      constructor(code, message, details = {}) {
        super(code, message, details);
        this.feature = details.detail;
      }
      get name() {
        return "UnsupportedError";
      }
    };
    named = (thrown, name) => typeof thrown === "object" && thrown !== null && thrown.name === name && typeof thrown.code === "string";
    isBodyError = (thrown) => named(thrown, "BodyError");
    isClosedError = (thrown) => named(thrown, "ClosedError");
    isInputError = (thrown) => named(thrown, "InputError");
    isNetworkError = (thrown) => named(thrown, "NetworkError");
    isRedirectError = (thrown) => named(thrown, "RedirectError");
    isStatusError = (thrown) => named(thrown, "StatusError");
    isTimeoutError = (thrown) => named(thrown, "TimeoutError");
    isUnsupportedError = (thrown) => named(thrown, "UnsupportedError");
    isDualfetchError = (thrown) => named(thrown, "DualfetchError") || isBodyError(thrown) || isClosedError(thrown) || isInputError(thrown) || isNetworkError(thrown) || isRedirectError(thrown) || isStatusError(thrown) || isTimeoutError(thrown) || isUnsupportedError(thrown);
  }
});

// pkg/src/failure.js
function error(code, message, details) {
  return new (classes[code] ?? DualfetchError)(code, message, details);
}
function errorFromRust(code, message, url, phase2, attempts, detail, history, cause) {
  const details = { url, phase: phase2, attempts, detail, history: hops(history ?? []) };
  if (cause !== void 0) details.cause = cause;
  return error(code, message, details);
}
function hops(flat) {
  const list = [];
  for (let i = 0; i + 2 < flat.length; i += 3) {
    list.push({ url: flat[i], status: flat[i + 1], elapsed: flat[i + 2] });
  }
  return list;
}
var classes;
var init_failure = __esm({
  "pkg/src/failure.js"() {
    init_errors();
    classes = {
      body_too_large: BodyError,
      body_used: BodyError,
      closed: ClosedError,
      connect: NetworkError,
      content_type: BodyError,
      decode: BodyError,
      disconnected: NetworkError,
      dns: NetworkError,
      invalid_header: InputError,
      invalid_option: InputError,
      invalid_url: InputError,
      json: BodyError,
      network: NetworkError,
      opaque: NetworkError,
      protocol: NetworkError,
      redirect: RedirectError,
      status: StatusError,
      timeout: TimeoutError,
      tls: NetworkError,
      too_many_redirects: RedirectError,
      unsupported: UnsupportedError,
      unsupported_scheme: InputError
    };
  }
});

// pkg/src/load.js
function loader(init, glue, find) {
  let loading;
  const start2 = async (source) => {
    try {
      await init({ module_or_path: await source ?? await find() });
    } catch (cause) {
      throw error("load", `the WebAssembly file could not be loaded: ${cause?.message ?? cause}`, { cause });
    }
    glue.makeErrorsBy?.(errorFromRust);
    return glue;
  };
  return (source) => loading ??= start2(source).catch((reason) => {
    loading = void 0;
    throw reason;
  });
}
var init_load = __esm({
  "pkg/src/load.js"() {
    init_failure();
  }
});

// pkg/wasm/charset/charset.js
var charset_exports = {};
__export(charset_exports, {
  CharsetDecoder: () => CharsetDecoder,
  charsetDecoder: () => charsetDecoder,
  default: () => __wbg_init2,
  initSync: () => initSync2
});
function charsetDecoder(content_type, host, past_ascii) {
  const val3 = +past_ascii;
  let ptr0, len0, ptr1, len1;
  try {
    ptr0 = isLikeNone2(content_type) ? 0 : passStringToWasm02(content_type, wasm2.__wbindgen_malloc, wasm2.__wbindgen_realloc);
    len0 = WASM_VECTOR_LEN2;
    ptr1 = passStringToWasm02(host, wasm2.__wbindgen_malloc, wasm2.__wbindgen_realloc);
    len1 = WASM_VECTOR_LEN2;
  } catch (e) {
    if (ptr1) {
      wasm2.__wbindgen_free(ptr1, len1 * 1, 1);
    }
    if (ptr0) {
      wasm2.__wbindgen_free(ptr0, len0 * 1, 1);
    }
    throw e;
  }
  const ret = wasm2.charsetDecoder(ptr0, len0, ptr1, len1, val3);
  return CharsetDecoder.__wrap(ret);
}
function __wbg_get_imports2() {
  const import0 = {
    __proto__: null,
    __wbg___wbindgen_throw_4c88d8bf264fd984: function(arg0, arg1) {
      throw new Error(getStringFromWasm02(arg0, arg1));
    },
    __wbindgen_init_externref_table: function() {
      const table = wasm2.__wbindgen_externrefs;
      table.set(0, void 0);
      table.set(1024, void 0);
      table.set(1025, null);
      table.set(1026, true);
      table.set(1027, false);
    }
  };
  return {
    __proto__: null,
    "./charset_bg.js": import0
  };
}
function getStringFromWasm02(ptr, len) {
  ptr = ptr >>> 0;
  return decodeText2(getUint8ArrayMemory02().subarray(ptr, ptr + len));
}
function getUint8ArrayMemory02() {
  if (cachedUint8ArrayMemory02 === null || cachedUint8ArrayMemory02.byteLength === 0) {
    cachedUint8ArrayMemory02 = new Uint8Array(wasm2.memory.buffer);
  }
  return cachedUint8ArrayMemory02;
}
function isLikeNone2(x) {
  return x === void 0 || x === null;
}
function passArray8ToWasm0(arg, malloc) {
  const ptr = malloc(arg.length * 1, 1) >>> 0;
  getUint8ArrayMemory02().set(arg, ptr / 1);
  WASM_VECTOR_LEN2 = arg.length;
  return ptr;
}
function passStringToWasm02(arg, malloc, realloc) {
  if (realloc === void 0) {
    const buf = cachedTextEncoder2.encode(arg);
    const ptr2 = malloc(buf.length, 1) >>> 0;
    getUint8ArrayMemory02().subarray(ptr2, ptr2 + buf.length).set(buf);
    WASM_VECTOR_LEN2 = buf.length;
    return ptr2;
  }
  let len = arg.length;
  let ptr = malloc(len, 1) >>> 0;
  const mem = getUint8ArrayMemory02();
  let offset = 0;
  for (; offset < len; offset++) {
    const code = arg.charCodeAt(offset);
    if (code > 127) break;
    mem[ptr + offset] = code;
  }
  if (offset !== len) {
    if (offset !== 0) {
      arg = arg.slice(offset);
    }
    ptr = realloc(ptr, len, len = offset + arg.length * 3, 1) >>> 0;
    const view = getUint8ArrayMemory02().subarray(ptr + offset, ptr + len);
    const ret = cachedTextEncoder2.encodeInto(arg, view);
    offset += ret.written;
    ptr = realloc(ptr, len, offset, 1) >>> 0;
  }
  WASM_VECTOR_LEN2 = offset;
  return ptr;
}
function decodeText2(bytes2) {
  numBytesDecoded2 += bytes2.length;
  if (numBytesDecoded2 >= MAX_SAFARI_DECODE_BYTES2) {
    cachedTextDecoder2 = new TextDecoder("utf-8", { ignoreBOM: true });
    cachedTextDecoder2.decode();
    numBytesDecoded2 = bytes2.length;
  }
  return cachedTextDecoder2.decode(bytes2);
}
function __wbg_finalize_init2(instance, module2) {
  wasmInstance2 = instance;
  wasm2 = instance.exports;
  wasmModule2 = module2;
  cachedUint8ArrayMemory02 = null;
  wasm2.__wbindgen_start();
  return wasm2;
}
async function __wbg_load2(module2, imports) {
  if (typeof Response === "function" && module2 instanceof Response) {
    if (!module2.ok) {
      throw new Error(`failed to fetch Wasm: ${module2.status} ${module2.statusText} fetching '${module2.url}'`);
    }
    if (typeof WebAssembly.instantiateStreaming === "function") {
      try {
        return await WebAssembly.instantiateStreaming(module2, imports);
      } catch (e) {
        const validResponse = expectedResponseType(module2.type);
        if (validResponse && module2.headers.get("Content-Type") !== "application/wasm") {
          console.warn("`WebAssembly.instantiateStreaming` failed because your server does not serve Wasm with `application/wasm` MIME type. Falling back to `WebAssembly.instantiate` which is slower. Original error:\n", e);
        } else {
          throw e;
        }
      }
    }
    const bytes2 = await module2.arrayBuffer();
    return await WebAssembly.instantiate(bytes2, imports);
  } else {
    const instance = await WebAssembly.instantiate(module2, imports);
    if (instance instanceof WebAssembly.Instance) {
      return { instance, module: module2 };
    } else {
      return instance;
    }
  }
  function expectedResponseType(type) {
    switch (type) {
      case "basic":
      case "cors":
      case "default":
        return true;
    }
    return false;
  }
}
function initSync2(module2) {
  if (wasm2 !== void 0) return wasm2;
  if (module2 !== void 0) {
    if (Object.getPrototypeOf(module2) === Object.prototype) {
      ({ module: module2 } = module2);
    } else {
      console.warn("using deprecated parameters for `initSync()`; pass a single object instead");
    }
  }
  const imports = __wbg_get_imports2();
  if (!(module2 instanceof WebAssembly.Module)) {
    module2 = new WebAssembly.Module(module2);
  }
  const instance = new WebAssembly.Instance(module2, imports);
  return __wbg_finalize_init2(instance, module2);
}
async function __wbg_init2(module_or_path) {
  if (wasm2 !== void 0) return wasm2;
  if (__wbg_init_promise2 === void 0) {
    __wbg_init_promise2 = __wbg_init_once2(module_or_path);
    __wbg_init_promise2.catch(() => {
      __wbg_init_promise2 = void 0;
    });
  }
  return __wbg_init_promise2;
}
async function __wbg_init_once2(module_or_path) {
  if (module_or_path !== void 0) {
    if (Object.getPrototypeOf(module_or_path) === Object.prototype) {
      ({ module_or_path } = module_or_path);
    } else {
      console.warn("using deprecated parameters for the initialization function; pass a single object instead");
    }
  }
  const imports = __wbg_get_imports2();
  if (typeof module_or_path === "string" || typeof Request === "function" && module_or_path instanceof Request || typeof URL === "function" && module_or_path instanceof URL) {
    module_or_path = fetch(module_or_path);
  }
  const { instance, module: module2 } = await __wbg_load2(await module_or_path, imports);
  return __wbg_finalize_init2(instance, module2);
}
var CharsetDecoder, CharsetDecoderFinalization, cachedUint8ArrayMemory02, cachedTextDecoder2, MAX_SAFARI_DECODE_BYTES2, numBytesDecoded2, cachedTextEncoder2, WASM_VECTOR_LEN2, wasmModule2, wasmInstance2, wasm2, __wbg_init_promise2;
var init_charset = __esm({
  "pkg/wasm/charset/charset.js"() {
    CharsetDecoder = class _CharsetDecoder {
      static __wrap(ptr) {
        const obj = Object.create(_CharsetDecoder.prototype);
        obj.__wbg_ptr = ptr;
        CharsetDecoderFinalization.register(obj, obj.__wbg_ptr, obj);
        return obj;
      }
      __destroy_into_raw() {
        const ptr = this.__wbg_ptr;
        this.__wbg_ptr = 0;
        CharsetDecoderFinalization.unregister(this);
        return ptr;
      }
      free() {
        const ptr = this.__destroy_into_raw();
        wasm2.__wbg_charsetdecoder_free(ptr, 0);
      }
      /**
       * [`Decoder::encoding`].
       * @returns {string}
       */
      encoding() {
        let deferred1_0;
        let deferred1_1;
        try {
          const ret = wasm2.charsetdecoder_encoding(this.__wbg_ptr);
          deferred1_0 = ret[0];
          deferred1_1 = ret[1];
          return getStringFromWasm02(ret[0], ret[1]);
        } finally {
          wasm2.__wbindgen_free(deferred1_0, deferred1_1, 1);
        }
      }
      /**
       * [`Decoder::finish`].
       * @returns {string}
       */
      finish() {
        let deferred1_0;
        let deferred1_1;
        try {
          const ret = wasm2.charsetdecoder_finish(this.__wbg_ptr);
          deferred1_0 = ret[0];
          deferred1_1 = ret[1];
          return getStringFromWasm02(ret[0], ret[1]);
        } finally {
          wasm2.__wbindgen_free(deferred1_0, deferred1_1, 1);
        }
      }
      /**
       * [`Decoder::late_label`].
       * @param {string} label
       * @returns {string}
       */
      lateLabel(label) {
        let deferred2_0;
        let deferred2_1;
        try {
          const ptr0 = passStringToWasm02(label, wasm2.__wbindgen_malloc, wasm2.__wbindgen_realloc);
          const len0 = WASM_VECTOR_LEN2;
          const ret = wasm2.charsetdecoder_lateLabel(this.__wbg_ptr, ptr0, len0);
          deferred2_0 = ret[0];
          deferred2_1 = ret[1];
          return getStringFromWasm02(ret[0], ret[1]);
        } finally {
          wasm2.__wbindgen_free(deferred2_0, deferred2_1, 1);
        }
      }
      /**
       * [`Decoder::malformed`].
       * @returns {boolean}
       */
      malformed() {
        const ret = wasm2.charsetdecoder_malformed(this.__wbg_ptr);
        return ret !== 0;
      }
      /**
       * [`Decoder::push`].
       * @param {Uint8Array | number[]} bytes
       * @returns {string}
       */
      push(bytes2) {
        let deferred2_0;
        let deferred2_1;
        try {
          const ptr0 = passArray8ToWasm0(bytes2, wasm2.__wbindgen_malloc);
          const len0 = WASM_VECTOR_LEN2;
          const ret = wasm2.charsetdecoder_push(this.__wbg_ptr, ptr0, len0);
          deferred2_0 = ret[0];
          deferred2_1 = ret[1];
          return getStringFromWasm02(ret[0], ret[1]);
        } finally {
          wasm2.__wbindgen_free(deferred2_0, deferred2_1, 1);
        }
      }
      /**
       * Whether the last call gave text that takes the place of all before.
       * @returns {boolean}
       */
      restarted() {
        const ret = wasm2.charsetdecoder_restarted(this.__wbg_ptr);
        return ret !== 0;
      }
      /**
       * [`Decoder::source`].
       * @returns {string}
       */
      source() {
        let deferred1_0;
        let deferred1_1;
        try {
          const ret = wasm2.charsetdecoder_source(this.__wbg_ptr);
          deferred1_0 = ret[0];
          deferred1_1 = ret[1];
          return getStringFromWasm02(ret[0], ret[1]);
        } finally {
          wasm2.__wbindgen_free(deferred1_0, deferred1_1, 1);
        }
      }
    };
    if (Symbol.dispose) CharsetDecoder.prototype[Symbol.dispose] = CharsetDecoder.prototype.free;
    CharsetDecoderFinalization = typeof FinalizationRegistry === "undefined" ? { register: () => {
    }, unregister: () => {
    } } : new FinalizationRegistry((ptr) => wasm2.__wbg_charsetdecoder_free(ptr, 1));
    cachedUint8ArrayMemory02 = null;
    cachedTextDecoder2 = new TextDecoder("utf-8", { ignoreBOM: true });
    cachedTextDecoder2.decode();
    MAX_SAFARI_DECODE_BYTES2 = 2146435072;
    numBytesDecoded2 = 0;
    cachedTextEncoder2 = new TextEncoder();
    if (!("encodeInto" in cachedTextEncoder2)) {
      cachedTextEncoder2.encodeInto = function(arg, view) {
        const buf = cachedTextEncoder2.encode(arg);
        view.set(buf);
        return {
          read: arg.length,
          written: buf.length
        };
      };
    }
    WASM_VECTOR_LEN2 = 0;
  }
});

// pkg/src/binary/charset.node.js
var charset_node_exports = {};
__export(charset_node_exports, {
  load: () => load2
});
var import_promises2, load2;
var init_charset_node = __esm({
  "pkg/src/binary/charset.node.js"() {
    import_promises2 = require("node:fs/promises");
    init_charset();
    init_load();
    load2 = /* @__PURE__ */ loader(
      __wbg_init2,
      charset_exports,
      () => (0, import_promises2.readFile)(new URL("../../wasm/charset/charset_bg.wasm", import_meta_url))
    );
  }
});

// pkg/src/index.node.js
var index_node_exports = {};
__export(index_node_exports, {
  BodyError: () => BodyError,
  ClosedError: () => ClosedError,
  DualfetchError: () => DualfetchError,
  InputError: () => InputError,
  NetworkError: () => NetworkError,
  RedirectError: () => RedirectError,
  Session: () => Session,
  SessionResponse: () => SessionResponse,
  StatusError: () => StatusError,
  TimeoutError: () => TimeoutError,
  UnsupportedError: () => UnsupportedError,
  isBodyError: () => isBodyError,
  isClosedError: () => isClosedError,
  isDualfetchError: () => isDualfetchError,
  isInputError: () => isInputError,
  isNetworkError: () => isNetworkError,
  isRedirectError: () => isRedirectError,
  isStatusError: () => isStatusError,
  isTimeoutError: () => isTimeoutError,
  isUnsupportedError: () => isUnsupportedError,
  load: () => load,
  loadCharset: () => loadCharset
});
module.exports = __toCommonJS(index_node_exports);

// pkg/src/binary/dualfetch.node.js
var import_promises = require("node:fs/promises");

// pkg/wasm/dualfetch/dualfetch.js
var dualfetch_exports = {};
__export(dualfetch_exports, {
  ResponseHandle: () => ResponseHandle,
  Rows: () => Rows,
  SessionHandle: () => SessionHandle,
  default: () => __wbg_init,
  initSync: () => initSync,
  makeErrorsBy: () => makeErrorsBy
});
var ResponseHandle = class _ResponseHandle {
  static __wrap(ptr) {
    const obj = Object.create(_ResponseHandle.prototype);
    obj.__wbg_ptr = ptr;
    ResponseHandleFinalization.register(obj, obj.__wbg_ptr, obj);
    return obj;
  }
  __destroy_into_raw() {
    const ptr = this.__wbg_ptr;
    this.__wbg_ptr = 0;
    ResponseHandleFinalization.unregister(this);
    return ptr;
  }
  free() {
    const ptr = this.__destroy_into_raw();
    wasm.__wbg_responsehandle_free(ptr, 0);
  }
  /**
   * The body as a `Uint8Array`.
   * @returns {Promise<any>}
   */
  bytes() {
    const ret = wasm.responsehandle_bytes(this.__wbg_ptr);
    return ret;
  }
  /**
   * Ends the transfer.
   */
  cancel() {
    wasm.responsehandle_cancel(this.__wbg_ptr);
  }
  /**
   * The next piece as a `Uint8Array`; undefined at the end.
   * @returns {Promise<any>}
   */
  chunk() {
    const ret = wasm.responsehandle_chunk(this.__wbg_ptr);
    return ret;
  }
  /**
   * Status, URL, attempts, milliseconds, header fields and redirects, in this order.
   * @returns {Array<any>}
   */
  get head() {
    const ret = wasm.responsehandle_head(this.__wbg_ptr);
    return ret;
  }
  /**
   * The body as text: `[text, encoding, rule that decided on it]`.
   * @returns {Promise<any>}
   */
  text() {
    const ret = wasm.responsehandle_text(this.__wbg_ptr);
    return ret;
  }
};
if (Symbol.dispose) ResponseHandle.prototype[Symbol.dispose] = ResponseHandle.prototype.free;
var Rows = class _Rows {
  static __wrap(ptr) {
    const obj = Object.create(_Rows.prototype);
    obj.__wbg_ptr = ptr;
    RowsFinalization.register(obj, obj.__wbg_ptr, obj);
    return obj;
  }
  __destroy_into_raw() {
    const ptr = this.__wbg_ptr;
    this.__wbg_ptr = 0;
    RowsFinalization.unregister(this);
    return ptr;
  }
  free() {
    const ptr = this.__destroy_into_raw();
    wasm.__wbg_rows_free(ptr, 0);
  }
  /**
   * A promise of the next row; of undefined when all have been given.
   * @returns {Promise<any>}
   */
  next() {
    const ret = wasm.rows_next(this.__wbg_ptr);
    return ret;
  }
  /**
   * Ends every request under way; no more rows come.
   */
  stop() {
    wasm.rows_stop(this.__wbg_ptr);
  }
};
if (Symbol.dispose) Rows.prototype[Symbol.dispose] = Rows.prototype.free;
var SessionHandle = class {
  __destroy_into_raw() {
    const ptr = this.__wbg_ptr;
    this.__wbg_ptr = 0;
    SessionHandleFinalization.unregister(this);
    return ptr;
  }
  free() {
    const ptr = this.__destroy_into_raw();
    wasm.__wbg_sessionhandle_free(ptr, 0);
  }
  /**
   * What pulling gives, each fetched until its head is there.
   * @param {Function} pull
   * @param {boolean} ordered
   * @param {number | null} [window]
   * @param {any | null} [signal]
   * @returns {Rows}
   */
  fetchAll(pull, ordered, window2, signal2) {
    const val1 = +ordered;
    const val2 = +(isLikeNone(window2) ? Number.MAX_SAFE_INTEGER : window2 >>> 0);
    const ret = wasm.sessionhandle_fetchAll(this.__wbg_ptr, pull, val1, val2, isLikeNone(signal2) ? 0 : addToExternrefTable0(signal2));
    return Rows.__wrap(ret);
  }
  /**
   * In flight, waiting, then origin, in flight and waiting of each host.
   * @returns {Array<any>}
   */
  figures() {
    const ret = wasm.sessionhandle_figures(this.__wbg_ptr);
    return ret;
  }
  /**
   * A session of these settings that ends all it does when `closing` fires. `load_charset` gives a promise of the
   * module with the encodings.
   *
   * # Errors
   * What the platform cannot do, and what makes no sense.
   * @param {any} settings
   * @param {any} closing
   * @param {Function | null} [load_charset]
   */
  constructor(settings, closing, load_charset) {
    const ret = wasm.sessionhandle_new(settings, closing, isLikeNone(load_charset) ? 0 : addToExternrefTable0(load_charset));
    if (ret[2]) {
      throw takeFromExternrefTable0(ret[1]);
    }
    this.__wbg_ptr = ret[0];
    SessionHandleFinalization.register(this, this.__wbg_ptr, this);
    return this;
  }
  /**
   * Sends a request: a promise of a `ResponseHandle`.
   * @param {any} asked
   * @param {any | null} [signal]
   * @returns {Promise<any>}
   */
  send(asked2, signal2) {
    const ret = wasm.sessionhandle_send(this.__wbg_ptr, asked2, isLikeNone(signal2) ? 0 : addToExternrefTable0(signal2));
    return ret;
  }
  /**
   * One page as far as its title needs: a promise of the fields of its row.
   * @param {any} asked
   * @param {number | null} [max_bytes]
   * @param {number | null} [drain]
   * @param {any | null} [signal]
   * @returns {Promise<any>}
   */
  title(asked2, max_bytes, drain, signal2) {
    const val1 = +(isLikeNone(max_bytes) ? 0 : max_bytes);
    const val2 = +(isLikeNone(drain) ? 0 : drain);
    const ret = wasm.sessionhandle_title(this.__wbg_ptr, asked2, !isLikeNone(max_bytes), val1, !isLikeNone(drain), val2, isLikeNone(signal2) ? 0 : addToExternrefTable0(signal2));
    return ret;
  }
  /**
   * What pulling gives, each read as far as its title needs.
   * @param {Function} pull
   * @param {boolean} ordered
   * @param {number | null} [window]
   * @param {number | null} [max_bytes]
   * @param {number | null} [drain]
   * @param {any | null} [signal]
   * @returns {Rows}
   */
  titles(pull, ordered, window2, max_bytes, drain, signal2) {
    const val1 = +ordered;
    const val2 = +(isLikeNone(window2) ? Number.MAX_SAFE_INTEGER : window2 >>> 0);
    const val3 = +(isLikeNone(max_bytes) ? 0 : max_bytes);
    const val4 = +(isLikeNone(drain) ? 0 : drain);
    const ret = wasm.sessionhandle_titles(this.__wbg_ptr, pull, val1, val2, !isLikeNone(max_bytes), val3, !isLikeNone(drain), val4, isLikeNone(signal2) ? 0 : addToExternrefTable0(signal2));
    return Rows.__wrap(ret);
  }
};
if (Symbol.dispose) SessionHandle.prototype[Symbol.dispose] = SessionHandle.prototype.free;
function makeErrorsBy(factory) {
  wasm.makeErrorsBy(factory);
}
function __wbg_get_imports() {
  const import0 = {
    __proto__: null,
    __wbg___wbindgen_debug_string_f249a2a76caa9a55: function(arg0, arg1) {
      const ret = debugString(arg1);
      const ptr1 = passStringToWasm0(ret, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
      const len1 = WASM_VECTOR_LEN;
      getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 1, len1, true);
      getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 0, ptr1, true);
    },
    __wbg___wbindgen_is_falsy_d864b623500ae65d: function(arg0) {
      const ret = !arg0;
      return ret;
    },
    __wbg___wbindgen_is_function_741ff2bb612836f5: function(arg0) {
      const ret = typeof arg0 === "function";
      return ret;
    },
    __wbg___wbindgen_is_null_c22311b1cc228e3a: function(arg0) {
      const ret = arg0 === null;
      return ret;
    },
    __wbg___wbindgen_is_object_8b968c3ab8e96595: function(arg0) {
      const val = arg0;
      const ret = typeof val === "object" && val !== null;
      return ret;
    },
    __wbg___wbindgen_is_string_fc456fee5d3317de: function(arg0) {
      const ret = typeof arg0 === "string";
      return ret;
    },
    __wbg___wbindgen_is_undefined_be5b34249ff1fc15: function(arg0) {
      const ret = arg0 === void 0;
      return ret;
    },
    __wbg___wbindgen_number_get_934b640d0889af78: function(arg0, arg1) {
      const obj = arg1;
      const ret = typeof obj === "number" ? obj : void 0;
      getDataViewMemory0().setFloat64((arg0 >>> 0) + 8 * 1, isLikeNone(ret) ? 0 : ret, true);
      getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 0, !isLikeNone(ret), true);
    },
    __wbg___wbindgen_string_get_7ce8eee7fd327545: function(arg0, arg1) {
      const obj = arg1;
      const ret = typeof obj === "string" ? obj : void 0;
      var ptr1 = isLikeNone(ret) ? 0 : passStringToWasm0(ret, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
      var len1 = WASM_VECTOR_LEN;
      getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 1, len1, true);
      getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 0, ptr1, true);
    },
    __wbg___wbindgen_throw_4c88d8bf264fd984: function(arg0, arg1) {
      throw new Error(getStringFromWasm0(arg0, arg1));
    },
    __wbg__wbg_cb_unref_09736879a3f67559: function(arg0) {
      arg0._wbg_cb_unref();
    },
    __wbg_abort_f8d1589eb0c65ee2: function(arg0) {
      arg0.abort();
    },
    __wbg_aborted_0d9b34bb3890c6fd: function(arg0) {
      const ret = arg0.aborted;
      return ret;
    },
    __wbg_add_a4614f7ee9a27df7: function(arg0, arg1) {
      arg0.add(arg1);
    },
    __wbg_apply_bfe2b07b146427e2: function() {
      return handleError(function(arg0, arg1, arg2) {
        const ret = arg0.apply(arg1, arg2);
        return ret;
      }, arguments);
    },
    __wbg_body_ad558dd2991f98bc: function() {
      return handleError(function(arg0) {
        const ret = arg0.body;
        return ret;
      }, arguments);
    },
    __wbg_body_c1c14a4988fe9822: function(arg0) {
      const ret = arg0.body;
      return ret;
    },
    __wbg_cache_80dc98a2c481e3aa: function(arg0, arg1) {
      const ret = arg1.cache;
      var ptr1 = isLikeNone(ret) ? 0 : passStringToWasm0(ret, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
      var len1 = WASM_VECTOR_LEN;
      getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 1, len1, true);
      getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 0, ptr1, true);
    },
    __wbg_call_40b008ba32f73991: function() {
      return handleError(function(arg0, arg1) {
        const ret = arg0.call(arg1);
        return ret;
      }, arguments);
    },
    __wbg_call_a410eb4b59ed5965: function() {
      return handleError(function(arg0, arg1, arg2) {
        const ret = arg0.call(arg1, arg2);
        return ret;
      }, arguments);
    },
    __wbg_call_fc92fee6137d452d: function() {
      return handleError(function(arg0, arg1, arg2, arg3) {
        const ret = arg0.call(arg1, arg2, arg3);
        return ret;
      }, arguments);
    },
    __wbg_cancel_6e2b343833de72b9: function() {
      return handleError(function(arg0) {
        const ret = arg0.cancel();
        return ret;
      }, arguments);
    },
    __wbg_charsetDecoder_3a41b49d134cb14f: function() {
      return handleError(function(arg0, arg1, arg2, arg3, arg4, arg5) {
        const ret = arg0.charsetDecoder(arg1 === 0 ? void 0 : getStringFromWasm0(arg1, arg2), getStringFromWasm0(arg3, arg4), arg5 !== 0);
        return ret;
      }, arguments);
    },
    __wbg_clearTimeout_c5721cffa8f0164b: function(arg0) {
      clearTimeout(arg0);
    },
    __wbg_credentials_c90bc4d6be93ad67: function(arg0, arg1) {
      const ret = arg1.credentials;
      var ptr1 = isLikeNone(ret) ? 0 : passStringToWasm0(ret, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
      var len1 = WASM_VECTOR_LEN;
      getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 1, len1, true);
      getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 0, ptr1, true);
    },
    __wbg_done_22bd032a97baea64: function(arg0) {
      const ret = arg0.done;
      return ret;
    },
    __wbg_done_57e08d0be6e30c02: function(arg0) {
      const ret = arg0.done;
      return ret;
    },
    __wbg_encoding_efe10c38636f3d45: function() {
      return handleError(function(arg0, arg1) {
        const ret = arg1.encoding();
        const ptr1 = passStringToWasm0(ret, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
        const len1 = WASM_VECTOR_LEN;
        getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 1, len1, true);
        getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 0, ptr1, true);
      }, arguments);
    },
    __wbg_entries_0bd5630cb513cca7: function() {
      return handleError(function(arg0) {
        const ret = arg0.entries();
        return ret;
      }, arguments);
    },
    __wbg_error_d4f2e8a3b5c8c933: function(arg0) {
      const ret = arg0.error;
      return ret;
    },
    __wbg_fetch_72f53801cf227d31: function(arg0) {
      const ret = arg0.fetch;
      return isLikeNone(ret) ? 0 : addToExternrefTable0(ret);
    },
    __wbg_fetch_f87eebd4b89a302c: function() {
      return handleError(function(arg0, arg1, arg2) {
        const ret = fetch(getStringFromWasm0(arg0, arg1), arg2);
        return ret;
      }, arguments);
    },
    __wbg_finish_92b3fffe38e078ef: function() {
      return handleError(function(arg0, arg1) {
        const ret = arg1.finish();
        const ptr1 = passStringToWasm0(ret, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
        const len1 = WASM_VECTOR_LEN;
        getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 1, len1, true);
        getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 0, ptr1, true);
      }, arguments);
    },
    __wbg_followRedirects_033cd195b816aebd: function(arg0) {
      const ret = arg0.followRedirects;
      return isLikeNone(ret) ? 16777215 : ret ? 1 : 0;
    },
    __wbg_free_6de098d16fc22cf5: function() {
      return handleError(function(arg0) {
        arg0.free();
      }, arguments);
    },
    __wbg_getRandomValues_c1a5cc1bb373649c: function() {
      return handleError(function(arg0) {
        const ret = crypto.getRandomValues(arg0);
        return ret;
      }, arguments);
    },
    __wbg_getReader_af754e1a7c36752a: function() {
      return handleError(function(arg0) {
        const ret = arg0.getReader();
        return ret;
      }, arguments);
    },
    __wbg_get_2080c49015e35254: function() {
      return handleError(function(arg0, arg1) {
        const ret = Reflect.get(arg0, arg1);
        return ret;
      }, arguments);
    },
    __wbg_get_d7176cfb76d71114: function(arg0, arg1) {
      const ret = arg0[arg1 >>> 0];
      return ret;
    },
    __wbg_given_cf6ee7e384a9ff87: function(arg0, arg1) {
      const ret = arg1.given;
      var ptr1 = isLikeNone(ret) ? 0 : passStringToWasm0(ret, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
      var len1 = WASM_VECTOR_LEN;
      getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 1, len1, true);
      getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 0, ptr1, true);
    },
    __wbg_has_a3c7b5b793ae049c: function() {
      return handleError(function(arg0, arg1, arg2) {
        const ret = arg0.has(getStringFromWasm0(arg1, arg2));
        return ret;
      }, arguments);
    },
    __wbg_headers_4a31faceb30db560: function() {
      return handleError(function(arg0) {
        const ret = arg0.headers;
        return ret;
      }, arguments);
    },
    __wbg_headers_c6598fa7c65d705f: function(arg0, arg1) {
      const ret = arg1.headers;
      var ptr1 = isLikeNone(ret) ? 0 : passArrayJsValueToWasm0(ret, wasm.__wbindgen_malloc);
      var len1 = WASM_VECTOR_LEN;
      getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 1, len1, true);
      getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 0, ptr1, true);
    },
    __wbg_headers_d906f01c8573c679: function(arg0) {
      const ret = arg0.headers;
      return ret;
    },
    __wbg_href_436d1661275da591: function(arg0, arg1) {
      const ret = arg1.href;
      const ptr1 = passStringToWasm0(ret, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
      const len1 = WASM_VECTOR_LEN;
      getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 1, len1, true);
      getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 0, ptr1, true);
    },
    __wbg_instanceof_Uint8Array_d7aeb0dcb3108fea: function(arg0) {
      let result;
      try {
        result = arg0 instanceof Uint8Array;
      } catch (_) {
        result = false;
      }
      const ret = result;
      return ret;
    },
    __wbg_integrity_08f7fbf37c6d6462: function(arg0, arg1) {
      const ret = arg1.integrity;
      var ptr1 = isLikeNone(ret) ? 0 : passStringToWasm0(ret, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
      var len1 = WASM_VECTOR_LEN;
      getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 1, len1, true);
      getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 0, ptr1, true);
    },
    __wbg_keepalive_d93f116018921e56: function(arg0) {
      const ret = arg0.keepalive;
      return isLikeNone(ret) ? 16777215 : ret ? 1 : 0;
    },
    __wbg_lateLabel_c8d6e8da1ecb35d0: function() {
      return handleError(function(arg0, arg1, arg2, arg3) {
        const ret = arg1.lateLabel(getStringFromWasm0(arg2, arg3));
        const ptr1 = passStringToWasm0(ret, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
        const len1 = WASM_VECTOR_LEN;
        getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 1, len1, true);
        getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 0, ptr1, true);
      }, arguments);
    },
    __wbg_length_186163212ffe79c3: function(arg0) {
      const ret = arg0.length;
      return ret;
    },
    __wbg_length_b03a0fabb109b1e9: function(arg0) {
      const ret = arg0.length;
      return ret;
    },
    __wbg_limitPerHost_cc6d148ad672d349: function(arg0) {
      const ret = arg0.limitPerHost;
      return isLikeNone(ret) ? Number.MAX_SAFE_INTEGER : ret >>> 0;
    },
    __wbg_limit_bd833b49eb6e6ba8: function(arg0) {
      const ret = arg0.limit;
      return isLikeNone(ret) ? Number.MAX_SAFE_INTEGER : ret >>> 0;
    },
    __wbg_malformed_675d2722f27059f9: function() {
      return handleError(function(arg0) {
        const ret = arg0.malformed();
        return ret;
      }, arguments);
    },
    __wbg_maxBody_fe1a6c6b88bd73d6: function(arg0, arg1) {
      const ret = arg1.maxBody;
      getDataViewMemory0().setFloat64((arg0 >>> 0) + 8 * 1, isLikeNone(ret) ? 0 : ret, true);
      getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 0, !isLikeNone(ret), true);
    },
    __wbg_maxRedirects_7f5d2313c34ab5d6: function(arg0) {
      const ret = arg0.maxRedirects;
      return isLikeNone(ret) ? Number.MAX_SAFE_INTEGER : ret >>> 0;
    },
    __wbg_method_61b1b1226a7af9ef: function(arg0, arg1) {
      const ret = arg1.method;
      var ptr1 = isLikeNone(ret) ? 0 : passStringToWasm0(ret, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
      var len1 = WASM_VECTOR_LEN;
      getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 1, len1, true);
      getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 0, ptr1, true);
    },
    __wbg_mode_7cb205ca992c6e0f: function(arg0, arg1) {
      const ret = arg1.mode;
      var ptr1 = isLikeNone(ret) ? 0 : passStringToWasm0(ret, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
      var len1 = WASM_VECTOR_LEN;
      getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 1, len1, true);
      getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 0, ptr1, true);
    },
    __wbg_new_01294bd53c7c640a: function() {
      return handleError(function(arg0, arg1, arg2) {
        const ret = new Request(getStringFromWasm0(arg0, arg1), arg2);
        return ret;
      }, arguments);
    },
    __wbg_new_37eb45aaf5eeb820: function() {
      const ret = new Array();
      return ret;
    },
    __wbg_new_5f28518387ad0e34: function() {
      return handleError(function() {
        const ret = new AbortController();
        return ret;
      }, arguments);
    },
    __wbg_new_96baed0986e0d99f: function() {
      return handleError(function(arg0, arg1) {
        const ret = new URL(getStringFromWasm0(arg0, arg1));
        return ret;
      }, arguments);
    },
    __wbg_new_cd4348290afae586: function() {
      const ret = new Object();
      return ret;
    },
    __wbg_new_from_slice_b8daf545a41c6aa0: function(arg0, arg1) {
      const ret = new Uint8Array(getArrayU8FromWasm0(arg0, arg1));
      return ret;
    },
    __wbg_new_typed_e09da9dae6ee5935: function(arg0, arg1) {
      try {
        var state0 = { a: arg0, b: arg1 };
        var cb0 = (arg02, arg12) => {
          const a = state0.a;
          state0.a = 0;
          try {
            return wasm_bindgen__convert__closures_____invoke__h6549260529f4ac5e(a, state0.b, arg02, arg12);
          } finally {
            state0.a = a;
          }
        };
        const ret = new Promise(cb0);
        return ret;
      } finally {
        state0.a = 0;
      }
    },
    __wbg_new_with_base_44e88b67db0c589b: function() {
      return handleError(function(arg0, arg1, arg2, arg3) {
        const ret = new URL(getStringFromWasm0(arg0, arg1), getStringFromWasm0(arg2, arg3));
        return ret;
      }, arguments);
    },
    __wbg_new_with_length_01b143a7e5dd5a3e: function(arg0) {
      const ret = new Uint8Array(arg0 >>> 0);
      return ret;
    },
    __wbg_next_af5ac6a08bb0a717: function() {
      return handleError(function(arg0) {
        const ret = arg0.next();
        return ret;
      }, arguments);
    },
    __wbg_now_463ac581d2fc7ea3: function() {
      const ret = Date.now();
      return ret;
    },
    __wbg_now_c979142808b10147: function() {
      const ret = performance.now();
      return ret;
    },
    __wbg_of_d5b2a825df1ea870: function(arg0, arg1) {
      const ret = Array.of(...getArrayJsValueViewFromWasm0(arg0, arg1));
      return ret;
    },
    __wbg_of_e7ea0fcd535c1444: function(arg0, arg1) {
      const ret = Array.of(arg0, arg1);
      return ret;
    },
    __wbg_priority_76dff44050e60c3b: function(arg0, arg1) {
      const ret = arg1.priority;
      var ptr1 = isLikeNone(ret) ? 0 : passStringToWasm0(ret, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
      var len1 = WASM_VECTOR_LEN;
      getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 1, len1, true);
      getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 0, ptr1, true);
    },
    __wbg_prototypesetcall_13162965d1fe7aa3: function(arg0, arg1, arg2) {
      Uint8Array.prototype.set.call(getArrayU8FromWasm0(arg0, arg1), arg2);
    },
    __wbg_push_17c15bdc60e06579: function() {
      return handleError(function(arg0, arg1, arg2, arg3) {
        const ret = arg1.push(getArrayU8FromWasm0(arg2, arg3));
        const ptr1 = passStringToWasm0(ret, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
        const len1 = WASM_VECTOR_LEN;
        getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 1, len1, true);
        getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 0, ptr1, true);
      }, arguments);
    },
    __wbg_push_c9f4893fc209f768: function(arg0, arg1) {
      const ret = arg0.push(arg1);
      return ret;
    },
    __wbg_queueMicrotask_1e8503a8a690f0a3: function(arg0) {
      const ret = arg0.queueMicrotask;
      return ret;
    },
    __wbg_queueMicrotask_4a1a4d8dd332373b: function(arg0) {
      queueMicrotask(arg0);
    },
    __wbg_raiseForStatus_16da72877d72fc89: function(arg0) {
      const ret = arg0.raiseForStatus;
      return isLikeNone(ret) ? 16777215 : ret ? 1 : 0;
    },
    __wbg_random_df36b90cd78a7d54: function() {
      const ret = Math.random();
      return ret;
    },
    __wbg_read_c201484e99684497: function() {
      return handleError(function(arg0) {
        const ret = arg0.read();
        return ret;
      }, arguments);
    },
    __wbg_reason_747566d3e43cf90a: function(arg0) {
      const ret = arg0.reason;
      return ret;
    },
    __wbg_referrerPolicy_c85e0e75e7eb1d6f: function(arg0, arg1) {
      const ret = arg1.referrerPolicy;
      var ptr1 = isLikeNone(ret) ? 0 : passStringToWasm0(ret, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
      var len1 = WASM_VECTOR_LEN;
      getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 1, len1, true);
      getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 0, ptr1, true);
    },
    __wbg_referrer_6a1c8c587c914844: function(arg0, arg1) {
      const ret = arg1.referrer;
      var ptr1 = isLikeNone(ret) ? 0 : passStringToWasm0(ret, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
      var len1 = WASM_VECTOR_LEN;
      getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 1, len1, true);
      getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 0, ptr1, true);
    },
    __wbg_reject_334b730b3c00849b: function(arg0) {
      const ret = Promise.reject(arg0);
      return ret;
    },
    __wbg_remove_6c5b6911fe2d9496: function(arg0, arg1) {
      arg0.remove(arg1);
    },
    __wbg_resolve_dbf78ab4942478b0: function(arg0) {
      const ret = Promise.resolve(arg0);
      return ret;
    },
    __wbg_responsehandle_new: function(arg0) {
      const ret = ResponseHandle.__wrap(arg0);
      return ret;
    },
    __wbg_restarted_04bc346a4da918d2: function() {
      return handleError(function(arg0) {
        const ret = arg0.restarted();
        return ret;
      }, arguments);
    },
    __wbg_retryAttempts_6f3965cc6896ab36: function(arg0) {
      const ret = arg0.retryAttempts;
      return isLikeNone(ret) ? Number.MAX_SAFE_INTEGER : ret >>> 0;
    },
    __wbg_retryBase_518fbb398eb15e3d: function(arg0, arg1) {
      const ret = arg1.retryBase;
      getDataViewMemory0().setFloat64((arg0 >>> 0) + 8 * 1, isLikeNone(ret) ? 0 : ret, true);
      getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 0, !isLikeNone(ret), true);
    },
    __wbg_retryCap_20cac60118cd3637: function(arg0, arg1) {
      const ret = arg1.retryCap;
      getDataViewMemory0().setFloat64((arg0 >>> 0) + 8 * 1, isLikeNone(ret) ? 0 : ret, true);
      getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 0, !isLikeNone(ret), true);
    },
    __wbg_setTimeout_deae028418026fda: function(arg0, arg1) {
      const ret = setTimeout(arg0, arg1);
      return ret;
    },
    __wbg_set_2793479888329cb6: function() {
      return handleError(function(arg0, arg1, arg2) {
        const ret = Reflect.set(arg0, arg1, arg2);
        return ret;
      }, arguments);
    },
    __wbg_set_body_877d5251e78ca815: function(arg0, arg1) {
      arg0.body = arg1;
    },
    __wbg_set_headers_6d75a7df4eb22716: function(arg0, arg1) {
      arg0.headers = arg1;
    },
    __wbg_set_method_639e69af35614d36: function(arg0, arg1, arg2) {
      arg0.method = getStringFromWasm0(arg1, arg2);
    },
    __wbg_set_redirect_a95a432ab7d10765: function(arg0, arg1) {
      arg0.redirect = __wbindgen_enum_RequestRedirect[arg1];
    },
    __wbg_set_signal_0b2eee78907e5ba7: function(arg0, arg1) {
      arg0.signal = arg1;
    },
    __wbg_signal_fac908876f45725d: function(arg0) {
      const ret = arg0.signal;
      return ret;
    },
    __wbg_source_bfd57e18d946dde5: function() {
      return handleError(function(arg0, arg1) {
        const ret = arg1.source();
        const ptr1 = passStringToWasm0(ret, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
        const len1 = WASM_VECTOR_LEN;
        getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 1, len1, true);
        getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 0, ptr1, true);
      }, arguments);
    },
    __wbg_static_accessor_GLOBAL_THIS_003ee833af9699fc: function() {
      const ret = typeof globalThis === "undefined" ? void 0 : globalThis;
      return isLikeNone(ret) ? 0 : addToExternrefTable0(ret);
    },
    __wbg_static_accessor_GLOBAL_e4293fb22cbe77da: function() {
      const ret = typeof global === "undefined" ? void 0 : global;
      return isLikeNone(ret) ? 0 : addToExternrefTable0(ret);
    },
    __wbg_static_accessor_SELF_53bb20457401453d: function() {
      const ret = typeof self === "undefined" ? void 0 : self;
      return isLikeNone(ret) ? 0 : addToExternrefTable0(ret);
    },
    __wbg_static_accessor_WINDOW_b5e0810bfecb7feb: function() {
      const ret = typeof window === "undefined" ? void 0 : window;
      return isLikeNone(ret) ? 0 : addToExternrefTable0(ret);
    },
    __wbg_status_4e257604706af746: function() {
      return handleError(function(arg0) {
        const ret = arg0.status;
        return ret;
      }, arguments);
    },
    __wbg_then_656f253a5dd7d8ea: function(arg0, arg1, arg2) {
      const ret = arg0.then(arg1, arg2);
      return ret;
    },
    __wbg_then_e3f7f2d365708be8: function(arg0, arg1) {
      const ret = arg0.then(arg1);
      return ret;
    },
    __wbg_timeoutConnect_8fa5e927e33177cd: function(arg0, arg1) {
      const ret = arg1.timeoutConnect;
      getDataViewMemory0().setFloat64((arg0 >>> 0) + 8 * 1, isLikeNone(ret) ? 0 : ret, true);
      getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 0, !isLikeNone(ret), true);
    },
    __wbg_timeoutHeaders_35555934f0bebe5e: function(arg0, arg1) {
      const ret = arg1.timeoutHeaders;
      getDataViewMemory0().setFloat64((arg0 >>> 0) + 8 * 1, isLikeNone(ret) ? 0 : ret, true);
      getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 0, !isLikeNone(ret), true);
    },
    __wbg_timeoutQueue_a731895ab00c145d: function(arg0, arg1) {
      const ret = arg1.timeoutQueue;
      getDataViewMemory0().setFloat64((arg0 >>> 0) + 8 * 1, isLikeNone(ret) ? 0 : ret, true);
      getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 0, !isLikeNone(ret), true);
    },
    __wbg_timeoutRead_550ec992dba189da: function(arg0, arg1) {
      const ret = arg1.timeoutRead;
      getDataViewMemory0().setFloat64((arg0 >>> 0) + 8 * 1, isLikeNone(ret) ? 0 : ret, true);
      getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 0, !isLikeNone(ret), true);
    },
    __wbg_timeoutTotal_0595a558502852ab: function(arg0, arg1) {
      const ret = arg1.timeoutTotal;
      getDataViewMemory0().setFloat64((arg0 >>> 0) + 8 * 1, isLikeNone(ret) ? 0 : ret, true);
      getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 0, !isLikeNone(ret), true);
    },
    __wbg_timeoutWall_5d5992dcfce86e91: function(arg0, arg1) {
      const ret = arg1.timeoutWall;
      getDataViewMemory0().setFloat64((arg0 >>> 0) + 8 * 1, isLikeNone(ret) ? 0 : ret, true);
      getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 0, !isLikeNone(ret), true);
    },
    __wbg_type_c92af6eb63244e1d: function() {
      return handleError(function(arg0) {
        const ret = arg0.type;
        return ret;
      }, arguments);
    },
    __wbg_url_61ccab792aa98300: function(arg0, arg1) {
      const ret = arg1.url;
      const ptr1 = passStringToWasm0(ret, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
      const len1 = WASM_VECTOR_LEN;
      getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 1, len1, true);
      getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 0, ptr1, true);
    },
    __wbg_url_8e50e6cf7bbf2a43: function() {
      return handleError(function(arg0) {
        const ret = arg0.url;
        return ret;
      }, arguments);
    },
    __wbg_value_a5bb4df7de545dc3: function(arg0) {
      const ret = arg0.value;
      return ret;
    },
    __wbg_value_e0f328965e184931: function(arg0) {
      const ret = arg0.value;
      return ret;
    },
    __wbindgen_generic_0000000000000001: function(arg0, arg1) {
      const ret = makeMutClosure(arg0, arg1, wasm_bindgen__convert__closures_____invoke__h7f12d6b81270c56d);
      return ret;
    },
    __wbindgen_generic_0000000000000002: function(arg0, arg1) {
      const ret = makeMutClosure(arg0, arg1, wasm_bindgen__convert__closures_____invoke__h72acda91a52c7895);
      return ret;
    },
    __wbindgen_generic_0000000000000003: function(arg0) {
      const ret = arg0;
      return ret;
    },
    __wbindgen_generic_0000000000000004: function(arg0, arg1) {
      const ret = getStringFromWasm0(arg0, arg1);
      return ret;
    },
    __wbindgen_init_externref_table: function() {
      const table = wasm.__wbindgen_externrefs;
      table.set(0, void 0);
      table.set(1024, void 0);
      table.set(1025, null);
      table.set(1026, true);
      table.set(1027, false);
    }
  };
  return {
    __proto__: null,
    "./dualfetch_bg.js": import0
  };
}
function wasm_bindgen__convert__closures_____invoke__h72acda91a52c7895(arg0, arg1) {
  wasm.wasm_bindgen__convert__closures_____invoke__h72acda91a52c7895(arg0, arg1);
}
function wasm_bindgen__convert__closures_____invoke__h7f12d6b81270c56d(arg0, arg1, arg2) {
  const ret = wasm.wasm_bindgen__convert__closures_____invoke__h7f12d6b81270c56d(arg0, arg1, arg2);
  if (ret[1]) {
    throw takeFromExternrefTable0(ret[0]);
  }
}
function wasm_bindgen__convert__closures_____invoke__h6549260529f4ac5e(arg0, arg1, arg2, arg3) {
  wasm.wasm_bindgen__convert__closures_____invoke__h6549260529f4ac5e(arg0, arg1, arg2, arg3);
}
var __wbindgen_enum_RequestRedirect = ["follow", "error", "manual"];
var ResponseHandleFinalization = typeof FinalizationRegistry === "undefined" ? { register: () => {
}, unregister: () => {
} } : new FinalizationRegistry((ptr) => wasm.__wbg_responsehandle_free(ptr, 1));
var RowsFinalization = typeof FinalizationRegistry === "undefined" ? { register: () => {
}, unregister: () => {
} } : new FinalizationRegistry((ptr) => wasm.__wbg_rows_free(ptr, 1));
var SessionHandleFinalization = typeof FinalizationRegistry === "undefined" ? { register: () => {
}, unregister: () => {
} } : new FinalizationRegistry((ptr) => wasm.__wbg_sessionhandle_free(ptr, 1));
function addToExternrefTable0(obj) {
  const idx = wasm.__externref_table_alloc();
  wasm.__wbindgen_externrefs.set(idx, obj);
  return idx;
}
var CLOSURE_DTORS = typeof FinalizationRegistry === "undefined" ? { register: () => {
}, unregister: () => {
} } : new FinalizationRegistry((state) => wasm.__wbindgen_destroy_closure(state.a, state.b));
function debugString(val) {
  switch (typeof val) {
    // primitive types
    case "number":
    case "boolean":
    case "undefined":
      return `${val}`;
    case "string":
      return JSON.stringify(val);
    case "bigint":
      return `${val}n`;
    case "symbol":
      return val.description !== void 0 ? `Symbol(${val.description})` : "Symbol";
    case "function":
      return typeof val.name === "string" && val.name !== "" ? `Function(${val.name})` : "Function";
    case "object": {
      if (val === null) {
        return "null";
      }
      if (Array.isArray(val)) {
        return "[" + Array.from(val, debugString).join(", ") + "]";
      }
      if (val instanceof Error) {
        return `${val.name}: ${val.message}
${val.stack}`;
      }
      const toStringOutput = toString.call(val);
      const className = /\[object ([^\]]+)\]/.exec(toStringOutput)?.[1];
      if (className === void 0) {
        return toStringOutput;
      }
      if (className === "Object") {
        try {
          return "Object(" + JSON.stringify(val) + ")";
        } catch (_) {
          return "Object";
        }
      }
      return className;
    }
  }
}
function getArrayJsValueViewFromWasm0(ptr, len) {
  ptr = ptr >>> 0;
  const mem = getDataViewMemory0();
  const result = [];
  for (let i = ptr; i < ptr + 4 * len; i += 4) {
    result.push(wasm.__wbindgen_externrefs.get(mem.getUint32(i, true)));
  }
  return result;
}
function getArrayU8FromWasm0(ptr, len) {
  ptr = ptr >>> 0;
  return getUint8ArrayMemory0().subarray(ptr / 1, ptr / 1 + len);
}
var cachedDataViewMemory0 = null;
function getDataViewMemory0() {
  if (cachedDataViewMemory0 === null || cachedDataViewMemory0.buffer.detached === true || cachedDataViewMemory0.buffer.detached === void 0 && cachedDataViewMemory0.buffer !== wasm.memory.buffer) {
    cachedDataViewMemory0 = new DataView(wasm.memory.buffer);
  }
  return cachedDataViewMemory0;
}
function getStringFromWasm0(ptr, len) {
  ptr = ptr >>> 0;
  return decodeText(getUint8ArrayMemory0().subarray(ptr, ptr + len));
}
var cachedUint8ArrayMemory0 = null;
function getUint8ArrayMemory0() {
  if (cachedUint8ArrayMemory0 === null || cachedUint8ArrayMemory0.byteLength === 0) {
    cachedUint8ArrayMemory0 = new Uint8Array(wasm.memory.buffer);
  }
  return cachedUint8ArrayMemory0;
}
function handleError(f, args) {
  try {
    return f.apply(this, args);
  } catch (e) {
    const idx = addToExternrefTable0(e);
    wasm.__wbindgen_exn_store(idx);
  }
}
function isLikeNone(x) {
  return x === void 0 || x === null;
}
function makeMutClosure(arg0, arg1, f) {
  const state = { a: arg0, b: arg1, cnt: 1 };
  const real = (...args) => {
    state.cnt++;
    const a = state.a;
    state.a = 0;
    try {
      return f(a, state.b, ...args);
    } finally {
      state.a = a;
      real._wbg_cb_unref();
    }
  };
  real._wbg_cb_unref = () => {
    if (--state.cnt === 0) {
      wasm.__wbindgen_destroy_closure(state.a, state.b);
      state.a = 0;
      CLOSURE_DTORS.unregister(state);
    }
  };
  CLOSURE_DTORS.register(real, state, state);
  return real;
}
function passArrayJsValueToWasm0(array, malloc) {
  const ptr = malloc(array.length * 4, 4) >>> 0;
  for (let i = 0; i < array.length; i++) {
    const add = addToExternrefTable0(array[i]);
    getDataViewMemory0().setUint32(ptr + 4 * i, add, true);
  }
  WASM_VECTOR_LEN = array.length;
  return ptr;
}
function passStringToWasm0(arg, malloc, realloc) {
  if (realloc === void 0) {
    const buf = cachedTextEncoder.encode(arg);
    const ptr2 = malloc(buf.length, 1) >>> 0;
    getUint8ArrayMemory0().subarray(ptr2, ptr2 + buf.length).set(buf);
    WASM_VECTOR_LEN = buf.length;
    return ptr2;
  }
  let len = arg.length;
  let ptr = malloc(len, 1) >>> 0;
  const mem = getUint8ArrayMemory0();
  let offset = 0;
  for (; offset < len; offset++) {
    const code = arg.charCodeAt(offset);
    if (code > 127) break;
    mem[ptr + offset] = code;
  }
  if (offset !== len) {
    if (offset !== 0) {
      arg = arg.slice(offset);
    }
    ptr = realloc(ptr, len, len = offset + arg.length * 3, 1) >>> 0;
    const view = getUint8ArrayMemory0().subarray(ptr + offset, ptr + len);
    const ret = cachedTextEncoder.encodeInto(arg, view);
    offset += ret.written;
    ptr = realloc(ptr, len, offset, 1) >>> 0;
  }
  WASM_VECTOR_LEN = offset;
  return ptr;
}
function takeFromExternrefTable0(idx) {
  const value = wasm.__wbindgen_externrefs.get(idx);
  wasm.__externref_table_dealloc(idx);
  return value;
}
var cachedTextDecoder = new TextDecoder("utf-8", { ignoreBOM: true });
cachedTextDecoder.decode();
var MAX_SAFARI_DECODE_BYTES = 2146435072;
var numBytesDecoded = 0;
function decodeText(bytes2) {
  numBytesDecoded += bytes2.length;
  if (numBytesDecoded >= MAX_SAFARI_DECODE_BYTES) {
    cachedTextDecoder = new TextDecoder("utf-8", { ignoreBOM: true });
    cachedTextDecoder.decode();
    numBytesDecoded = bytes2.length;
  }
  return cachedTextDecoder.decode(bytes2);
}
var cachedTextEncoder = new TextEncoder();
if (!("encodeInto" in cachedTextEncoder)) {
  cachedTextEncoder.encodeInto = function(arg, view) {
    const buf = cachedTextEncoder.encode(arg);
    view.set(buf);
    return {
      read: arg.length,
      written: buf.length
    };
  };
}
var WASM_VECTOR_LEN = 0;
var wasmModule;
var wasmInstance;
var wasm;
function __wbg_finalize_init(instance, module2) {
  wasmInstance = instance;
  wasm = instance.exports;
  wasmModule = module2;
  cachedDataViewMemory0 = null;
  cachedUint8ArrayMemory0 = null;
  wasm.__wbindgen_start();
  return wasm;
}
async function __wbg_load(module2, imports) {
  if (typeof Response === "function" && module2 instanceof Response) {
    if (!module2.ok) {
      throw new Error(`failed to fetch Wasm: ${module2.status} ${module2.statusText} fetching '${module2.url}'`);
    }
    if (typeof WebAssembly.instantiateStreaming === "function") {
      try {
        return await WebAssembly.instantiateStreaming(module2, imports);
      } catch (e) {
        const validResponse = expectedResponseType(module2.type);
        if (validResponse && module2.headers.get("Content-Type") !== "application/wasm") {
          console.warn("`WebAssembly.instantiateStreaming` failed because your server does not serve Wasm with `application/wasm` MIME type. Falling back to `WebAssembly.instantiate` which is slower. Original error:\n", e);
        } else {
          throw e;
        }
      }
    }
    const bytes2 = await module2.arrayBuffer();
    return await WebAssembly.instantiate(bytes2, imports);
  } else {
    const instance = await WebAssembly.instantiate(module2, imports);
    if (instance instanceof WebAssembly.Instance) {
      return { instance, module: module2 };
    } else {
      return instance;
    }
  }
  function expectedResponseType(type) {
    switch (type) {
      case "basic":
      case "cors":
      case "default":
        return true;
    }
    return false;
  }
}
function initSync(module2) {
  if (wasm !== void 0) return wasm;
  if (module2 !== void 0) {
    if (Object.getPrototypeOf(module2) === Object.prototype) {
      ({ module: module2 } = module2);
    } else {
      console.warn("using deprecated parameters for `initSync()`; pass a single object instead");
    }
  }
  const imports = __wbg_get_imports();
  if (!(module2 instanceof WebAssembly.Module)) {
    module2 = new WebAssembly.Module(module2);
  }
  const instance = new WebAssembly.Instance(module2, imports);
  return __wbg_finalize_init(instance, module2);
}
var __wbg_init_promise;
async function __wbg_init(module_or_path) {
  if (wasm !== void 0) return wasm;
  if (__wbg_init_promise === void 0) {
    __wbg_init_promise = __wbg_init_once(module_or_path);
    __wbg_init_promise.catch(() => {
      __wbg_init_promise = void 0;
    });
  }
  return __wbg_init_promise;
}
async function __wbg_init_once(module_or_path) {
  if (module_or_path !== void 0) {
    if (Object.getPrototypeOf(module_or_path) === Object.prototype) {
      ({ module_or_path } = module_or_path);
    } else {
      console.warn("using deprecated parameters for the initialization function; pass a single object instead");
    }
  }
  const imports = __wbg_get_imports();
  if (typeof module_or_path === "string" || typeof Request === "function" && module_or_path instanceof Request || typeof URL === "function" && module_or_path instanceof URL) {
    module_or_path = fetch(module_or_path);
  }
  const { instance, module: module2 } = await __wbg_load(await module_or_path, imports);
  return __wbg_finalize_init(instance, module2);
}

// pkg/src/binary/dualfetch.node.js
init_load();
var load = /* @__PURE__ */ loader(
  __wbg_init,
  dualfetch_exports,
  () => (0, import_promises.readFile)(new URL("../../wasm/dualfetch/dualfetch_bg.wasm", import_meta_url))
);

// pkg/src/session.js
init_failure();

// pkg/src/fetch.js
var PLATFORM = {
  cache: "default",
  credentials: "same-origin",
  integrity: "",
  keepalive: false,
  mode: "cors",
  referrer: "about:client",
  referrerPolicy: ""
};
function fetchOver(session) {
  return async function fetch2(input, init = {}) {
    const request = new Request(input, init);
    const options = { headers: [...request.headers], method: request.method };
    const signal2 = init?.signal ?? (input instanceof Request ? input.signal : void 0);
    if (signal2) options.signal = signal2;
    if (request.body !== null || init?.body != null) options.body = new Uint8Array(await request.arrayBuffer());
    for (const [name, unset] of Object.entries(PLATFORM)) {
      if (request[name] !== void 0 && request[name] !== unset) options[name] = request[name];
    }
    if (init?.priority !== void 0) options.priority = init.priority;
    if (request.redirect !== "follow") options.followRedirects = false;
    const response = await session.request(request.url, options);
    if (request.redirect === "error" && response.status >= 300 && response.status < 400 && response.headers.has("location")) {
      response.cancel();
      throw new TypeError('fetch failed: a redirect, and the mode is "error"');
    }
    return platformResponse(response);
  };
}
function platformResponse(response) {
  const { status, headers: headers2 } = response;
  const made = new Response(response.body, { status, headers: headers2 });
  for (const name of ["url", "redirected"]) {
    Object.defineProperty(made, name, { value: response[name], configurable: true, enumerable: true });
  }
  return made;
}

// pkg/src/options.js
init_failure();
var invalid = (name, why) => error("invalid_option", `invalid option ${name}: ${why}`, { detail: name });
var flag = (value, name, out) => {
  if (typeof value !== "boolean") throw invalid(name, `true or false, not ${shown(value)}`);
  out[name] = value;
};
var text = (value, name, out) => {
  if (typeof value !== "string") throw invalid(name, `a string, not ${shown(value)}`);
  out[name] = value;
};
var callable = (value, name, out) => {
  if (typeof value !== "function") throw invalid(name, `a function, not ${shown(value)}`);
  out[name] = value;
};
var word = (...words) => (value, name, out) => {
  if (!words.includes(value)) throw invalid(name, `one of ${words.join(", ")}, not ${shown(value)}`);
  out[name] = value;
};
var integer = (value, name, most) => {
  if (!Number.isSafeInteger(value) || value < 0 || value > most) {
    throw invalid(name, `a whole number from 0 to ${most}, not ${shown(value)}`);
  }
  return value;
};
var LARGEST = 2 ** 32 - 1;
var count = (value, name, out) => {
  out[name] = integer(value, name, LARGEST);
};
var limit = (value, name, out) => {
  out[name] = value === Infinity || value === null ? 0 : integer(value, name, LARGEST);
};
var bytes = (value, name, out) => {
  out[name] = integer(value, name, Number.MAX_SAFE_INTEGER);
};
var bytesOrNone = (value, name, out) => {
  out[name] = value === Infinity || value === null ? Infinity : integer(value, name, Number.MAX_SAFE_INTEGER);
};
var milliseconds = (value, name) => {
  if (value === null || value === Infinity) return Infinity;
  if (typeof value !== "number" || !(value > 0) || value > Number.MAX_SAFE_INTEGER) {
    throw invalid(name, `milliseconds, more than 0, or null for no bound, not ${shown(value)}`);
  }
  return value;
};
var phase = (field) => (value, name, out) => {
  out[field] = milliseconds(value, name);
};
var PHASES = {
  connect: phase("timeoutConnect"),
  headers: phase("timeoutHeaders"),
  queue: phase("timeoutQueue"),
  read: phase("timeoutRead"),
  total: phase("timeoutTotal"),
  wall: phase("timeoutWall")
};
var timeout = (value, name, out) => {
  if (typeof value === "object" && value !== null) read(PHASES, value, out, `${name}.`);
  else out.timeoutTotal = milliseconds(value, name);
};
var RETRY = {
  attempts: (value, name, out) => {
    out.retryAttempts = integer(value, name, LARGEST);
  },
  backoff: phase("retryBase"),
  maxBackoff: phase("retryCap")
};
var retry = (value, name, out) => {
  if (value === false || value === null) out.retryAttempts = 1;
  else if (typeof value === "number") out.retryAttempts = integer(value, name, LARGEST);
  else {
    Object.assign(out, { retryAttempts: 3, retryBase: 500, retryCap: 3e4 });
    if (value !== true) read(RETRY, value, out, `${name}.`);
  }
};
var headers = (value, name, out) => {
  if (typeof value !== "object" || value === null) throw invalid(name, `header fields, not ${shown(value)}`);
  const pairs = typeof value[Symbol.iterator] === "function" ? value : Object.entries(value);
  const flat = [];
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2) throw invalid(name, "each field is a name and a value");
    const [field, content] = pair;
    if (content === void 0) continue;
    if (typeof field !== "string" || !["string", "number", "boolean"].includes(typeof content)) {
      throw invalid(`${name}.${String(field)}`, `a string, not ${shown(content)}`);
    }
    flat.push(field, String(content));
  }
  out[name] = flat;
};
var signal = (value, name, out) => {
  if (value === null) return;
  const looksRight = typeof value === "object" && typeof value.aborted === "boolean";
  if (!looksRight || typeof value.addEventListener !== "function") {
    throw invalid(name, `an AbortSignal, not ${shown(value)}`);
  }
  out[name] = value;
};
var params = (value, name, out) => {
  try {
    out[name] = new URLSearchParams(value instanceof Object ? defined(value) : value);
  } catch (cause) {
    throw invalid(name, `a string, an object or pairs (${cause?.message})`);
  }
};
var json = (value, name, out) => {
  let written2;
  try {
    written2 = JSON.stringify(value);
  } catch (cause) {
    throw invalid(name, `it cannot be written as JSON (${cause?.message})`);
  }
  if (written2 === void 0) throw invalid(name, `it cannot be written as JSON, being ${shown(value)}`);
  out[name] = written2;
};
var SHARED = {
  cache: word("default", "force-cache", "no-cache", "no-store", "only-if-cached", "reload"),
  credentials: word("include", "omit", "same-origin"),
  followRedirects: flag,
  headers,
  integrity: text,
  keepalive: flag,
  maxBody: bytesOrNone,
  maxRedirects: count,
  mode: word("cors", "no-cors", "same-origin"),
  priority: word("auto", "high", "low"),
  raiseForStatus: flag,
  referrer: text,
  referrerPolicy: word(
    "no-referrer",
    "no-referrer-when-downgrade",
    "origin",
    "origin-when-cross-origin",
    "same-origin",
    "strict-origin",
    "strict-origin-when-cross-origin",
    "unsafe-url"
  ),
  retry,
  timeout
};
var PER_REQUEST = { ...SHARED, params };
var WITH_BODY = { ...PER_REQUEST, body: (value, name, out) => out[name] = value, json };
var SESSION = { ...SHARED, fetch: callable, limit, limitPerHost: limit };
var REQUEST = { ...WITH_BODY, method: text, signal };
var TITLE = { ...PER_REQUEST, drain: bytes, maxBytes: bytes, signal };
var BATCH = { onProgress: callable, ordered: flag, signal, window: count };
var TITLES = { ...TITLE, ...BATCH };
var FETCH_ALL = { ...WITH_BODY, method: text, ...BATCH };
var FETCH_ALL_ITEM = { ...WITH_BODY, method: text };
var JSON_READER = { checkContentType: flag };
function read(table, options, out = {}, within = "") {
  if (options === void 0 || options === null && within === "") return out;
  if (typeof options !== "object" || options === null) {
    throw invalid(within.slice(0, -1) || "options", `an object, not ${shown(options)}`);
  }
  for (const key of Object.keys(options)) {
    if (!Object.hasOwn(table, key)) throw invalid(within + key, `there is only ${Object.keys(table).sort().join(", ")}`);
    const value = options[key];
    if (value === void 0) continue;
    if (within === "") table[key](value, key, out);
    else table[key](value, within + key, out);
  }
  return out;
}
function defined(value) {
  if (typeof value[Symbol.iterator] === "function") return value;
  return Object.fromEntries(Object.entries(value).filter(([, content]) => content !== void 0 && content !== null));
}
function shown(value) {
  if (typeof value === "string") return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}\u2026` : value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  return Array.isArray(value) ? "an array" : "an object";
}

// pkg/src/relay.js
var relays = /* @__PURE__ */ new WeakMap();
var Relay = class _Relay {
  #signal;
  #calls = /* @__PURE__ */ new Set();
  #pass = () => {
    const calls = [...this.#calls];
    this.#calls.clear();
    for (const call of calls) call();
  };
  /** The relay of this signal. */
  static of(signal2) {
    if (signal2 === void 0) return void 0;
    let relay = relays.get(signal2);
    if (relay === void 0) relays.set(signal2, relay = new _Relay(signal2));
    return relay;
  }
  /** @param {{aborted: boolean, reason: unknown}} [signal] left out, `end` is what fires it */
  constructor(signal2) {
    this.#signal = signal2 ?? { aborted: false, reason: void 0 };
  }
  get aborted() {
    return this.#signal.aborted;
  }
  get reason() {
    return this.#signal.reason;
  }
  throwIfAborted() {
    if (this.aborted) throw this.reason;
  }
  add(call) {
    if (this.#calls.size === 0) this.#signal.addEventListener?.("abort", this.#pass);
    this.#calls.add(call);
  }
  remove(call) {
    if (this.#calls.delete(call) && this.#calls.size === 0) {
      this.#signal.removeEventListener?.("abort", this.#pass);
    }
  }
  /** For a relay of its own signal alone. */
  end(reason) {
    if (this.aborted) return;
    this.#signal = { aborted: true, reason };
    this.#pass();
  }
};

// pkg/src/request.js
init_failure();
async function asked(url, options, method) {
  const { params: params2, body, json: json2, signal: _, ...request } = options;
  request.url = withParams(resolved(href(url)), params2);
  request.method = (method ?? options.method ?? "GET").toUpperCase();
  const [content, type] = json2 === void 0 ? await bodyOf(body) : [json2, "application/json"];
  if (content === void 0) return request;
  if (json2 !== void 0 && body !== void 0) {
    throw error("invalid_option", "invalid option json: body is set, too; set one of the two", { detail: "json" });
  }
  if (request.method === "GET" || request.method === "HEAD") {
    const name = json2 === void 0 ? "body" : "json";
    throw error("invalid_option", `invalid option ${name}: a ${request.method} request has no body`, { detail: name });
  }
  request.body = content;
  if (type) request.headers = withType(request.headers ?? [], type);
  return request;
}
function href(url) {
  if (typeof url === "string") return url;
  if (typeof url === "object" && url !== null && typeof url.href === "string") return url.href;
  throw error("invalid_url", `invalid URL: a string or URL, not ${shown(url)}`);
}
function resolved(url) {
  const base = globalThis.document?.baseURI ?? globalThis.location?.href;
  if (base === void 0) return url;
  try {
    return new URL(url, base).href;
  } catch {
    return url;
  }
}
function withParams(url, params2) {
  const query = params2?.toString();
  if (!query) return url;
  const [, before, fragment] = /^([^#]*)(.*)$/s.exec(url);
  const joint = !before.includes("?") ? "?" : /[?&]$/.test(before) ? "" : "&";
  return before + joint + query + fragment;
}
async function bodyOf(body) {
  if (body === void 0 || body === null) return [];
  if (typeof body === "string") return [body, "text/plain;charset=UTF-8"];
  if (body instanceof Uint8Array) return [body];
  if (ArrayBuffer.isView(body)) return [new Uint8Array(body.buffer, body.byteOffset, body.byteLength)];
  let read2;
  try {
    if (typeof body !== "object") throw new TypeError(`it is ${shown(body)}`);
    if (Object.getPrototypeOf(body) === Object.prototype) throw new TypeError("a plain object: use json");
    read2 = new Response(body);
    return [new Uint8Array(await read2.arrayBuffer()), read2.headers.get("content-type")];
  } catch (cause) {
    const message = `invalid option body: it cannot be sent (${cause?.message ?? shown(cause)})`;
    throw error("invalid_option", message, { detail: "body", cause });
  }
}
function withType(headers2, type) {
  const has = headers2.some((name, at) => at % 2 === 0 && name.toLowerCase() === "content-type");
  return has ? headers2 : [...headers2, "content-type", type];
}

// pkg/src/response.js
init_failure();
var NO_BODY = [101, 103, 204, 205, 304];
var SessionResponse = class {
  #handle;
  #asked;
  #fields;
  #hops;
  #headers;
  #history;
  #stream;
  #used = false;
  #encoding = null;
  #encodingSource = null;
  /** Made by a session. */
  constructor(handle, asked2) {
    this.#handle = handle;
    this.#asked = asked2;
    [this.status, this.url, this.attempts, this.elapsed, this.#fields, this.#hops] = handle.head;
  }
  /** Whether the status is from 200 to 299, as `fetch` has it. (In Rust `ok` means less than 400.) */
  get ok() {
    return this.status >= 200 && this.status <= 299;
  }
  /** Whether another URL answered than the one that was asked. */
  get redirected() {
    return this.#hops.length > 0 || withoutFragment(this.#asked) !== withoutFragment(this.url);
  }
  get headers() {
    if (this.#headers === void 0) {
      this.#headers = new Headers();
      for (let i = 0; i + 1 < this.#fields.length; i += 2) {
        try {
          this.#headers.append(this.#fields[i], this.#fields[i + 1]);
        } catch {
        }
      }
    }
    return this.#headers;
  }
  /** The redirects followed on the way, the first one first. Empty in a page, which follows them unseen. */
  get history() {
    return this.#history ??= hops(this.#hops);
  }
  /** The encoding that `text` found, by its WHATWG name; null before. */
  get encoding() {
    return this.#encoding;
  }
  /** Which rule decided on the encoding; null before `text`. */
  get encodingSource() {
    return this.#encodingSource;
  }
  get bodyUsed() {
    return this.#used;
  }
  /** The body as a stream; null where there can be none. */
  get body() {
    if (NO_BODY.includes(this.status)) return null;
    return this.#stream ??= this.#open();
  }
  /** The whole body as text, by the encoding it is in. */
  async text() {
    const [text2, encoding, source] = await this.#read(() => this.#handle.text());
    this.#encoding = encoding;
    this.#encodingSource = source;
    return text2;
  }
  /** The whole body as bytes. */
  async bytes() {
    return this.#read(() => this.#handle.bytes());
  }
  async arrayBuffer() {
    return (await this.bytes()).buffer;
  }
  async blob() {
    return new Blob([await this.bytes()], { type: this.headers.get("content-type") ?? "" });
  }
  /** The whole body read as JSON, which is UTF-8 (RFC 8259). */
  async json(options) {
    const { checkContentType = true } = read(JSON_READER, options);
    const type = this.headers.get("content-type") ?? "";
    const bytes2 = await this.bytes();
    if (checkContentType && !isJson(type)) {
      throw error("content_type", `unexpected content type: ${JSON.stringify(type)} is not JSON; ${start(bytes2)}`, this);
    }
    try {
      return JSON.parse(new TextDecoder().decode(bytes2));
    } catch (cause) {
      const details = { url: this.url, attempts: this.attempts, cause };
      throw error("json", `invalid JSON: ${cause.message}; ${start(bytes2)}`, details);
    }
  }
  /** Ends the transfer and gives the permit back. */
  cancel() {
    this.#used = true;
    this.#handle.cancel();
  }
  async #read(reader) {
    if (this.#used || this.#stream?.locked) {
      throw error("body_used", "the body has been read already", { url: this.url, attempts: this.attempts });
    }
    this.#used = true;
    return reader();
  }
  #open() {
    const begun = this.#used;
    const source = {
      pull: async (controller) => {
        if (begun) throw error("body_used", "the body has been read already", { url: this.url });
        this.#used = true;
        const piece = await this.#handle.chunk();
        if (piece === void 0) controller.close();
        else controller.enqueue(piece);
      },
      cancel: () => this.cancel()
    };
    return new ReadableStream(source, { highWaterMark: 0 });
  }
};
function withoutFragment(url) {
  try {
    const parsed = new URL(url);
    parsed.hash = "";
    return parsed.href;
  } catch {
    return url;
  }
}
function isJson(type) {
  const essence = type.split(";")[0].trim().toLowerCase();
  return essence === "application/json" || essence.endsWith("+json");
}
function start(bytes2) {
  return `the body starts ${JSON.stringify(new TextDecoder().decode(bytes2.subarray(0, 80)))}`;
}

// pkg/src/rows.js
var Rows2 = class {
  #open;
  #input;
  #row;
  #onProgress;
  #rows;
  #ended = false;
  #started;
  #done = 0;
  #failed = 0;
  /**
   * @param {(pull: () => Promise<object | undefined>) => Promise<object>} open the wasm side's rows
   * @param {Iterable | AsyncIterable} input
   * @param {(item: unknown) => object | Promise<object>} ask an item as a request
   * @param {(told: Array) => object} row what the wasm side tells, as a row
   * @param {((progress: object) => void) | undefined} onProgress
   */
  constructor(open, input, ask, row, onProgress) {
    const source = new Input(input, ask);
    this.#input = source;
    this.#open = () => open(() => source.pull());
    this.#row = row;
    this.#onProgress = onProgress;
  }
  [Symbol.asyncIterator]() {
    return this;
  }
  async next() {
    if (this.#ended) return { done: true, value: void 0 };
    try {
      this.#started ??= Date.now();
      const rows = await (this.#rows ??= this.#open());
      const told2 = this.#ended ? void 0 : await rows.next();
      if (told2 === void 0) {
        await this.return();
        return { done: true, value: void 0 };
      }
      const value = this.#row(told2);
      this.#progress(value);
      return { done: false, value };
    } catch (reason) {
      await this.return().catch(() => {
      });
      throw reason;
    }
  }
  async return(value) {
    if (!this.#ended) {
      this.#ended = true;
      const opening = this.#rows;
      this.#rows = void 0;
      try {
        (await opening)?.stop();
      } catch {
      }
      await this.#input.close();
    }
    return { done: true, value };
  }
  #progress(row) {
    this.#done += 1;
    if (row.error !== null) this.#failed += 1;
    this.#onProgress?.({ done: this.#done, failed: this.#failed, elapsed: Date.now() - this.#started });
  }
};
var Input = class {
  #iterable;
  #ask;
  #iterator;
  #ended = false;
  constructor(iterable2, ask) {
    this.#iterable = iterable2;
    this.#ask = ask;
  }
  async pull() {
    if (this.#ended) return void 0;
    try {
      this.#iterator ??= iterate(this.#iterable);
      const { done, value } = await this.#iterator.next();
      if (!done) return await this.#ask(await value);
      this.#ended = true;
      return void 0;
    } catch (reason) {
      this.#ended = true;
      throw reason;
    }
  }
  async close() {
    if (this.#ended) return;
    this.#ended = true;
    await this.#iterator?.return?.();
  }
};
function iterate(iterable2) {
  return iterable2[Symbol.asyncIterator]?.() ?? iterable2[Symbol.iterator]();
}

// pkg/src/session.js
var BaseSession = class {
  #settings;
  #load;
  #loadCharset;
  #opening;
  #handle;
  #closing = new Relay();
  constructor(options, load3, loadCharset2) {
    this.#settings = read(SESSION, options);
    this.#load = load3;
    this.#loadCharset = loadCharset2;
    this.fetch = fetchOver(this);
  }
  get(url, options) {
    return this.#send("GET", url, options);
  }
  head(url, options) {
    return this.#send("HEAD", url, options);
  }
  options(url, options) {
    return this.#send("OPTIONS", url, options);
  }
  post(url, options) {
    return this.#send("POST", url, options);
  }
  put(url, options) {
    return this.#send("PUT", url, options);
  }
  patch(url, options) {
    return this.#send("PATCH", url, options);
  }
  delete(url, options) {
    return this.#send("DELETE", url, options);
  }
  request(url, options) {
    return this.#send(void 0, url, options);
  }
  /** A page as far as its title needs. */
  async title(url, options) {
    const { signal: signal2, maxBytes, drain, ...rest } = read(TITLE, options);
    const relay = this.#begin(signal2);
    const request = await asked(url, rest);
    const handle = await this.#open();
    needTitles(handle);
    const { index: _, error: __, ...page } = titleRow(await handle.title(request, maxBytes, drain, relay));
    return page;
  }
  /** The titles of many pages, each as soon as it is there. */
  titles(urls, options) {
    const { signal: signal2, maxBytes, drain, ordered, window: window2, onProgress, ...rest } = read(TITLES, options);
    iterable(urls, "urls");
    const open = async (pull) => {
      const relay = this.#begin(signal2);
      const handle = await this.#open();
      needTitles(handle);
      return handle.titles(pull, ordered ?? false, window2, maxBytes, drain, relay);
    };
    const ask = async (url) => ({ ...await told(url, () => asked(href(url), rest)), given: written(url) });
    return new Rows2(open, urls, ask, titleRow, onProgress);
  }
  /** The responses to many requests, each as soon as its head is there. */
  fetchAll(requests, options) {
    const { signal: signal2, ordered, window: window2, onProgress, ...rest } = read(FETCH_ALL, options);
    iterable(requests, "requests");
    const open = async (pull) => {
      const relay = this.#begin(signal2);
      return (await this.#open()).fetchAll(pull, ordered ?? false, window2, relay);
    };
    const ask = (item) => {
      const plain = typeof item === "object" && item !== null && !(item instanceof URL);
      const { url, ...own } = plain ? item : { url: item };
      return told(url, () => asked(url, { ...rest, ...read(FETCH_ALL_ITEM, own) }));
    };
    return new Rows2(open, requests, ask, fetchRow, onProgress);
  }
  /** What is under way and what waits, now. */
  figures() {
    const [inFlight, waiting, ...flat] = this.#handle?.figures() ?? [0, 0];
    const hosts = [];
    for (let i = 0; i + 2 < flat.length; i += 3) {
      hosts.push({ origin: flat[i], inFlight: flat[i + 1], waiting: flat[i + 2] });
    }
    return { inFlight, waiting, hosts };
  }
  /** Ends every request under way, unread bodies among them. Each rejects with a `ClosedError`, as later ones do. */
  close() {
    this.#closing.end(error("closed", "the session is closed"));
    this.#handle?.free();
    this.#handle = void 0;
  }
  [Symbol.dispose ?? /* @__PURE__ */ Symbol.for("Symbol.dispose")]() {
    this.close();
  }
  async #send(method, url, options) {
    const { signal: signal2, ...rest } = read(REQUEST, options);
    const relay = this.#begin(signal2);
    const request = await asked(url, rest, method);
    const handle = await this.#open();
    return new SessionResponse(await handle.send(request, relay), request.url);
  }
  /** The signal to listen to, once it is known that neither it nor the session has ended. */
  #begin(signal2) {
    const relay = Relay.of(signal2);
    relay?.throwIfAborted();
    this.#closing.throwIfAborted();
    return relay;
  }
  async #open() {
    this.#opening ??= this.#load().then((glue) => {
      this.#closing.throwIfAborted();
      return this.#handle = new glue.SessionHandle(this.#settings, this.#closing, this.#loadCharset);
    });
    try {
      await this.#opening;
    } catch (reason) {
      this.#opening = void 0;
      throw reason;
    }
    this.#closing.throwIfAborted();
    return this.#handle;
  }
};
function needTitles(handle) {
  if (handle.titles !== void 0) return;
  const message = "titles are not supported here (this build): import from dualfetch, not from dualfetch/core";
  throw error("unsupported", message, { detail: "titles" });
}
async function told(url, request) {
  try {
    return await request();
  } catch (reason) {
    return { url: written(url), error: reason };
  }
}
function written(url) {
  return typeof url === "string" ? url : typeof url?.href === "string" ? url.href : shown(url);
}
function iterable(value, name) {
  if (typeof value === "string" || !(value?.[Symbol.iterator] ?? value?.[Symbol.asyncIterator])) {
    throw error("invalid_option", `invalid option ${name}: an iterable, not ${shown(value)}`, { detail: name });
  }
}
function titleRow([index, url, elapsed, failure, finalUrl, status, title, titleSource, encoding, encodingSource, bytes2, attempts, redirects]) {
  return {
    index,
    url,
    finalUrl: finalUrl ?? null,
    status: status ?? failure?.status ?? null,
    title: title ?? null,
    titleSource: titleSource ?? null,
    encoding: encoding ?? null,
    encodingSource: encodingSource ?? null,
    bytes: bytes2 ?? null,
    elapsed,
    attempts: attempts ?? failure?.attempts ?? 0,
    redirects: redirects ?? failure?.history?.length ?? 0,
    error: failure ?? null
  };
}
function fetchRow([index, url, elapsed, failure, handle]) {
  const response = handle === void 0 ? null : new SessionResponse(handle, url);
  return { index, url, elapsed, response, error: failure ?? null };
}

// pkg/src/index.node.js
init_errors();
var loadCharset = async (source) => (await Promise.resolve().then(() => (init_charset_node(), charset_node_exports))).load(source);
var Session = class extends BaseSession {
  constructor(options) {
    super(options, load, loadCharset);
  }
};
// Annotate the CommonJS export names for ESM import in node:
0 && (module.exports = {
  BodyError,
  ClosedError,
  DualfetchError,
  InputError,
  NetworkError,
  RedirectError,
  Session,
  SessionResponse,
  StatusError,
  TimeoutError,
  UnsupportedError,
  isBodyError,
  isClosedError,
  isDualfetchError,
  isInputError,
  isNetworkError,
  isRedirectError,
  isStatusError,
  isTimeoutError,
  isUnsupportedError,
  load,
  loadCharset
});
