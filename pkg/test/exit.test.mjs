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

const throwing = `
  process.on("uncaughtException", (error) => console.log(error.message));
  const { createServer } = require("node:http");
  const server = createServer((request, response) => response.end("a page")).listen(0, "127.0.0.1", async () => {
    const { Session } = require("dualfetch");
    const url = "http://127.0.0.1:" + server.address().port;
    const { signal } = new AbortController();
    signal.addEventListener = () => {
      throw new Error("in the middle of a call");
    };
    void new Session().get(url, { signal });
    await new Promise((resolve) => process.once("uncaughtException", resolve));
    for (let i = 0; i < 2; i += 1) console.log(await (await new Session().get(url)).text());
    process.exit();
  });
`;

test("an exception in the middle of one call leaves all others alone", { timeout: 60_000 }, async () => {
  const { stdout } = await run(process.execPath, ["--eval", throwing], { cwd: here });
  assert.equal(stdout, "in the middle of a call\na page\na page\n");
});
