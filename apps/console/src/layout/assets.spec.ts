import { expect, it } from 'vitest'
import { readAssets } from './assets.js'

it('closes each rule of the style sheet, so that none is part of the one above it', () => {
  const css = readAssets()
    .style.body.toString('utf8')
    .replaceAll(/\/\*[^]*?\*\//g, '')
  const open: string[] = []
  const nested: string[] = []
  for (const [, before, mark] of css.matchAll(/([^{};]*)([{};])/g)) {
    if (mark === '}') open.pop()
    else if (mark === '{') {
      const selector = before!.trim()
      if (open.some((outer) => !outer.startsWith('@'))) nested.push(selector)
      open.push(selector)
    }
  }
  expect({ nested, open }).toEqual({ nested: [], open: [] })
})
