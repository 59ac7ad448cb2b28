// Bundles the CLI, so that a verb which runs no service loads a few files instead of hundreds. Verbs that run services stay outside, in
// `apps/cli/src/hosting`, and are imported by path. Plain Node: runs right after the compiler, and replaces the `main.js` it made.
import { build } from 'esbuild'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const SOURCES = join(ROOT, 'apps', 'cli', 'src')
const HOSTING = join(SOURCES, 'hosting') + sep
const COMPILED = join(ROOT, 'dist', 'apps', 'cli')
const FOLDER = join(COMPILED, 'bundle')

const moduleOf = (name) => join(SOURCES, `${name}.ts`)
const ENTRY = moduleOf('main')

/**
 * Parts of the bundle that are one file each, because a start takes longer for many small files than for a few with more than it needs.
 * The file of a verb loads these parts first: `base` in every start, `requests` for all but the `ALONE`, `decisions` for all but the verbs
 * of `requests`.
 */
const PARTS = {
  base: ['process-io', 'program'].map(moduleOf),
  requests: ['coverage/coverage', 'policies/get', 'policies/history', 'policies/policies'].map(moduleOf),
  decisions: ['approvals/waiting', 'rollback/rollback', 'runs/runs', 'runs/watch', 'tickets/tickets', 'whoami/whoami'].map(moduleOf),
}
const ALONE = ['main', 'completion/complete', 'completion/scripts', 'help/help'].map(moduleOf)

/** Packages that stay outside: optional, and needed by few documents. */
const OUTSIDE = ['@cedar-policy/cedar-wasm']

/** Limits in kB (1,000 bytes) of what a start loads. */
export const CLI_LIMITS_KB = { version: 125, get: 275, rollback: 355 }
const MODULES = { version: 'help/help.ts', get: 'policies/get.ts', rollback: 'rollback/rollback.ts' }

const LOADER = `#!/usr/bin/env node
import module from 'node:module'
import { fileURLToPath } from 'node:url'

// Node 22 and later keep the compiled code of short commands. The folder is one of the package, because Node runs what it finds there.
const folder = fileURLToPath(new URL('../bundle/.compiled', import.meta.url))
if (!/^(demo|dev|serve|sidecar)$/.test(process.argv[2])) module.enableCompileCache?.(folder)
await import('../bundle/cli.js')
`

/** Bundles the sources into `folder`, with the licences of their packages. Returns the kB that some verbs load, and esbuild's report. */
export async function bundleCli({ folder }) {
  const { metafile, outputFiles } = await build({
    entryPoints: { cli: ENTRY },
    absWorkingDir: ROOT,
    outdir: folder,
    bundle: true,
    splitting: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    // Names stay, for stack traces.
    minifyWhitespace: true,
    minifySyntax: true,
    // As in tsconfig.json, which esbuild does not read for the sources that a plugin finds.
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    external: OUTSIDE,
    // For packages in CommonJS, which need builtin modules only.
    banner: { js: 'const require = (name) => process.getBuiltinModule(name) ?? (() => { throw new Error(`no ${name} here`) })();' },
    logLevel: 'warning',
    plugins: [ownModules(folder)],
  })
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const { path, contents } of outputFiles) writeFileSync(path, contents)
  const inputs = Object.keys(metafile.inputs)
  const licences = packagesIn(inputs).map((name) => licenceOf(name, inputs))
  writeFileSync(join(folder, 'LICENSES.txt'), licences.join(`${'-'.repeat(80)}\n\n`))
  const kb = Object.fromEntries(Object.entries(MODULES).map(([verb, module]) => [verb, kbOf(metafile, ['main.ts', module])]))
  return { kb, metafile }
}

/**
 * Finds our own modules, which have no effect by being loaded. A name of a lib comes from the module that defines it, because all that an
 * index names would be loaded with it.
 */
function ownModules(outdir) {
  const load = (filter, namespace, contents) => [{ filter, namespace }, (args) => ({ contents: contents(args.path), resolveDir: ROOT })]
  return {
    name: 'own-modules',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /./ }, ({ path, importer, kind }) => {
        if (kind === 'entry-point') return { path, namespace: 'entry' }
        // Commander starts programs for verbs that are declared as such; here none is.
        if (path === 'node:child_process' && packagesIn([relative(ROOT, importer)])[0] === 'commander') return { path, namespace: 'empty' }
        if (Object.hasOwn(PARTS, path)) return { path, namespace: 'part' }
        if (importer.includes('node_modules') || !/^([#./]|names:)/.test(path)) return undefined
        const file = fileOf(path, importer)
        if (file.startsWith(HOSTING)) return { path: outside(outdir, file), external: true }
        if (kind === 'dynamic-import') return { path: file, namespace: 'entry' }
        return path.startsWith('names:') ? { path, namespace: 'names', sideEffects: false } : { path: file, sideEffects: file === ENTRY }
      })
      onLoad(...load(/./, 'empty', () => ''))
      onLoad(...load(/./, 'part', (part) => PARTS[part].map((file, at) => `export * as part${at} from ${JSON.stringify(file)}`).join('\n')))
      onLoad(
        ...load(/./, 'entry', (file) =>
          [...partsOf(file).map((part) => `import '${part}'`), `export * from ${JSON.stringify(file)}`].join(';'),
        ),
      )
      onLoad(...load(/./, 'names', namesOf))
      onLoad({ filter: /\.tsx?$/ }, ({ path }) => {
        return {
          contents: withoutIndexes(readFileSync(path, 'utf8')),
          loader: path.endsWith('x') ? 'tsx' : 'ts',
          resolveDir: dirname(path),
        }
      })
    },
  }
}

