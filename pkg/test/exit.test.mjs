import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const here = fileURLToPath(new URL("..", import.meta.url));

const program = `
  const server = require("node:http").createServer((request, response) => {
    response.writeHead(200).write("start");
    server.once("stop", () => response.destroy());
  });
  server.listen(0, "127.0.0.1", async () => {
    const { Session } = require("dualfetch");
    const session = new Session();
    const response = await session.get("http://127.0.0.1:" + server.address().port);
    console.log(response.status);
    server.emit("stop");
    server.close();
  });
`;

test("a response that nobody reads does not keep a program alive", { timeout: 60_000 }, async () => {
  // As CommonJS, too. The deadline of the request is five minutes away.
  const { stdout } = await run(process.execPath, ["--eval", program], { cwd: here });
  assert.equal(stdout, "200\n");
});
