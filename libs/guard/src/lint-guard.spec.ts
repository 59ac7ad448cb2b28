import { describe, expect, it } from 'vitest'
import { formatFinding, parsePolicy, type PolicyDocument, type PolicySource } from '#libs/policy'
import { guard } from './guard.js'
import { lintGuard } from './lint-guard.js'

const GOOD = `id: limit-step
version: 1.0.0
effective: 2024-09-01T00:00:00Z
tags: [guard]
guard:
  kind: cel
  rule: >-
    previous == null
    || double(next.limit) <= double(previous.limit) * 1.5
  message: A limit grows to at most 1.5 times the previous one.
  severity: deny
  tags: [air]
`

describe('lint of a guard rule', () => {
  it('finds nothing in valid rules, nor in a policy that is not tagged as a rule', () => {
    expect(lint(GOOD)).toEqual([])
    expect(lint(GOOD.replace('tags: [guard]', 'tags: [air]'))).toEqual([])
    expect(
      lint(GOOD.replace('kind: cel', 'kind: cedar').replace(/rule: >-\n.*\n.*/, 'rule: forbid (principal, action, resource);')),
    ).toEqual([])
  })

  it.each([
    ['no rule', 'guard:', 'guards:', 'rule.yaml:4:7 guard-rule a policy tagged "guard" is a rule'],
    ['rule data beside the rule', 'guard:', 'limit: 3\nguard:', 'rule.yaml:5:8 guard-rule a rule has no rule data besides "guard"'],
    ['an unknown key', 'severity:', 'sever: 1\n  severity:', 'rule.yaml:11:10 guard-rule a rule has no key "sever"'],
    ['another kind', 'kind: cel', 'kind: rego', 'rule.yaml:6:9 guard-rule "kind" is cel or cedar'],
    ['a message with a control character', 'A limit', '"A\\u0007"\n  x: |\n    A', 'guard-rule "message" is one sentence'],
    [
      'an unknown action',
      'severity: deny',
      'severity: deny\n  when: [sometimes]',
      'rule.yaml:12:9 guard-rule "when" is a list of approve, advance, rollback',
    ],
    ['no policy id', 'severity: deny', 'severity: deny\n  policies: [A]', 'rule.yaml:12:13 guard-rule "policies" is a list'],
    ['an unknown name', 'next.limit', 'nxt.limit', 'rule.yaml:7:9 guard-cel unknown name "nxt"'],
    [
      'text that is not Cedar',
      'kind: cel',
      'kind: cedar',
      'rule.yaml:7:9 guard-cedar failed to parse policy with id `guard/limit-step@1.0.0`',
    ],
    ['too many bytes', 'tags: [guard]', `description: ${'x'.repeat(3_000)}\ntags: [guard]`, 'guard-rule a rule has at most 3072 bytes'],
  ])('reports %s, with its position', (_name, from, to, expected) => {
    expect(lint(GOOD.replace(from, to)).join('\n')).toContain(expected)
  })

  it('rejects removing the tag "guard", which might let fewer people disable the rule', () => {
    const live = source(GOOD).policy
    expect(lint(GOOD.replace('tags: [guard]', 'tags: [air]'), live)).toEqual([
      'rule.yaml:4:7 guard-tag-removed a rule keeps its tag "guard" — to put it out of force, write when: []',
    ])
    expect(lint(GOOD.replace('severity: deny', 'severity: deny\n  when: []'), live)).toEqual([])
  })
})

function lint(yaml: string, live?: PolicyDocument): string[] {
  return lintGuard(source(yaml), guard, live).map(formatFinding)
}

function source(yaml: string): PolicySource {
  const parsed = parsePolicy(yaml, 'rule.yaml')
  if (!parsed.ok) throw new Error(parsed.findings.map(formatFinding).join('\n'))
  return parsed.source
}
