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
export const CONSOLE_LIMITS_KB = { 'sign.js': 10, 'check.js': 10 }

/** Bundles the compiled code, or for tests the `sources`, into `outdir`; answers the size of each part in kB of gzip. */
export async function bundleBridge({ outdir, sources = false }) {
  const [libs, extension] = sources ? ['libs', 'ts'] : ['dist/libs', 'js']
  const folder = join(ROOT, libs, 'client/src/bridge')
  const bundle = (entry, external = []) => bundleOf({ libs: join(ROOT, libs), folder, extension, entry, external })
  const parts = {
    'bridge.js': await bundle('index'),
    unverified: await bundle('index', ['verified-stream', 'page-rosters', 'crypto']),
    'pane.js': await bundle('pane-entry'),
  }
  mkdirSync(outdir, { recursive: true })
  for (const name of ['bridge.js', 'pane.js']) writeFileSync(join(outdir, name), parts[name])
  return Object.fromEntries(Object.entries(parts).map(([name, bytes]) => [name, gzipSync(bytes).length / 1_000]))
}

/** The same for the console's scripts that open keys and check proofs: nothing of Node's stands in for anything there. */
export async function bundleConsole({ outdir, sources = false }) {
  const [root, extension] = sources ? ['', 'ts'] : ['dist', 'js']
  const source = join(ROOT, root, 'apps/console/src')
  const bundle = (folder, entry) => bundleOf({ libs: join(ROOT, root, 'libs'), folder, extension, entry, external: [], inject: [] })
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

async function bundleOf({ libs, folder, extension, entry, external, inject = [join(folder, 'browser', `buffer.${extension}`)] }) {
  const { outputFiles } = await build({
    entryPoints: [join(folder, `${entry}.${extension}`)],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    write: false,
    logLevel: 'warning',
    inject,
    plugins: [
      ownModules({ libs, extension, external, crypto: inject.length === 0 ? undefined : join(folder, 'browser', `crypto.${extension}`) }),
    ],
  })
  return outputFiles[0].contents
}

/** Packages that become part of a bundle: each is one file without imports. */
const BUNDLED = ['eventsource-parser']

/**
 * Finds our own modules, which have no effect by being loaded, so that what is not used is left out with all it needs; `node:crypto` is the
 * bridge's own. Anything else would stay as an import, which a test looks for.
 */
function ownModules({ libs, extension, external, crypto }) {
  return {
    name: 'own-modules',
    setup({ onResolve }) {
      onResolve({ filter: /./ }, ({ path, importer, kind }) => {
        if (kind === 'entry-point') return undefined
        if (external.some((name) => path.endsWith(`/${name}.js`))) return { path, external: true, sideEffects: false }
        // The console's scripts use WebCrypto: what of Node they do not use is left out, and anything else is refused by a test.
        if (path === 'node:crypto')
          return crypto === undefined ? { path, external: true, sideEffects: false } : { path: crypto, sideEffects: false }
        if (path.startsWith('#libs/'))
          return { path: join(libs, path.slice('#libs/'.length), 'src', `index.${extension}`), sideEffects: false }
        if (path.startsWith('.')) return { path: join(dirname(importer), path).replace(/\.js$/, `.${extension}`), sideEffects: false }
        return path.startsWith('/') || BUNDLED.includes(path) ? undefined : { path, external: true, sideEffects: false }
      })
    },
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const sizes = await bundleBridge({ outdir: join(ROOT, 'dist', 'browser') })
  const pages = await bundleConsole({ outdir: join(ROOT, 'dist', 'browser') })
  const told = Object.entries(pages).map(([name, kb]) => `${name} ${kb.toFixed(1)} kB gz (at most ${CONSOLE_LIMITS_KB[name]})`)
  process.stderr.write(`${describeSizes(sizes)}; in the console: ${told.join(', ')}\n`)
  const all = Object.entries({ ...LIMITS_KB, ...CONSOLE_LIMITS_KB })
  if (all.some(([name, limit]) => ({ ...sizes, ...pages })[name] > limit)) process.exitCode = 1
}
