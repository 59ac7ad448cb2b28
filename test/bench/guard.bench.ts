import { it } from 'vitest'
import type { PolicyDocument } from '#libs/policy'
import { Cedar } from '../../libs/guard/src/cedar/cedar.js'
import { loadCedar, type CedarModule } from '../../libs/guard/src/cedar/engine.js'
import { Guard } from '../../libs/guard/src/guard.js'
import type { GuardRequest, GuardRule } from '../../libs/guard/src/rule.js'
import { report } from './figures.js'

const ROUNDS = 300
const PLAN = { share: 500, scope: 'region:NCR', scopeName: '', observeMs: 0, bakeMs: 0, partners: null }

/**
 * Processor time of one question, in this thread and without a break: nothing else of the process goes on meanwhile. Each is asked once
 * cold, which is printed by itself, and then often. Aim: a denial of any kind within 50 ms. The questions of the second part are the most
 * expensive ones found that the bound on steps lets through.
 */
it('guard verdicts', () => {
  const cold = processorMs()
  const guard = new Guard()
  guard.warmUp()
  process.stdout.write(`engine loaded and authority parsed in ${(processorMs() - cold).toFixed(1)} ms\n`)

  measure(guard, 'authority alone', [])
  measure(guard, 'CEL: 1.5 times the previous limit', ['double(next.limit) <= double(previous.limit) * 1.5'])
  measure(
    guard,
    '16 CEL rules',
    Array.from({ length: 16 }, (_, index) => `double(next.limit) <= double(previous.limit) * ${index + 2}.5`),
  )
  measure(guard, 'Cedar: nobody approves what they wrote', [], 'resource has author && resource.author == principal.name')
  measure(guard, 'FAIL: unknown member', ['next.limitt < 3.0'])
  measure(guard, 'FAIL: forbid that errs', [], '9223372036854775807 + context.share > 3')
  measure(guard, 'FAIL: ^(a+)+$ on 27 characters', ['next.text.matches("^(a+)+$")'], undefined, { text: `${'a'.repeat(26)}!` })
  measure(new Guard(new Cedar(crashing)), 'FAIL: engine that crashes at each question, loaded anew', [])

  const numbers = Array.from({ length: 1_000 }, (_, index) => index)
  measure(guard, 'one loop over 1,000 values', ['next.list.all(x, x * 2.0 < 5000.0 && x + 1.0 > 0.0)'], undefined, { list: numbers })
  measure(guard, 'lists built of 1,000 values', ['next.list.map(x, x * 2.0).size() > 3'], undefined, { list: numbers })
  measure(guard, 'two loops over 30 values', ['next.list.all(x, next.list.all(y, x < y || x >= y))'], undefined, {
    list: numbers.slice(0, 30),
  })
  const many = Array.from({ length: 45 }, () => 'next.text.matches("(a|b|c|d|e|x)*z")')
  measure(guard, '45 patterns on 1,024 characters', [`!(${many.join(' || ')})`], undefined, { text: 'x'.repeat(1_024) })
  const compared = Array.from({ length: 60 }, () => 'next.list == next.other').join(' || ')
  measure(guard, '60 comparisons of lists of 600 values', [compared], undefined, {
    list: numbers.slice(0, 600),
    other: [...numbers.slice(0, 599), 0],
  })
  measure(
    guard,
    'sizes of a text of 16,000 characters',
    [Array.from({ length: 70 }, () => 'next.text.size() > 3').join(' && ')],
    undefined,
    { text: 'é'.repeat(16_000) },
  )
  measure(guard, 'FAIL: more steps than a question may take', ['next.list.all(x, next.list.all(y, x + y < 5000.0))'], undefined, {
    list: numbers,
  })
})

function measure(guard: Guard, label: string, cel: string[], cedar?: string, members: Partial<PolicyDocument> = {}): void {
  const texts = cel.map((text) => ({ kind: 'cel' as const, text }))
  const rules =
    cedar === undefined ? texts : [...texts, { kind: 'cedar' as const, text: `forbid (principal, action, resource) when { ${cedar} };` }]
  const compiled = guard.compileRules(
    rules.map((rule, index) => ({ ...RULE, ...rule, id: `rule-${String(index).padStart(2, '0')}`, digest: `${label} ${index}` })),
  )
  const question = { ...REQUEST, next: { ...REQUEST.next, ...members } }
  const times = Array.from({ length: ROUNDS }, () => {
    const since = processorMs()
    guard.judge(compiled, question)
    return processorMs() - since
  })
  const { verdict, rule = '' } = guard.judge(compiled, question)
  report(`${label} (${verdict} ${rule}; cold ${times[0]!.toFixed(1)} ms)`.padEnd(96), times.slice(1))
}

function processorMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

function crashing(): CedarModule {
  const statefulIsAuthorized = (): never => {
    throw new RangeError('unreachable')
  }
  return { ...loadCedar(), statefulIsAuthorized }
}

const RULE: GuardRule = { id: '', version: '1.0.0', digest: '', kind: 'cel', text: '', message: 'no', severity: 'deny', when: ['approve'] }
const POLICY: PolicyDocument = { id: 'pm25-limit', version: '2.0.0', effective: '2024-09-01T00:00:00Z', limit: 25, tags: ['air'] }
const REQUEST: GuardRequest = {
  action: 'approve',
  principal: { kind: 'person', id: 'epa-chief', name: 'EPA Chief', roles: ['official'] },
  next: POLICY,
  previous: POLICY,
  author: 'Air Office',
  authors: ['air-office'],
  approvers: 'official',
  plan: PLAN,
  stage: null,
}
