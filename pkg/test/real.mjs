import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { createInterface } from "node:readline";

import { environment as env, program } from "./program.mjs";

/**
 * `dualfetch serve` on a free port of the loopback, which it may fetch from, too.
 *
 * @param {string[]} more further arguments
 * @returns `url`, the `key` that it wants, and `close`
 */
export async function realGateway(...more) {
  const key = `df_${randomBytes(32).toString("base64url")}`;
  const hash = createHash("sha256").update(key).digest("hex");
  const options = ["--listen", "127.0.0.1:0", "--key", `test=sha256:${hash}`, "--allow-network", "127.0.0.0/8", "--allow-any-port", "--log-level", "off", ...more];
  const running = spawn(program, ["serve", ...options], { env, stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((done) => running.on("exit", done));
  const url = await new Promise((found, fail) => {
    running.on("error", (cause) => fail(new Error(`${program} could not be started; cargo build --features cli makes it`, { cause })));
    ended.then((code) => fail(new Error(`${program} serve has ended, by ${code}`)));
    createInterface(running.stdout).on("line", (line) => /http:\/\/\S+/.test(line) && found(/http:\/\/\S+/.exec(line)[0]));
  });
  const close = () => {
    running.kill();
    return ended;
  };
  return { url, key, close };
}
