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
import { recipes } from "./cookbook/recipes.mjs";

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

for (const { title, files, prints } of await recipes("node")) {
  test(title, async () => {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    const atHome = new URL("cookbook/at-home.mjs", import.meta.url).href;
    const env = { ...process.env, KITCHEN: kitchen.url };
    const { stdout } = await run(process.execPath, ["--import", atHome, "main.js"], { cwd: folder, env, timeout: 60_000 });
    assert.equal(stdout, prints);
  });
}
