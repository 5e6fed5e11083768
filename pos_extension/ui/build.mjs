// Bundles each target of shopify.extension.toml into dist/, as Shopify CLI does: one script per
// target that registers its entry with `shopify.extend`. Prints the sizes and holds them small.

import {mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {gzipSync} from 'node:zlib';
import {build} from 'esbuild';

const HERE = dirname(fileURLToPath(import.meta.url));
const DIST = join(HERE, 'dist');
const LIMIT_BYTES = 16 * 1024; // gzip, per target; Shopify refuses an extension above 64 KB

const toml = readFileSync(join(HERE, 'shopify.extension.toml'), 'utf8');
const apiVersion = /^api_version = "(.+)"$/m.exec(toml)[1];
const targets = [...toml.matchAll(/module = "(.+)"\s+target = "(.+)"/g)];

rmSync(DIST, {recursive: true, force: true});
mkdirSync(DIST);
const bundles = {};
for (const [, module, target] of targets) {
  bundles[target] = `${target}.js`;
  await bundle(module, target);
}
const locales = readLocales();
const manifest = {api_version: apiVersion, targets: bundles, locales};
writeFileSync(join(DIST, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);

async function bundle(module, target) {
  const outfile = join(DIST, bundles[target]);
  await build({
    stdin: {
      contents: `import entry from '${module}'; shopify.extend('${target}', (...args) => entry(...args));`,
      resolveDir: HERE,
    },
    outfile,
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2020',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    define: {'process.env.NODE_ENV': '"production"'},
  });
  const code = readFileSync(outfile);
  const gzip = gzipSync(code, {level: 9}).length;
  console.log(`${target}  ${kilobytes(code.length)} KB, ${kilobytes(gzip)} KB gzip`);
  if (gzip > LIMIT_BYTES) throw new Error(`${target} is larger than ${kilobytes(LIMIT_BYTES)} KB`);
}

/** Every locale's words by its file name, `en.default` first among them. */
function readLocales() {
  const names = readdirSync(join(HERE, 'locales')).filter((name) => name.endsWith('.json'));
  return Object.fromEntries(
    names.map((name) => [
      name.slice(0, -'.json'.length),
      JSON.parse(readFileSync(join(HERE, 'locales', name), 'utf8')),
    ]),
  );
}

function kilobytes(bytes) {
  return (bytes / 1024).toFixed(1);
}
