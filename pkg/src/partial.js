/** What stands beside a part of a file, as the Rust side has it: each goes on with what the other has left. */

import { Sha256 } from "./sha256.js";

/** What stands beside a part is not longer than this. */
export const MOST_STATE = 1024 * 1024;

/** Parameters of a query that sign it, which are others each time. */
const SIGNING = /^x-(amz|goog)-/i;

/** The URL that tells one file from another: without what is for one request only. */
export function placeOf(text) {
  const url = new URL(text);
  [url.hash, url.username, url.password] = ["", "", ""];
  url.search = url.search.slice(1).split("&").filter((pair) => !SIGNING.test(pair)).join("&");
  return url.href;
}

/** What a place comes to. It is not written down itself: it may hold secrets. */
export function fingerprint(url) {
  const hash = new Sha256();
  hash.update(new TextEncoder().encode(placeOf(url)));
  return hash.hex().slice(0, 32);
}

/**
 * What stands beside a part that is written from its start.
 *
 * @param {{ from: string, version: string, total: number | null }} known
 */
export function write({ from, version, total }) {
  const kind = version.startsWith('"') ? "tag" : "date";
  return `dualfetch part 1\nfrom ${from}\n${kind} ${version}\n${total === null ? "" : `total ${total}\n`}`;
}

/** What is known of a part; `done` are its pieces, of one that is not written from its start only. Null for anything else. */
export function read(text) {
  const lines = /^dualfetch part 1\nfrom ([0-9a-f]{32})\n(?:tag|date) ([^\n]+)\n(?:total (\d+)\n)?(?:done ([^\n]*)\n)?$/.exec(text);
  if (lines === null) return null;
  const [, from, version, length, spans] = lines;
  const total = length === undefined ? null : Number(length);
  const done = spans === undefined ? null : pieces(spans);
  return done === undefined ? null : { from, version, total, done };
}

function pieces(text) {
  const found = text.split(/[ \t]+/).filter((span) => span !== "").map((span) => /^(\d+)-(\d+)$/.exec(span));
  return found.includes(null) ? undefined : found.map(([, from, to]) => [Number(from), Number(to)]);
}

/** How much of the file is there from its start on, of a part of this length. */
export function start({ done, total }, length) {
  const at = done === null ? length : (done.find(([from]) => from === 0)?.[1] ?? 0);
  return at > length || (total !== null && at > total) ? 0 : at;
}

/** The name of a file beside; the longest of common file systems has 255 bytes. */
export function nameBeside(name, ending) {
  const bytes = new TextEncoder().encode(name);
  return bytes.length + ending.length > 255 ? `.${short(bytes)}${ending}` : name + ending;
}

/** FNV-1a. */
function short(bytes) {
  const hash = bytes.reduce((hash, byte) => BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n), 0xcbf29ce484222325n);
  return hash.toString(16).padStart(16, "0");
}
