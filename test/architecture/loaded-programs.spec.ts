import { expect, it } from 'vitest'
import { sourcesOf } from './root.js'

it('each program of an app that is loaded by name has the type of the module with that name', () => {
  const loads = sourcesOf('apps', /\.ts$/).flatMap(({ text }) =>
    [...text.matchAll(/loadProgram<([^>]*)>\(\s*'([^']+)'/g)].map(([, type, name]) => {
      const module = text.match(new RegExp(`^import type \\* as ${type!.replace('typeof ', '')} from '(?:\\.\\./)+(.+)\\.js'$`, 'm'))
      return [name, module?.[1]]
    }),
  )
  expect(loads.length).toBeGreaterThan(3)
  for (const [name, module] of loads) expect(module).toBe(name)
})
