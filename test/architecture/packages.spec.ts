import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { satisfies } from 'semver'
import { describe, expect, it } from 'vitest'
import { ROOT, sourcesOf } from './root.js'

interface Manifest {
  name?: string
  version?: string
  engines?: { node?: string }
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
  scripts?: Record<string, string>
}

/** Programs that have another name than their package. */
const PROGRAMS: Record<string, string> = { 'dependency-cruiser': 'depcruise' }

const read = <T>(path: string): T => JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as T
const root = read<Manifest>('package.json')
const tools = read<Manifest>('test/tools/package.json')
const { packages } = read<{ packages: Record<string, Manifest> }>('package-lock.json')

it('the package says where it comes from, and what it is about', () => {
  expect(root).toMatchObject({
    homepage: expect.stringMatching(/^https:/) as string,
    bugs: { url: expect.stringMatching(/^https:/) as string },
    repository: { type: 'git', url: expect.stringMatching(/^git\+https:.*\.git$/) as string },
    keywords: expect.arrayContaining(['policy', 'openfeature']) as string[],
  })
})

describe('the pinned packages', () => {
  it('accept the oldest Node that this package accepts', () => {
    const oldest = /^>=(\d+\.\d+)$/.exec(root.engines!.node!)![1]
    const refused = Object.entries(packages).filter(([, { engines }]) => !satisfies(`${oldest}.0`, engines?.node ?? '*'))
    expect(refused.map(([path, { version, engines }]) => `${path} ${version} wants Node ${engines!.node}`)).toEqual([])
  })

  it('have exact versions', () => {
    const pinned = [root.dependencies, root.optionalDependencies, root.devDependencies, tools.devDependencies].flatMap((each) =>
      Object.entries(each!),
    )
    expect(pinned.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([])
  })
})

describe('the tools of tests', () => {
  const words = ['apps', 'libs', 'test', '.ci'].flatMap((folder) => sourcesOf(folder, /\.(tsx?|mjs)$|\.ci\/run$/)).map(({ text }) => text)
  words.push(...Object.values(root.scripts!))

  it('are used, each by its name, or are peers of one that is', () => {
    const peers = Object.keys(tools.devDependencies!).flatMap((name) =>
      Object.keys(packages[`node_modules/${name}`]!.peerDependencies ?? {}),
    )
    const isUsed = (name: string): boolean => words.some((text) => new RegExp(`(^|['"/ ])${name}['"/ ]`, 'm').test(text))
    const names = Object.keys(tools.devDependencies!).filter((name) => !name.startsWith('@types/') && !peers.includes(name))
    expect(names.filter((name) => !isUsed(PROGRAMS[name] ?? name))).toEqual([])
  })

  it('are not listed with what the demo installs', () => {
    const own = Object.keys({ ...root.dependencies, ...root.optionalDependencies, ...root.devDependencies })
    expect(own.filter((name) => name in tools.devDependencies!)).toEqual([])
  })
})
