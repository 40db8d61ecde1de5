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
  const place = url();
  // A page may not read files, and Deno asks for the right to: none is needed to import.
  if (place.protocol === "file:") return undefined;
  const response = await fetch(place);
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
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  // Much faster than `Uint8Array.from` with a function, which takes some 60 ms for the larger file.
  for (let at = 0; at < bytes.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}
