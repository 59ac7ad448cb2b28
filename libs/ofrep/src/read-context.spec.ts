import { expect, it } from 'vitest'
import { readContext } from './read-context.js'

it.each([
  [{ targetingKey: 'bot-1' }, { bot: 'bot-1', region: undefined }],
  [
    { targetingKey: 'bot-1', region: 'NCR', email: 'a@b', nested: { deep: [1e300] } },
    { bot: 'bot-1', region: 'NCR' },
  ],
  [
    { targetingKey: 'bot-1', region: null },
    { bot: 'bot-1', region: undefined },
  ],
  [
    { targetingKey: 'bot-1', region: '' },
    { bot: 'bot-1', region: undefined },
  ],
])('reads the context %j as the reader %j', (context, reader) => expect(readContext({ context })).toEqual(reader))

it('uses the region of the side-car for a context without a region', () => {
  expect(readContext({ context: { targetingKey: 'a' } }, 'NCR').region).toBe('NCR')
  expect(readContext({ context: { targetingKey: 'a', region: 'VA' } }, 'NCR').region).toBe('VA')
})

it.each([
  [undefined, 'HMS_HTTP_BODY_INVALID'],
  [null, 'HMS_HTTP_BODY_INVALID'],
  ['text', 'HMS_HTTP_BODY_INVALID'],
  [[], 'HMS_HTTP_BODY_INVALID'],
  [{}, 'HMS_OFREP_CONTEXT'],
  [{ context: null }, 'HMS_OFREP_CONTEXT'],
  [{ context: ['targetingKey'] }, 'HMS_OFREP_CONTEXT'],
  [{ context: {} }, 'HMS_OFREP_TARGETING_KEY'],
  [{ context: { targetingKey: null } }, 'HMS_OFREP_TARGETING_KEY'],
  [{ context: { targetingKey: '' } }, 'HMS_OFREP_TARGETING_KEY'],
  [{ context: { targetingKey: 7 } }, 'HMS_OFREP_CONTEXT'],
  [{ context: { targetingKey: 'a', region: 7 } }, 'HMS_OFREP_CONTEXT'],
])('refuses the body %j with %s', (body, code) => {
  expect(() => readContext(body)).toThrow(expect.objectContaining({ code, status: 400 }) as Error)
})
