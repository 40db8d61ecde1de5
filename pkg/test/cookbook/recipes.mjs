// docs/cookbook.md's programs: those of one heading that are run in the same way, and what they print.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

const page = new URL("../../../docs/cookbook.md", import.meta.url);
const block = /^```(\w+)(?: (\w+))?\n(.*?)^```$/gms;

/**
 * @param {"node" | "page" | "vite"} place where the programs run
 * @returns {Promise<{title: string, files: Record<string, string>, prints: string}[]>} files are by the name that their first
 *   line has in a comment; one without is `main.js` or `index.html`
 */
export async function recipes(place) {
  const found = [];
  for (const section of (await readFile(page, "utf8")).split(/^### /m).slice(1)) {
    const files = {};
    let prints = "";
    for (const [, language, where, text] of section.matchAll(block)) {
      if (where === place) files[/^\/\/ (\S+\.js)\n/.exec(text)?.[1] ?? (language === "html" ? "index.html" : "main.js")] = text;
      if (language === "text") prints = text;
    }
    if (Object.keys(files).length > 0) found.push({ title: section.slice(0, section.indexOf("\n")), files, prints });
  }
  assert.ok(found.length > 0, `docs/cookbook.md has no program for ${place}`);
  return found;
}
