// The npm package's entries as one file each, in pkg/dist: CommonJS for `require`, and for pages a module that is one
// request instead of a dozen, one after the other. The wasm files, their copies in base64 and the encodings stay apart.

import { rename } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const inPackage = (path) => fileURLToPath(new URL(`../../pkg/${path}`, import.meta.url));
const entries = ['index', 'core', 'full'];

await build({
  entryPoints: entries.map((entry) => inPackage(`src/${entry}.node.js`)),
  outdir: inPackage('dist'),
  entryNames: '[name]',
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  logLevel: 'warning',
  // `import.meta.url` as if the code stood where it was written.
  define: { 'import.meta.url': 'import_meta_url' },
  banner: {
    js: 'const import_meta_url = require("node:url").pathToFileURL(require("node:path").join(__dirname, "../src/binary/_")).href;',
  },
});
await Promise.all(entries.map((entry) => rename(inPackage(`dist/${entry}.node.cjs`), inPackage(`dist/${entry}.cjs`))));

// As deep as src/binary, so that `../../wasm` is the same place.
await build({
  entryPoints: [...entries.map((entry) => `src/${entry}.web.js`), 'src/binary/charset.web.js', 'src/files.js', 'src/events.js', 'src/gateway.js', 'src/reconnecting.js', 'src/websocket.js'].map(inPackage),
  outdir: inPackage('dist/web'),
  entryNames: '[name]',
  bundle: true,
  target: 'es2022',
  format: 'esm',
  minifySyntax: true,
  minifyWhitespace: true,
  logLevel: 'warning',
  plugins: [{ name: 'what is imported late stays apart', setup: apart }],
});

function apart({ onResolve }) {
  onResolve({ filter: /./ }, ({ kind, path }) => {
    if (kind !== 'dynamic-import') return undefined;
    return { path: path.includes('/wasm/') ? path : `./${basename(path)}`, external: true };
  });
}
