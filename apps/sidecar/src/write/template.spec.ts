import { describe, expect, it } from 'vitest'
import { idsIn, parseTemplate, renderTemplate } from './template.js'
import { HmsError } from '#libs/contracts'

const POLICY = {
  id: 'epa-pm25-limit',
  version: '2.0.0',
  limit: 25,
  units: 'ug_per_m3',
  tags: ['air', 'epa'],
  bounds: { NCR: { max: 35.5 } },
  note: 'first\nsecond',
  none: null,
}
const read = (id: string): { version: string; value: object } => {
  if (id !== POLICY.id) throw new HmsError('HMS_POLICY_NOT_FOUND', `no version of ${id} is in force here`, { status: 404 })
  return { version: '2.0.0', value: POLICY }
}
const render = (text: string): string => renderTemplate(parseTemplate(text, 'env.tpl'), read)
const refusal = (call: () => unknown): unknown => {
  try {
    return call()
  } catch (error) {
    return error
  }
}

describe('a template', () => {
  it.each([
    ['LIMIT={{ epa-pm25-limit.limit }}\n', 'LIMIT=25\n'],
    ['{{epa-pm25-limit.units}}', 'ug_per_m3'],
    ['{{ epa-pm25-limit.units | json }}', '"ug_per_m3"'],
    ['{{ epa-pm25-limit.bounds.NCR.max }}|{{ epa-pm25-limit.bounds }}', '35.5|{"NCR":{"max":35.5}}'],
    ['{{ epa-pm25-limit.tags.1 }} {{ epa-pm25-limit.tags }}', 'epa ["air","epa"]'],
    ['{{ epa-pm25-limit.none }}', 'null'],
    ['{{ epa-pm25-limit.note | json }}', '"first\\nsecond"'],
    ['{{ epa-pm25-limit }}', JSON.stringify(POLICY)],
    ['{{ "{{" }} a }} { b } {{ "}\\u007d" }}', '{{ a }} { b } }}'],
    ['no value at all', 'no value at all'],
    ['', ''],
  ])('renders %j as %j', (text, written) => {
    expect(render(text)).toBe(written)
  })

  it('lists the policies it references', () => {
    expect(idsIn(parseTemplate('{{ b }}{{ a.x }}{{ b.y }}', 't'))).toEqual(new Set(['b', 'a']))
  })

  it.each([
    ['a\nπ {{ epa-pm25-limit.limit', 'env.tpl:2:3 "{{" has no "}}"'],
    ['{{ }}', 'env.tpl:1:1 "{{ }}" is not'],
    ['x {{ Upper.limit }}', 'env.tpl:1:3 "{{ Upper.limit }}" is not'],
    ['{{ a..b }}', 'env.tpl:1:1 "{{ a..b }}" is not'],
    ['{{ a b }}', 'env.tpl:1:1 "{{ a b }}" is not'],
    ['{{ a | upper }}', 'env.tpl:1:1 there is no "upper" behind "|", only json'],
    ['{{ "\\x" }}', 'env.tpl:1:1 "\\x" is not text in quotes'],
  ])('refuses %j with its position', (text, detail) => {
    expect(refusal(() => parseTemplate(text, 'env.tpl'))).toMatchObject({
      code: 'HMS_SIDECAR_TEMPLATE',
      status: 400,
      detail: expect.stringContaining(detail),
    })
  })

  it.each([
    ['\n {{ epa-pm25-limit.limitt }}', 'HMS_POLICY_FIELD_UNKNOWN', 'env.tpl:2:2 epa-pm25-limit@2.0.0 has no limitt'],
    ['{{ epa-pm25-limit.limit.max }}', 'HMS_POLICY_FIELD_UNKNOWN', 'has no limit.max'],
    ['{{ epa-pm25-limit.constructor }}', 'HMS_POLICY_FIELD_UNKNOWN', 'has no constructor'],
    ['{{ no-such-policy.limit }}', 'HMS_POLICY_NOT_FOUND', 'env.tpl:1:1 no version of no-such-policy'],
    ['{{ epa-pm25-limit.note }}', 'HMS_SIDECAR_VALUE', 'write {{ epa-pm25-limit.note | json }}'],
  ])('throws for %j with these values', (text, code, detail) => {
    expect(refusal(() => render(text))).toMatchObject({ code, detail: expect.stringContaining(detail) })
  })
})
