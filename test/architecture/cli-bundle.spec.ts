import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Metafile } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ROOT } from './root.js'

interface Bundler {
  CLI_LIMITS_KB: Record<string, number>
  bundleCli(options: { folder: string }): Promise<{ kb: Record<string, number>; metafile: Metafile }>
}

describe('the bundle of the CLI', () => {
  let folder: string
  let bundler: Bundler
  let made: Awaited<ReturnType<Bundler['bundleCli']>>

  beforeAll(async () => {
    // As deep as the one that ships, because the bundle names the verbs that run services by a relative path.
    await mkdir(join(ROOT, 'dist/apps/cli'), { recursive: true })
    folder = await mkdtemp(join(ROOT, 'dist/apps/cli/bundle-'))
    // Plain JavaScript, without types.
    bundler = (await import(/* @vite-ignore */ pathToFileURL(join(ROOT, 'apps/demo/bin/bundle-cli.mjs')).href)) as Bundler
    made = await bundler.bundleCli({ folder })
  }, 240_000)
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('keeps to its sizes', () => {
    for (const [verb, limit] of Object.entries(bundler.CLI_LIMITS_KB)) expect(made.kb[verb], verb).toBeLessThanOrEqual(limit)
  })

  it.each([
    ['help/help.ts', []],
    ['policies/get.ts', ['eventsource-parser']],
    ['rollback/rollback.ts', ['eventsource-parser']],
    ['tickets/tickets.ts', ['eventsource-parser']],
    ['approvals/approve.ts', ['eventsource-parser', 'yaml']],
  ])('%s needs few files, and no package that only other verbs need', (verb, packages) => {
    const paths = loadedWith(made.metafile, `apps/cli/src/${verb}`)
    expect(paths.length).toBeLessThanOrEqual(9)
    expect(packagesIn(made.metafile, paths)).toEqual(['commander', ...packages])
  })

  it('contains no code of the verbs that run services, and imports them from where they are', () => {
    expect(Object.keys(made.metafile.inputs).filter((path) => path.includes('apps/cli/src/hosting/'))).toEqual([])
    const outside = Object.values(made.metafile.outputs).flatMap(({ imports }) =>
      imports.flatMap(({ path, external }) => (external === true && path.startsWith('.') ? [path] : [])),
    )
    const names = [...new Set(outside.map((path) => basename(path, '.js')))].sort()
    expect(names).toEqual(['databases', 'demo', 'dev', 'serve', 'sidecar', 'topics'])
    expect(names.filter((name) => !existsSync(join(ROOT, 'apps/cli/src/hosting', `${name}.ts`)))).toEqual([])
  })

  it('renders pages with Preact', async () => {
    const pages = Object.entries(made.metafile.outputs).filter(([, { inputs }]) =>
      Object.keys(inputs).some((path) => path.endsWith('.tsx')),
    )
    expect(pages.length).toBeGreaterThan(0)
    for (const [path] of pages) expect(await readFile(join(ROOT, path), 'utf8'), path).not.toContain('React')
    expect(Object.keys(made.metafile.inputs)).toContain('node_modules/preact/jsx-runtime/dist/jsxRuntime.mjs')
  })

  it('needs no package that npm may leave out, and lists the licence of each package in it', async () => {
    const packages = packagesIn(made.metafile, Object.keys(made.metafile.outputs))
    const { optionalDependencies } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as Record<string, object>
    expect(packages.filter((name) => name in optionalDependencies!)).toEqual([])
    const listed = [...(await readFile(join(folder, 'LICENSES.txt'), 'utf8')).matchAll(/^(\S+) \d+\.\d+\.\d+\S* \(/gm)]
    expect(listed.map(([, name]) => name)).toEqual(packages)
  })
})

/** Outputs that are loaded with the output of a source. */
function loadedWith({ outputs }: Metafile, source: string): string[] {
  const found = new Set<string>()
  const add = (path: string): void => {
    if (found.has(path)) return
    found.add(path)
    for (const { path: next, kind, external } of outputs[path]!.imports) if (kind === 'import-statement' && external !== true) add(next)
  }
  add(Object.keys(outputs).find((path) => outputs[path]!.entryPoint?.endsWith(source) === true)!)
  return [...found]
}

function packagesIn({ outputs }: Metafile, paths: readonly string[]): string[] {
  const inputs = paths.flatMap((path) => Object.keys(outputs[path]!.inputs))
  return [...new Set(inputs.flatMap((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []))].sort()
}
