// Reads `cargo metadata` and fails when a dependency that users build (not one of tests alone) says that it needs a
// newer Rust than Cargo.toml's rust-version does.
"use strict";
const { packages, resolve } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const byId = new Map(packages.map((p) => [p.id, p]));
const nodes = new Map(resolve.nodes.map((n) => [n.id, n]));
const root = byId.get(resolve.root);
const number = (version) => version.split(".").reduce((sum, part, i) => sum + Number(part) * 1e6 / 1e3 ** i, 0);

const seen = new Set([root.id]);
for (const id of seen) {
  for (const { pkg, dep_kinds } of nodes.get(id).deps) {
    if (dep_kinds.some(({ kind }) => kind !== "dev")) seen.add(pkg);
  }
}
const telling = [...seen].map((id) => byId.get(id)).filter((p) => p.rust_version && p !== root);
const newer = telling.filter((p) => number(p.rust_version) > number(root.rust_version));
for (const p of newer) console.error(`${p.name} ${p.version} needs Rust ${p.rust_version}`);
if (newer.length) {
  console.error(`Cargo.toml says ${root.rust_version}: raise rust-version, or take older versions of these`);
  process.exit(1);
}
const most = telling.reduce((a, b) => (number(b.rust_version) > number(a.rust_version) ? b : a));
console.log(`${seen.size - 1} dependencies: none needs more than Rust ${most.rust_version} (${most.name}); Cargo.toml says ${root.rust_version}`);
