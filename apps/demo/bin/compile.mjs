// Compiles apps and libs to `dist`, file by file, in less than a second. Reads no types; `npm run build` checks them.
// Plain Node: needs oxc-transform.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const DIST = join(ROOT, 'dist')
const FOLDERS = ['apps', 'libs']
/** oxc imports the functions that decorators call from a package of its own. The services have the same functions in tslib, as Nest. */
const HELPER = /^import (\w+) from "@oxc-project\/runtime\/helpers\/(\w+)";$/gm
const TSLIB = { decorate: '__decorate', decorateMetadata: '__metadata', decorateParam: '__param' }

/** The same as `tsconfig.json` tells the compiler of TypeScript. */
const OPTIONS = {
  sourceType: 'module',
  target: 'es2022',
  jsx: { runtime: 'automatic', importSource: 'preact' },
  typescript: { onlyRemoveTypeImports: true, removeClassFieldsWithoutInitializer: true },
  assumptions: { setPublicClassFields: true },
  decorator: { legacy: true, emitDecoratorMetadata: true },
}

/** Writes what changed and removes what has no source any more. Returns false if a file is not valid; stderr shows which. */
export async function compile() {
  const { transformSync } = await import('oxc-transform')
  const compiled = new Map()
  let isValid = true
  for (const source of sources()) {
    const { code, errors } = transformSync(source, readFileSync(join(ROOT, source), 'utf8'), OPTIONS)
    for (const { message, codeframe } of errors) process.stderr.write(`${source}: ${codeframe ?? message}\n`)
    isValid &&= errors.length === 0
    const target = join(DIST, source.replace(/\.tsx?$/, '.js'))
    compiled.set(
      target,
      code.replaceAll(HELPER, (_, local, name) => `import { ${tslibName(name)} as ${local} } from "tslib";`),
    )
  }
  if (!isValid) return false
  for (const [target, code] of compiled) write(target, code)
  removeOthers(compiled)
  return true
}

function tslibName(helper) {
  if (!(helper in TSLIB)) throw new Error(`compile.mjs does not know the name of ${helper} in tslib`)
  return TSLIB[helper]
}

/** Paths below the root. */
function sources() {
  return FOLDERS.flatMap((folder) => filesUnder(join(ROOT, folder)))
    .map((path) => relative(ROOT, path))
    .filter((path) => /\.tsx?$/.test(path) && !/\.(spec|suite|fixture|d)\.tsx?$/.test(path))
}

/** A program that runs from `dist` meanwhile must not read half a file: an unchanged one is not written. */
function write(target, code) {
  if (existsSync(target) && readFileSync(target, 'utf8') === code) return
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, code)
}

/** Removes code and declarations of sources that are gone; only `src` folders contain them. */
function removeOthers(compiled) {
  for (const path of FOLDERS.flatMap((folder) => filesUnder(join(DIST, folder)))) {
    if (/[\\/]src[\\/].*\.(js|d\.ts)$/.test(path) && !compiled.has(path.replace(/\.d\.ts$/, '.js'))) rmSync(path)
  }
}

function filesUnder(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}
