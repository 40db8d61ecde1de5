// Reads forms with Node's own `Response.formData`: a line of JSON for each, [type, base64 of the body] in,
// [[name, file name, type, base64]] out.
import { createInterface } from "node:readline";

for await (const line of createInterface({ input: process.stdin })) {
  const [type, body] = JSON.parse(line);
  const form = await new Response(Buffer.from(body, "base64"), { headers: { "content-type": type } }).formData();
  const fields = await Promise.all(
    Array.from(form, async ([name, value]) => {
      if (typeof value === "string") return [name, null, null, Buffer.from(value).toString("base64")];
      return [name, value.name, value.type, Buffer.from(await value.arrayBuffer()).toString("base64")];
    }),
  );
  process.stdout.write(`${JSON.stringify(fields)}\n`);
}
