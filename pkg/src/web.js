/**
 * The wasm file beside the script, compiled while it comes; else the copy that is a script itself. A bundler may have
 * copied no file, and a development server may answer with a page.
 *
 * @param {() => URL} url where the file is, if the bundler took it along
 * @param {() => Promise<{default: string}>} inline the copy, in base64
 */
export async function fromWeb(url, inline) {
  return (await fetched(url).catch(() => undefined)) ?? decoded((await inline()).default);
}

async function fetched(url) {
  const response = await fetch(url());
  if (!response.ok) return undefined;
  const type = response.headers.get("content-type") ?? "";
  if (type.startsWith("application/wasm") && WebAssembly.compileStreaming) {
    return WebAssembly.compileStreaming(response);
  }
  const bytes = new Uint8Array(await response.arrayBuffer());
  const isWasm = [0, 0x61, 0x73, 0x6d].every((byte, at) => bytes[at] === byte);
  return isWasm ? WebAssembly.compile(bytes) : undefined;
}

function decoded(base64) {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
