// Bundles the pane bridge, and the console's script that signs, for browsers: plain ES modules that import nothing.
// Plain Node: runs right after the compiler.
import { build } from 'esbuild'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** Of each part, in kB (1,000 bytes) of gzip; `unverified` is what of `bridge.js` does not verify. */
export const LIMITS_KB = { 'bridge.js': 60, unverified: 30, 'pane.js': 30 }
/** Of the console's scripts that sign, and that check a proof, likewise. */
export const CONSOLE_LIMITS_KB = { 'sign.js': 24, 'check.js': 10 }

/** Bundles the compiled code, or for tests the `sources`, into `outdir`; answers the size of each part in kB of gzip. */
export async function bundleBridge({ outdir, sources = false }) {
  const [libs, extension] = sources ? ['libs', 'ts'] : ['dist/libs', 'js']
  const folder = join(ROOT, libs, 'client/src/bridge')
  const bundle = (entry, external = []) => bundleOf({ libs: join(ROOT, libs), folder, extension, entry, external })
  const parts = {
    'bridge.js': await bundle('index'),
    unverified: await bundle('index', ['reader-session', 'stream-feed', 'document-trust', 'page-rosters']),
    'pane.js': await bundle('pane-entry'),
  }
  mkdirSync(outdir, { recursive: true })
  for (const name of ['bridge.js', 'pane.js']) writeFileSync(join(outdir, name), parts[name])
  return Object.fromEntries(Object.entries(parts).map(([name, bytes]) => [name, gzipSync(bytes).length / 1_000]))
}

/** The same for the console's scripts that open keys and check proofs. */
export async function bundleConsole({ outdir, sources = false }) {
  const [root, extension] = sources ? ['', 'ts'] : ['dist', 'js']
  const source = join(ROOT, root, 'apps/console/src')
  const bundle = (folder, entry) => bundleOf({ libs: join(ROOT, root, 'libs'), folder, extension, entry, external: [] })
  const parts = {
    'sign.js': await bundle(join(source, 'signing/browser'), 'sign-page'),
    'check.js': await bundle(join(source, 'audit/browser'), 'check-page'),
  }
  mkdirSync(outdir, { recursive: true })
  for (const [name, bytes] of Object.entries(parts)) writeFileSync(join(outdir, name), bytes)
  return Object.fromEntries(Object.entries(parts).map(([name, bytes]) => [name, gzipSync(bytes).length / 1_000]))
}

function describeSizes(sizes) {
  const kb = (name) => `${sizes[name].toFixed(1)} kB gz (at most ${LIMITS_KB[name]})`
  return `hms-svc/bridge: ${kb('bridge.js')}, of it without verification ${kb('unverified')}; hms-svc/bridge/pane: ${kb('pane.js')}`
}

/** Bundles one module for browsers, with the adapters of a page. */
export async function bundleOf({ libs, folder, extension, entry, external }) {
  const { outputFiles } = await build({
    entryPoints: [join(folder, `${entry}.${extension}`)],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    write: false,
    logLevel: 'warning',
    plugins: [ownModules({ libs, extension, external })],
  })
  return outputFiles[0].contents
}

/** Packages that become part of a bundle. They import nothing of Node. */
const BUNDLED = ['eventsource-parser', '@noble/ed25519', '@noble/hashes/sha2.js']

/**
 * Finds our own modules, which have no effect by being loaded, so that what is not used is left out with all it needs. `bytes/page` and
 * `crypto/page` replace the adapters of Node. Anything else would stay as an import, which a test looks for.
 */
function ownModules({ libs, extension, external }) {
  return {
    name: 'own-modules',
    setup({ onResolve }) {
      onResolve({ filter: /./ }, ({ path, importer, kind }) => {
        if (kind === 'entry-point') return undefined
        if (external.some((name) => path.endsWith(`/${name}.js`))) return { path, external: true, sideEffects: false }
        if (importer.includes('node_modules')) return undefined
        if (path.startsWith('#libs/'))
          return { path: join(libs, path.slice('#libs/'.length), 'src', `index.${extension}`), sideEffects: false }
        if (path.startsWith('.')) {
          const own = join(dirname(importer), path).replace(/((?:bytes|crypto)\/)node\.js$/, '$1page.js')
          return { path: own.replace(/\.js$/, `.${extension}`), sideEffects: false }
        }
        return path.startsWith('/') || BUNDLED.includes(path) ? undefined : { path, external: true, sideEffects: false }
      })
    },
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const sizes = await bundleBridge({ outdir: join(ROOT, 'dist', 'browser') })
  const pages = await bundleConsole({ outdir: join(ROOT, 'dist', 'browser') })
  const inConsole = Object.entries(pages).map(([name, kb]) => `${name} ${kb.toFixed(1)} kB gz (at most ${CONSOLE_LIMITS_KB[name]})`)
  process.stderr.write(`${describeSizes(sizes)}; in the console: ${inConsole.join(', ')}\n`)
  const all = Object.entries({ ...LIMITS_KB, ...CONSOLE_LIMITS_KB })
  if (all.some(([name, limit]) => ({ ...sizes, ...pages })[name] > limit)) process.exitCode = 1
}
