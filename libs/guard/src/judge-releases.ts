import { action, type GuardJudged, HmsError, peekPredicate, type ReleaseDocument, type StageName, stepsOf } from '#libs/contracts'
import type { PolicyDocument } from '#libs/policy'
import {
  approvalRequirement,
  approvalState,
  authorsOf,
  type Principal,
  readRelease,
  type ReleasePredicate,
  type Roster,
  unlessRefused,
  witnessedAt,
} from '#libs/signing'
import { describe } from './compile.js'
import { tooManyRules, type Guard } from './guard.js'
import {
  applies,
  GUARD_ACTIONS,
  type GuardAction,
  type GuardPrincipal,
  type GuardRequest,
  type GuardRule,
  type GuardVerdict,
  isGuardPolicy,
  MAX_RULES,
} from './rule.js'
import { readRule } from './read-rule.js'

/** Request to judge the releases of a run, a signature or a rollback. */
export interface JudgeRequest {
  action: GuardAction
  principal: GuardPrincipal
  releases: readonly ReleaseDocument[]
  live: Readonly<Record<string, ReleaseDocument | null | undefined>>
  rules: readonly ReleaseDocument[]
  stage?: StageName
}

/** Judges a bundle policy by policy; the strictest verdict applies to all. Any error denies. */
export function judgeReleases(guard: Guard, roster: Roster, request: JudgeRequest): GuardVerdict {
  try {
    const rules = rulesOfReleases(request.rules, roster)
    // Decodes each release once for all rules.
    const requests = requestsOf(request, roster)
    const excess = tooManyRules(rules.filter((rule) => requests.some((request) => applies(rule, request))))
    if (excess !== undefined) return { verdict: 'FAIL', ...excess, ruleDigests: [] }
    const compiled = guard.compileRules(rules)
    const verdicts = requests.map((request) => guard.judge(compiled, request))
    const strictest = (['FAIL', 'WARN', 'PASS'] as const).flatMap((verdict) => verdicts.filter((each) => each.verdict === verdict))[0]
    if (strictest === undefined) throw new RangeError('the request names no release')
    return { ...strictest, ruleDigests: [...new Set(verdicts.flatMap((verdict) => verdict.ruleDigests))].sort() }
  } catch (error) {
    return {
      verdict: 'FAIL',
      rule: 'hms/guard@1',
      sentence: `This request could not be evaluated, so it is denied: ${describe(error)}.`,
      ruleDigests: [],
    }
  }
}

/** Returns the rules in force that apply to these releases, for a dossier; at most `MAX_RULES` + 1, because an excess makes stages deny. */
export function rulesForRun(
  roster: Roster,
  { releases, live, rules }: Pick<JudgeRequest, 'releases' | 'live' | 'rules'>,
): ReleaseDocument[] {
  const parsed = rulesOfReleases(rules, roster)
  const requests = releases.map((release) => ({
    action: 'advance' as const,
    next: policyOf(release)!,
    previous: policyOf(live[release.id]),
  }))
  const applicable = rules.filter((_, index) => requests.some((question) => applies(parsed[index]!, question)))
  return applicable.slice(0, MAX_RULES + 1)
}

export function isGuardRelease(release: ReleaseDocument | null): boolean {
  const policy = policyOf(release)
  return policy !== null && isGuardPolicy(policy)
}

export function principalOf(roster: Roster, { id, name, kind }: Pick<Principal, 'id' | 'name' | 'kind'>): GuardPrincipal {
  return { kind, id, name, roles: roster.rolesOf(id) }
}

/** Builds the published form of a verdict. The publishing service adds its attestation. */
export function publishedVerdict(
  { verdict, rule, sentence, ruleDigests }: GuardVerdict,
  asked: JudgeRequest,
  run: number | null,
): Omit<GuardJudged, 'attestation'> {
  const releases = asked.releases.map((release) => release.releaseDigest)
  const published = { verdict, rule: rule ?? null, sentence, rules: ruleDigests }
  return { action: asked.action, run, stage: asked.stage ?? null, ...published, releases, principal: asked.principal.id }
}

/** Builds the error response for a FAIL. */
export function refusalOf({ rule, sentence }: GuardVerdict, { releases }: JudgeRequest): HmsError {
  const detail = `Guard ${rule}: ${sentence}`
  return new HmsError('HMS_GUARD_DENIED', detail, { status: 422, next: releases.map(({ id }) => action('get', { policy: id })) })
}

/** Builds one request for each step of the plan and each release. */
function requestsOf({ action, principal, releases, live, stage }: JudgeRequest, roster: Roster): GuardRequest[] {
  return releases.flatMap((release) => {
    const { predicate } = readRelease(release.envelope)
    const { policy, author, plan } = predicate
    const next = policy as PolicyDocument
    const authors = authorsOf(roster, author).map(({ id }) => id)
    const about = { next, previous: policyOf(live[release.id]), author, authors, approvers: approversOf(roster, predicate) }
    return stepsOf(plan).map((step) => ({ action, principal, ...about, plan: { ...plan, ...step }, stage: stage ?? null }))
  })
}

function approversOf(roster: Roster, release: ReleasePredicate): string | null {
  try {
    return approvalRequirement(roster, release).role
  } catch {
    // No role of the roster may approve the release.
    return null
  }
}

function policyOf(release: ReleaseDocument | null | undefined): PolicyDocument | null {
  return release === null || release === undefined ? null : peekPredicate<{ policy: PolicyDocument }>(release.envelope).policy
}

/**
 * Returns the rules of these releases. An invalid rule, or a rule without the approvals that the roster requires (as of the time when
 * witnesses saw it, if proven: ADR 0086), is not omitted: it becomes a rule with a `problem`, which denies all that it may apply to.
 */
export function rulesOfReleases(releases: readonly ReleaseDocument[], roster: Roster): GuardRule[] {
  return releases.map((release) => {
    try {
      return ruleOf(release, roster)
    } catch (error) {
      return untrustedRule(release, describe(error))
    }
  })
}

function ruleOf(release: ReleaseDocument, roster: Roster): GuardRule {
  // The signed content counts, not unsigned members of the message.
  const opened = readRelease(release.envelope)
  const { predicate, digest } = opened
  const policy = predicate.policy as PolicyDocument
  const known = { id: policy.id, version: policy.version, releaseDigest: digest }
  if (!isGuardPolicy(policy)) return untrustedRule(known, 'its policy is not a guard rule')
  const read = readRule(policy)
  if (!read.ok) return untrustedRule(known, read.problems[0]!.message)
  const at = release.proof && unlessRefused(() => witnessedAt(opened, release.proof!, roster), undefined)
  const { complete, missing } = approvalState(roster, opened, at)
  if (!complete) return { ...read.rule, digest, problem: `its release lacks approval by ${missing.join(', ')}` }
  return { ...read.rule, digest }
}

function untrustedRule(
  { id, version, releaseDigest }: Pick<ReleaseDocument, 'id' | 'version' | 'releaseDigest'>,
  problem: string,
): GuardRule {
  const placeholder = { kind: 'cel', text: 'false', message: problem, severity: 'deny' } as const
  return { id, version, digest: releaseDigest, ...placeholder, when: [...GUARD_ACTIONS], problem }
}
