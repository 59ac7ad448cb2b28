import { describe, expect, it } from 'vitest'
import { exceededLimit } from './body-bounds.js'

const bounds = { parts: 10, depth: 3 }
const judge = (text: string): string | undefined => exceededLimit(Buffer.from(text), bounds)

describe('JSON text', () => {
  it.each([
    '',
    '1',
    '[[[1]]]',
    '[1,2,3,4,5,6,7,8,9]',
    '{"a":{"b":[1,2]},"c":"d"}',
    `"${'[,'.repeat(100)}"`,
    String.raw`"\",[[[[\\",1`,
    String.raw`["\\\\\"[[[[","[[[["]`,
  ])('%s is within its bounds', (text) => {
    expect(judge(text)).toBeUndefined()
  })

  it.each(['[[[[', '{"a":{"b":{"c":{', '[[],[[],[[1]]],[[[[]]]]]'])('%s is too deep', (text) => expect(judge(text)).toContain('nested'))

  it.each([
    '[1,2,3,4,5,6,7,8,9,10]',
    '[{},{},{},{},{}]',
    ',,,,,,,,,,',
    String.raw`["\\",1,2,3,4,5,6,7,8,9]`,
    '{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":9,"j":0}',
  ])('%s has too many parts', (text) => {
    expect(judge(text)).toContain('parts')
  })

  it('is scanned no further than its limit', () => {
    const text = new Proxy(Buffer.from('['.repeat(1_000)), {
      get: (target, at) => {
        if (typeof at === 'string' && /^\d+$/.test(at) && Number(at) > bounds.depth) throw new Error(`looked at byte ${at}`)
        return Reflect.get(target, at) as unknown
      },
    })
    expect(exceededLimit(text, bounds)).toContain('nested')
  })
})
