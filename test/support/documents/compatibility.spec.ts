import { describe, expect, it } from 'vitest'
import { apiBreaks, eventBreaks, tableBreaks, type Json } from './compatibility.js'

const EVENT = {
  type: 'object',
  required: ['run', 'decision'],
  properties: {
    run: { type: 'number' },
    decision: { enum: ['pause', 'abort'] },
    stage: { anyOf: [{ enum: ['lint'] }, { type: 'null' }] },
    by: { $ref: '#/components/schemas/Person' },
    parts: { type: 'array', items: { type: 'string' } },
  },
}
const PERSON = {
  type: 'object',
  required: ['name'],
  properties: { name: { type: 'string' }, next: { $ref: '#/components/schemas/Person' } },
}

const events = (event: Json, person: Json = PERSON): Json => ({ components: { schemas: { 'hms.a.b.v1': event, Person: person } } })
const withMember = (name: string, schema: Json, required = EVENT.required): Json => ({
  ...EVENT,
  required,
  properties: { ...EVENT.properties, [name]: schema },
})

describe('an event', () => {
  it.each<[string, Json]>([
    ['is unchanged', events(EVENT)],
    ['may have more members', events(withMember('why', { type: 'string' }))],
    ['has another value in a closed list', events(withMember('decision', { enum: ['pause', 'abort', 'supersede'] }))],
    ['has one more shape', events(withMember('stage', { anyOf: [{ enum: ['lint', 'canary'] }, { type: 'null' }, { type: 'object' }] }))],
  ])('that %s is compatible', (_what, after) => {
    expect(eventBreaks(events(EVENT), after)).toEqual([])
  })

  it.each<[string, Json]>([
    ['hms.a.b.v1: is gone', { components: { schemas: {} } }],
    ['hms.a.b.v1/stage: is demanded', events({ ...EVENT, required: ['run', 'decision', 'stage'] })],
    ['hms.a.b.v1/run: may be missing', events({ ...EVENT, required: ['decision'] })],
    ['hms.a.b.v1/run: is "string" instead of "number"', events(withMember('run', { type: 'string' }))],
    ['hms.a.b.v1/decision: says no abort any more', events(withMember('decision', { enum: ['pause'] }))],
    ['hms.a.b.v1/stage: lacks one of the shapes that it could have', events(withMember('stage', { anyOf: [{ enum: ['lint'] }] }))],
    ['hms.a.b.v1/by/name: may be missing', events(EVENT, { ...PERSON, required: [] })],
    ['hms.a.b.v1/parts/*: is "number" instead of "string"', events(withMember('parts', { type: 'array', items: { type: 'number' } }))],
  ])('breaks readers of the build before: %s', (said, after) => {
    expect(eventBreaks(events(EVENT), after)).toEqual([said])
  })
})

describe('a route', () => {
  const route = (body: Json, answer: Json, parameters: Json[] = []): Json => ({
    paths: {
      '/v1/a': {
        post: {
          parameters,
          requestBody: { content: { 'application/json': { schema: body } } },
          responses: { '200': { content: { 'application/json': { schema: answer } } }, '400': {} },
        },
      },
    },
    components: { schemas: { Person: PERSON } },
  })
  const before = route(EVENT, EVENT, [{ in: 'query', name: 'limit' }])

  it('may return more, and accept more optional input', () => {
    const more = withMember('why', { type: 'string' }, ['run', 'decision', 'why'])
    const less = { ...EVENT, required: ['run'] }
    const parameters = [
      { in: 'query', name: 'limit' },
      { in: 'query', name: 'after' },
    ]
    expect(apiBreaks(before, route(less, more, parameters))).toEqual([])
  })

  it.each<[string, Json]>([
    ['POST /v1/a: is gone', { paths: { '/v1/a': {} } }],
    [
      'POST /v1/a: demands after',
      route(EVENT, EVENT, [
        { in: 'query', name: 'limit' },
        { in: 'query', name: 'after', required: true },
      ]),
    ],
    ['POST /v1/a: takes no limit any more', route(EVENT, EVENT)],
    [
      'POST /v1/a request/stage: is demanded',
      route({ ...EVENT, required: ['run', 'decision', 'stage'] }, EVENT, [{ in: 'query', name: 'limit' }]),
    ],
    ['POST /v1/a 200/run: may be missing', route(EVENT, { ...EVENT, required: ['decision'] }, [{ in: 'query', name: 'limit' }])],
  ])('breaks clients: %s', (said, after) => {
    expect(apiBreaks(before, after)).toEqual([said])
  })
})

describe('a table', () => {
  const before = 'table a\n  id text NOT NULL\n  note text\n  CONSTRAINT a_pkey PRIMARY KEY (id)'

  it('may get optional columns, and indexes', () => {
    const more = `${before}\n  at bigint NOT NULL DEFAULT 0\n  why text\n  CREATE INDEX a_why_idx ON a USING btree (why)\n\ntable b\n  id text NOT NULL`
    expect(tableBreaks(before, more, 'audit')).toEqual([])
  })

  it.each([
    ['audit, table a: is gone', 'table b\n  id text NOT NULL'],
    ['audit, table a: "note text" is gone or is another', before.replace('\n  note text', '')],
    ['audit, table a: "why text NOT NULL" is a demand that the build before does not meet', `${before}\n  why text NOT NULL`],
    [
      'audit, table a: "CREATE UNIQUE INDEX a_n ON a USING btree (note)" is a demand that the build before does not meet',
      `${before}\n  CREATE UNIQUE INDEX a_n ON a USING btree (note)`,
    ],
  ])('breaks the build before: %s', (said, after) => {
    expect(tableBreaks(before, after, 'audit')).toEqual([said])
  })
})
