import { canonicalJson, isObject, type Json, type JsonObject } from '#libs/contracts'
import { isPolicyId, POLICY_KNOWN_KEYS, type PolicyDocument } from '#libs/policy'
import { GUARD_ACTIONS, MAX_RULE_BYTES, MAX_RULE_LENGTH, type GuardAction, type GuardRule } from './rule.js'

/** Problem of a rule. `pointer`: JSON pointer to the member of the policy. */
export interface RuleProblem {
  pointer: string
  message: string
  hint?: string
}

export type ReadRule = { ok: true; rule: Omit<GuardRule, 'digest'> } | { ok: false; problems: RuleProblem[] }

const KEYS = ['kind', 'rule', 'message', 'severity', 'when', 'policies', 'tags']
const DEFAULT_WHEN: GuardAction[] = ['approve', 'advance']
const MAX_MESSAGE_LENGTH = 300
const MAX_SELECTED = 50
const MISSING_RULE = { message: 'a policy tagged "guard" is a rule', hint: 'guard: { kind: cel, rule: "…", message: "…", severity: deny }' }

/** Reads the rule of a policy tagged `guard`: `guard: { kind, rule, message, severity, when?, policies?, tags? }`. Returns all problems. */
export function readRule(policy: PolicyDocument): ReadRule {
  const { guard } = policy
  if (!isObject(guard)) return { ok: false, problems: [{ pointer: guard === undefined ? '/tags' : '/guard', ...MISSING_RULE }] }
  const problems = [...unknownKeys(policy, guard), ...memberProblems(guard)]
  const bytes = Buffer.byteLength(canonicalJson(policy))
  if (bytes > MAX_RULE_BYTES) problems.push({ pointer: '', message: `a rule has at most ${MAX_RULE_BYTES} bytes, this has ${bytes}` })
  if (problems.length > 0) return { ok: false, problems }
  const { kind, rule, message, severity, when, policies, tags } = guard as unknown as Members
  const content = { kind, text: rule, message, severity, when: when ?? DEFAULT_WHEN }
  const selected = { ...(policies === undefined ? {} : { policies }), ...(tags === undefined ? {} : { tags }) }
  return { ok: true, rule: { id: policy.id, version: policy.version, ...content, ...selected } }
}

interface Members extends Pick<GuardRule, 'kind' | 'message' | 'severity' | 'policies' | 'tags'> {
  rule: string
  when?: GuardAction[]
}

function unknownKeys(policy: PolicyDocument, guard: JsonObject): RuleProblem[] {
  const beside = Object.keys(policy).filter((key) => key !== 'guard' && !(POLICY_KNOWN_KEYS as readonly string[]).includes(key))
  const inside = Object.keys(guard).filter((key) => !KEYS.includes(key))
  return [
    ...beside.map((key) => ({ pointer: `/${key}`, message: 'a rule has no rule data besides "guard"' })),
    ...inside.map((key) => ({
      pointer: `/guard/${key}`,
      message: `a rule has no key ${JSON.stringify(key)}`,
      hint: `keys are ${KEYS.join(', ')}`,
    })),
  ]
}

function memberProblems({ kind, rule, message, severity, when, policies, tags }: JsonObject): RuleProblem[] {
  const checks: [boolean, string, string][] = [
    [kind === 'cel' || kind === 'cedar', 'kind', '"kind" is cel or cedar'],
    [isText(rule, MAX_RULE_LENGTH), 'rule', `"rule" is a text of at most ${MAX_RULE_LENGTH} characters`],
    [
      isText(message, MAX_MESSAGE_LENGTH),
      'message',
      `"message" is one sentence of at most ${MAX_MESSAGE_LENGTH} characters for the caller it denies`,
    ],
    [severity === 'deny' || severity === 'warn', 'severity', '"severity" is deny or warn'],
    [
      when === undefined || isListOf(when, (value) => (GUARD_ACTIONS as readonly Json[]).includes(value)),
      'when',
      `"when" is a list of ${GUARD_ACTIONS.join(', ')}; empty puts it out of force`,
    ],
    [policies === undefined || isListOf(policies, isPolicyId), 'policies', `"policies" is a list of at most ${MAX_SELECTED} policy ids`],
    [tags === undefined || isListOf(tags, (tag) => isText(tag, 100)), 'tags', `"tags" is a list of at most ${MAX_SELECTED} tags`],
  ]
  return checks.filter(([right]) => !right).map(([, member, text]) => ({ pointer: `/guard/${member}`, message: text }))
}

function isListOf(value: Json, check: (item: Json) => boolean): boolean {
  return Array.isArray(value) && value.length <= MAX_SELECTED && value.every(check)
}

function isText(value: Json | undefined, max: number): value is string {
  return typeof value === 'string' && value.trim() !== '' && value.length <= max && !/\p{Cc}/u.test(value.replaceAll(/[\n\t]/g, ''))
}
