// docs/cookbook.md's programs for Node. Those for pages run in scripts/npm/cookbook.test.mjs.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { openKitchen } from "./cookbook/kitchen.mjs";
import { ordered, recipes, recipesOf } from "./cookbook/recipes.mjs";

const run = promisify(execFile);

let kitchen, folder;
before(async () => {
  kitchen = await openKitchen();
  folder = await mkdtemp(join(tmpdir(), "dualfetch-cookbook-"));
  await mkdir(join(folder, "node_modules"));
  await symlink(fileURLToPath(new URL("..", import.meta.url)), join(folder, "node_modules", "dualfetch"), "dir");
  await writeFile(join(folder, "package.json"), '{"type":"module"}');
  await writeFile(join(folder, "pear.jpg"), "not really a picture");
});
after(async () => {
  await kitchen?.close();
  await rm(folder, { recursive: true, force: true });
});

for (const { title, files, ...said } of await recipes("node")) {
  test(title, async () => {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    const atHome = new URL("cookbook/at-home.mjs", import.meta.url).href;
    const env = { ...process.env, KITCHEN: kitchen.url, KITCHEN_SOCKETS: kitchen.sockets };
    const { stdout } = await run(process.execPath, ["--import", atHome, "main.js"], { cwd: folder, env, timeout: 60_000 });
    assert.deepEqual(ordered(stdout.split("\n"), said), ordered(said.prints.split("\n"), said));
  });
}

test("no program of a section, and nothing that it prints, stands unread behind another one", () => {
  const fence = (info, text) => `\`\`\`${info}\n${text}\n\`\`\`\n`;
  const [program, print] = [fence("js node", "1;"), fence("text", "1\n2")];
  const found = recipesOf(`### A\n${program}${print}### B\n${fence("js node", "// b.js\n")}${program}`, "node");
  assert.deepEqual(found.map(({ title, files }) => [title, Object.keys(files)]), [["A", ["main.js"]], ["B", ["b.js", "main.js"]]]);
  assert.deepEqual([found[0].prints, found[0].isOrdered, found[1].prints], ["1\n2\n", true, ""]);
  assert.throws(() => recipesOf(`### A\n${program}${program}${print}`, "node"), /A: .*main\.js/);
  assert.throws(() => recipesOf(`### A\n${program}${print}${print}`, "node"), /A: .*prints/);
  const [any] = recipesOf(`### A\n${program}${fence("text unordered", "1\n2")}`, "node");
  assert.deepEqual([ordered(["2", "1"], any), ordered(["2", "1"], found[0])], [["1", "2"], ["2", "1"]]);
});
