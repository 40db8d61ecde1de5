// docs/cookbook.md's programs: those of one heading that are run in the same way, and what they print.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

const page = new URL("../../../docs/cookbook.md", import.meta.url);
const block = /^```(\w+)(?: (\w+))?\n(.*?)^```$/gms;

/**
 * @param {"node" | "page" | "vite"} place where the programs run
 * @returns {Promise<{title: string, files: Record<string, string>, prints: string, isOrdered: boolean}[]>} files are by the
 *   name that their first line has in a comment; one without is `main.js` or `index.html`. Lines that come in any order are
 *   marked as `text unordered`.
 */
export async function recipes(place) {
  const found = recipesOf(await readFile(page, "utf8"), place);
  assert.ok(found.length > 0, `docs/cookbook.md has no program for ${place}`);
  return found;
}

/** Those of this page. */
export function recipesOf(text, place) {
  const found = [];
  for (const section of text.split(/^### /m).slice(1)) {
    const title = section.slice(0, section.indexOf("\n"));
    const files = {};
    const printed = [];
    for (const [, language, where, text] of section.matchAll(block)) {
      if (language === "text") printed.push([text, where !== "unordered"]);
      if (where !== place) continue;
      const name = /^\/\/ (\S+\.js)\n/.exec(text)?.[1] ?? (language === "html" ? "index.html" : "main.js");
      assert.ok(!Object.hasOwn(files, name), `${title}: there are two programs ${name}`);
      files[name] = text;
    }
    if (Object.keys(files).length === 0) continue;
    assert.ok(printed.length <= 1, `${title}: there are ${printed.length} texts of what it prints`);
    const [prints, isOrdered] = printed[0] ?? ["", true];
    found.push({ title, files, prints, isOrdered });
  }
  return found;
}

/** Lines as they are compared. */
export function ordered(lines, { isOrdered }) {
  return isOrdered ? lines : lines.toSorted();
}