function fileOf(path, importer) {
  if (path.startsWith('names:')) return path
  return path.startsWith('#') ? indexOf(path) : sourceOf(path.startsWith('.') ? join(dirname(importer), path) : path)
}

/** Module of some names of a lib, `names:#libs/client:ApiClient:readUrl`. */
function namesOf(path) {
  const [, lib, ...names] = path.split(':')
  return names.map((name) => importOf('export', name, lib)).join('\n')
}

function partsOf(file) {
  if (ALONE.includes(file)) return ['base']
  return PARTS.requests.includes(file) || file.startsWith('names:') ? ['base', 'requests'] : Object.keys(PARTS)
}

/** Path of a compiled module from the bundle. */
function outside(outdir, file) {
  const compiled = join(COMPILED, 'src', relative(SOURCES, file)).replace(/\.ts$/, '.js')
  return `./${relative(outdir, compiled).replaceAll(sep, '/')}`
}

function indexOf(lib) {
  return join(ROOT, lib.slice(1), 'src', 'index.ts')
}

function sourceOf(path) {
  const file = path.replace(/\.js$/, '.ts')
  return existsSync(file) ? file : `${file}x`
}

function withoutIndexes(text) {
  return text
    .replaceAll(/^import \{([^}]*)\} from '(#libs\/[\w-]+)'/gm, (_, names, lib) =>
      valuesIn(names)
        .map((name) => importOf('import', name, lib))
        .join(';'),
    )
    .replaceAll(
      /(const \{([^}]*)\} = await import\()'(#libs\/[\w-]+|yaml)'/g,
      (_, before, names, lib) => `${before}'names:${[lib, ...valuesIn(names)].join(':')}'`,
    )
}

function valuesIn(list) {
  return list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && !name.startsWith('type '))
}

function importOf(word, name, lib) {
  const index = lib.startsWith('#') ? indexOf(lib) : undefined
  const from = index === undefined ? lib : (definitionsOf(index).get(name.split(' ')[0]) ?? index)
  return `${word} { ${name} } from ${JSON.stringify(from)}`
}

const DEFINITIONS = new Map()

/** Module by each name that an index exports, where one module defines it. */
function definitionsOf(index) {
  const known = DEFINITIONS.get(index)
  if (known !== undefined) return known
  const found = new Map()
  DEFINITIONS.set(index, found)
  for (const [, path] of readFileSync(index, 'utf8').matchAll(/ from '(\.[^']+)'/g)) {
    const file = sourceOf(join(dirname(index), path))
    const own = [...readFileSync(file, 'utf8').matchAll(/^export (?:async |abstract )?(?:function\*?|class|const) (\w+)/gm)]
    const names = new Map([...(path.endsWith('/index.js') ? definitionsOf(file) : []), ...own.map(([, name]) => [name, file])])
    for (const [name, where] of names) found.set(name, found.get(name) === undefined || found.get(name) === where ? where : index)
  }
  return found
}

/** Outputs that are loaded with the output of a source. */
function outputsWith({ outputs }, source) {
  const found = new Set()
  const add = (path) => {
    if (found.has(path)) return
    found.add(path)
    for (const { path: next, kind, external } of outputs[path].imports) if (kind === 'import-statement' && !external) add(next)
  }
  add(Object.keys(outputs).find((path) => (outputs[path].entryPoint ?? '').replace(/^entry:/, '').endsWith(relative(ROOT, source))))
  return [...found]
}

function kbOf(metafile, modules) {
  const paths = new Set(modules.flatMap((module) => outputsWith(metafile, join(SOURCES, module))))
  return [...paths].reduce((sum, path) => sum + metafile.outputs[path].bytes, 0) / 1_000
}

function packagesIn(files) {
  return [...new Set(files.flatMap((file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? []))].sort()
}

/** Name, version and licence of a package, with the texts that it ships; without any, the heads of its files and the licence they name. */
function licenceOf(name, inputs) {
  const folder = join(ROOT, 'node_modules', name)
  const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const texts = readdirSync(folder).flatMap((file) =>
    /^(licen[cs]e|notice)\b/i.test(file) ? [readFileSync(join(folder, file), 'utf8')] : [],
  )
  if (texts.length === 0) {
    const heads = inputs.flatMap((file) =>
      packagesIn([file])[0] === name ? (/^(?:\/\/.*\n)+/.exec(readFileSync(join(ROOT, file), 'utf8')) ?? []) : [],
    )
    texts.push(...new Set(heads.filter((head) => /copyright/i.test(head))), readFileSync(join(ROOT, 'LICENSE'), 'utf8'))
    if (!/Apache-2.0/.test(license) || texts.length === 1)
      throw new Error(`${name} is part of the CLI's bundle, and has no text of its licence`)
  }
  return [`${name} ${version} (${license})`, ...texts.map((text) => text.trim()), ''].join('\n\n')
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { kb: sizes } = await bundleCli({ folder: FOLDER })
  writeFileSync(join(COMPILED, 'src', 'main.js'), LOADER)
  const loaded = Object.entries(sizes).map(([verb, kb]) => `${verb} loads ${kb.toFixed(0)} kB (at most ${CLI_LIMITS_KB[verb]})`)
  process.stderr.write(`hms-svc: ${loaded.join(', ')}\n`)
  if (Object.entries(CLI_LIMITS_KB).some(([verb, limit]) => sizes[verb] > limit)) process.exitCode = 1
}
