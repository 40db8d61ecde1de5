import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** DUALFETCH names the program (default: the debug build). */
const program = process.env.DUALFETCH ?? `${process.env.CARGO_TARGET_DIR ?? `${root}target`}/debug/dualfetch`;

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
  // None of the machine's own settings.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("DUALFETCH_")));
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
