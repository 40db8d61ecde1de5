// The npm package as people get it: packed, and installed in a project of theirs.

import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const pkg = fileURLToPath(new URL("../../pkg", import.meta.url));
const run = promisify(execFile);

/**
 * A folder outside of the repository with the package in its node_modules and these files beside it. Copied, not
 * linked: a development server treats what is linked as the app's own source. Needs no network: the package depends on
 * nothing.
 *
 * @param {Record<string, string>} files their content by name
 * @returns {Promise<{folder: string, remove: () => Promise<void>}>}
 */
export async function project(files) {
  const folder = await mkdtemp(join(tmpdir(), "dualfetch-"));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    await writeFile(join(folder, "package.json"), '{"private":true,"type":"module"}');
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
    const packed = JSON.parse(await npm(folder, "pack", pkg, "--json"));
    await npm(folder, "install", `./${packed[0].filename}`, "--offline", "--no-audit", "--no-fund");
  } catch (failure) {
    await remove();
    throw failure;
  }
  return { folder, remove };
}

async function npm(cwd, ...args) {
  return (await run("npm", args, { cwd, timeout: 60_000 })).stdout;
}
