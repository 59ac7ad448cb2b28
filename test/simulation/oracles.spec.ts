import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { peekPredicate, type Envelope, type EventData, type RunState } from '#libs/contracts'
import type { HeadPredicate } from '#libs/signing'
import { testIdentity } from '../support/identity.js'
import type { Emitted, Evidence } from './evidence.js'
import { judge, ORACLES } from './oracles.js'
import { QUICK_SEAL } from './quick-events.js'
import { useQuickSignatures } from './quick-signatures.js'
import { calm, simulate } from './simulate.js'
import { layGround } from './harness.js'

type Forgery = (evidence: Evidence) => Evidence

const event = (evidence: Evidence, type: string): Emitted => evidence.emitted.find((emitted) => emitted.type === type)!
const ended = (data: EventData['hms.run.changed.v1']): EventData['hms.run.changed.v1'] => ({ view: { ...data.view, state: 'FAILED' } })

type Stored = Evidence['documents'][number]

/** The same document, or signed head, with a head that says something else. */
function withHead<T extends { head: Envelope }>(carrier: T, change: Partial<HeadPredicate>): T {
  const statement = JSON.parse(Buffer.from(carrier.head.payload, 'base64').toString()) as { predicate: object }
  const payload = Buffer.from(JSON.stringify({ ...statement, predicate: { ...statement.predicate, ...change } })).toString('base64')
  return { ...carrier, head: { ...carrier.head, payload } }
}

/** The first canary that a store had, and a stable document of its policy on which it stands, unless it is changed. */
function canaryIn({ revisions }: Evidence, change: Partial<HeadPredicate>) {
  const all = revisions.flatMap(({ documents, at }) => documents.map((document) => ({ document, at })))
  const { document, at } = all.find(({ document: { scope } }) => scope !== 'global')!
  const { base = null } = peekPredicate<HeadPredicate>(document.head)
  const global = all.find(({ document: { id, scope } }) => scope === 'global' && id === document.id)!.document
  return {
    canary: { document: withHead(document, change), at },
    stable: (more: Partial<HeadPredicate>) => withHead(global, { current: base, sinceSeq: undefined, ...more }),
  }
}

/** One revision after the other, all at the time of the canary. */
function inTurn({ at }: { at: string }, documents: Stored[]): Evidence['revisions'] {
  return documents.map((document, index) => ({ revision: index + 1, documents: [document], at }))
}

/** For each oracle what it must see, made into the evidence of a seed in which nothing went wrong. */
const FORGERIES: Record<keyof typeof ORACLES, Forgery> = {
  'I1 every accepted run ends once': (evidence) => {
    const last = evidence.emitted.findLast(({ type }) => type === 'hms.run.changed.v1')!
    return { ...evidence, emitted: [...evidence.emitted, { ...last, data: ended(last.data as never) as never }] }
  },
  'I2 each effect at most once': (evidence) => ({ ...evidence, emitted: [...evidence.emitted, event(evidence, 'hms.canary.passed.v1')] }),
  'I2 heads are numbered once': (evidence) => ({ ...evidence, emitted: [...evidence.emitted, event(evidence, 'hms.head.issued.v1')] }),
  'I2 partners are notified once': (evidence) => ({ ...evidence, deliveries: [...evidence.deliveries, evidence.deliveries[0]!] }),
  'I3 no acknowledged approval is lost': (evidence) => ({ ...evidence, accepted: new Set([...evidence.accepted, 99]) }),
  'I4 each handler sees each key in order': (evidence) => ({ ...evidence, sightings: [...evidence.sightings, evidence.sightings[0]!] }),
  'I5 audit has each event once': (evidence) => ({ ...evidence, audited: evidence.audited.slice(0, -1) }),
  'I6 store, rollout, approver and log agree': (evidence) => ({
    ...evidence,
    policies: evidence.policies.map((policy) => ({ ...policy, live: null })),
  }),
  'I7 no canary outlives its run': (evidence) => {
    const issued = event(evidence, 'hms.head.issued.v1').data as unknown as EventData['hms.head.issued.v1']
    const canary = evidence.documents.find(({ scope }) => scope !== 'global')!
    const runs = evidence.runs.map((record) => ({
      ...record,
      facts: { ...record.facts, ended: { ...record.facts.ended!, state: 'FAILED' as const } },
    }))
    return { ...evidence, runs, now: new Date(evidence.emitted[0]!.time), documents: [{ ...canary, head: issued.heads[0]!.head }] }
  },
  'I13 no rule before its time, and each at it': (evidence) => ({
    ...evidence,
    revisions: evidence.revisions.map((revision) => ({ ...revision, at: '2000-01-01T00:00:00Z' })),
  }),
  'I14 what waits for a freeze waits until its end': (evidence) => {
    const started = event(evidence, 'hms.canary.started.v1')
    const statement = { payloadType: '', payload: '', signatures: [] }
    const freeze = { id: 'drill', reason: '', scope: 'global', by: '', declaredAt: '2000-01-01T00:00:00Z', statement, lifted: null }
    const delayed = { ...started, type: 'hms.canary.delayed.v1', data: { ...(started.data as object), reason: 'FREEZE' } as never }
    const declared = { ...started, producer: 'approver' as const, type: 'hms.freeze.declared.v1', data: { freeze } as never }
    return { ...evidence, emitted: [declared, delayed, started] }
  },
  'I16 a superseded run names its successor and ends first': (evidence) => ({
    ...evidence,
    runs: evidence.runs.map((record) => ({
      ...record,
      facts: { ...record.facts, ended: { ...record.facts.ended!, state: 'SUPERSEDED' as const } },
    })),
  }),
  'I27 what was superseded is in force nowhere': (evidence) => ({
    ...evidence,
    runs: evidence.runs.map((record) => ({
      ...record,
      facts: { ...record.facts, ended: { ...record.facts.ended!, state: 'SUPERSEDED' as const } },
    })),
  }),
  'I28 a canary that has ended does not wake': (evidence) => {
    const { canary, stable } = canaryIn(evidence, {})
    const promoted = event(evidence, 'hms.rollout.promoted.v1').data as unknown as EventData['hms.rollout.promoted.v1']
    const left = { current: 'sha256:other', seq: promoted.heads.find(({ policy }) => policy === canary.document.id)!.seq }
    return { ...evidence, revisions: inTurn(canary, [stable({}), canary.document, stable(left), stable({})]) }
  },
  'I29 a canary is passed over only where stable moved': (evidence) => {
    const { canary, stable } = canaryIn(evidence, { baseSeq: 1 })
    return { ...evidence, revisions: inTurn(canary, [stable({ sinceSeq: 999 }), canary.document]) }
  },
  'I30 no reader uses a part of a bundle': (evidence) => {
    const { canary, stable } = canaryIn(evidence, {})
    const { base } = peekPredicate<HeadPredicate>(canary.document.head)
    const size = { bundle: { digest: 'sha256:both', size: 2 }, share: 10_000, current: 'sha256:new', expires: '2999-01-01T00:00:00Z' }
    const [one, other] = ['pm25', 'ozone'].map((policy) => {
      const release = canary.document.release
      return withHead({ ...canary.document, id: policy, release }, { ...size, policy, base, run: 1 })
    })
    const [below, beside] = [stable({}), { ...stable({ policy: 'ozone' }), id: 'ozone' }]
    return { ...evidence, revisions: inTurn(canary, [below, beside, one!, withHead(other!, { share: 1 })]) }
  },
  'I31 no canary is stored that stable has left': (evidence) => {
    const { canary, stable } = canaryIn(evidence, { baseSeq: 1 })
    return { ...evidence, revisions: inTurn(canary, [stable({ sinceSeq: 2 }), canary.document]) }
  },
  'I24 a cohort only grows': (evidence) => {
    const at = evidence.emitted.findIndex(({ type, producer }) => type === 'hms.head.issued.v1' && producer === 'canary-controller')
    const issued = evidence.emitted[at]!
    const { heads } = issued.data as unknown as EventData['hms.head.issued.v1']
    const smaller = heads.map((signed) => withHead(signed, { share: 1 }))
    return { ...evidence, emitted: evidence.emitted.toSpliced(at + 1, 0, { ...issued, data: { ...issued.data, heads: smaller } as never }) }
  },
  'I25 no canary is shown first in a freeze': (evidence) => {
    const statement = { payloadType: '', payload: '', signatures: [] }
    const freeze = { id: 'drill', reason: '', scope: 'global', by: '', declaredAt: '2000-01-01T00:00:00Z', statement, lifted: null }
    const declared = { ...evidence.emitted[0]!, producer: 'approver' as const, type: 'hms.freeze.declared.v1', data: { freeze } as never }
    const heard = { consumer: 'canary-controller', producer: 'approver', topic: 'hms.freeze.v1', key: 'drill', keySeq: 1, id: declared.id }
    return {
      ...evidence,
      emitted: [...evidence.emitted, declared],
      sightings: [...evidence.sightings, { ...heard, at: '2000-01-01T00:00:00Z' }],
    }
  },
  'I26 no canary begins where another bakes': (evidence) => {
    const passed = event(evidence, 'hms.canary.passed.v1')
    const issued = evidence.emitted.find(({ type, producer }) => type === 'hms.head.issued.v1' && producer === 'canary-controller')!
    const { heads } = issued.data as unknown as EventData['hms.head.issued.v1']
    const others = heads.map((signed) => withHead(signed, { policy: 'ozone', run: 99 }))
    const later = new Date(Date.parse(passed.time) + 1).toISOString()
    const beside = { ...issued, id: 'beside', time: later, data: { ...(issued.data as object), heads: others } as never }
    return { ...evidence, emitted: [...evidence.emitted.filter(({ type }) => type !== 'hms.rollout.held.v1'), beside] }
  },
  'I18 one canary per region at a time': (evidence) => {
    const at = evidence.emitted.findIndex(({ type, producer }) => type === 'hms.head.issued.v1' && producer === 'canary-controller')
    const issued = evidence.emitted[at]!
    const { heads } = issued.data as unknown as EventData['hms.head.issued.v1']
    const others = heads.map((signed) => withHead(signed, { policy: 'ozone', run: 99 }))
    return { ...evidence, emitted: evidence.emitted.toSpliced(at + 1, 0, { ...issued, data: { ...issued.data, heads: others } as never }) }
  },
  'I17 a run waits until the time of its rule': (evidence) => {
    const completed = event(evidence, 'hms.rollout.completed.v1')
    const held = { ...completed, type: 'hms.rollout.held.v1', data: { until: '2999-01-01T00:00:00Z', detail: '' } as never }
    return { ...evidence, emitted: [...evidence.emitted, held] }
  },
  'I15 a run has one ticket for each question': (evidence) => {
    const ended = { state: 'FAILED' as const, reason: 'POISONED', detail: '', at: '' }
    const runs = evidence.runs.map((record) => ({ ...record, facts: { ...record.facts, endedEarly: ended, ended } }))
    return { ...evidence, runs }
  },
  'I19 what was withdrawn stays out': (evidence) => {
    const promoted = event(evidence, 'hms.rollout.promoted.v1')
    const { policy, release, version } = (promoted.data as unknown as EventData['hms.rollout.promoted.v1']).heads[0]!
    const data = { policy, from: { version, digest: release }, seq: 0 } as never
    return { ...evidence, emitted: [...evidence.emitted, { ...promoted, type: 'hms.rollout.withdrawn.v1', data }] }
  },
  'I20 no head shows what too few signed': (evidence) => {
    const emitted = evidence.emitted.map((each) => {
      if (each.type !== 'hms.head.issued.v1') return each
      const issued = each.data as unknown as EventData['hms.head.issued.v1']
      const heads = issued.heads.map(({ release, ...head }) => ({ ...head, release: release && { ...release, signatures: [] } }))
      return { ...each, data: { ...issued, heads } as never }
    })
    return { ...evidence, emitted }
  },
  'I21 a retry measures again': (evidence) => {
    const last = evidence.emitted.findLast(({ type }) => type === 'hms.run.changed.v1')!
    const { view } = last.data as unknown as EventData['hms.run.changed.v1']
    return { ...evidence, emitted: [...evidence.emitted, { ...last, data: { view: { ...view, attempt: 2 } } as never }] }
  },
  'I22 break-glass has its review': (evidence) => {
    const review = { ticket: 1, dueAt: '', state: 'OPEN' as const }
    const breakGlass = { reason: '', by: ['EPA Chief', 'EPA Counsel'], review }
    return { ...evidence, runs: evidence.runs.map((record) => ({ ...record, facts: { ...record.facts, breakGlass } })) }
  },
  'I23 a reverted version is reinstated only by a later decision': (evidence) => {
    const last = evidence.emitted.findLast(({ type }) => type === 'hms.run.changed.v1')!
    const { view } = last.data as unknown as EventData['hms.run.changed.v1']
    const other = { ...last, time: '2999-01-01T00:00:00Z', data: { view: { ...view, run: 99, state: 'ROLLED_BACK' } } as never }
    return { ...evidence, emitted: [other, ...evidence.emitted] }
  },
  'I8 nothing waits': (evidence) => ({ ...evidence, parked: [{ service: 'audit', count: 1 }] }),
  'I10 one bot vetoes nothing': (evidence) => ({
    ...evidence,
    canaries: evidence.canaries.map((canary) => ({ ...canary, alerting: [{ bot: 'liar-1', alerts: 1 }] })),
  }),
  'I11 exactly one decision wins': (evidence) => {
    const decision = { id: 'sha256:1', decision: 'abort' as const, by: 'nobody', reason: '', at: '', outcome: 'applied' as const }
    return { ...evidence, runs: evidence.runs.map((record) => ({ ...record, facts: { ...record.facts, decisions: [decision] } })) }
  },
  'I12 a paused run ends by a decision or its deadline': (evidence) => {
    const last = evidence.emitted.findLast(({ type }) => type === 'hms.run.changed.v1')!
    const { view } = last.data as unknown as EventData['hms.run.changed.v1']
    const seen = (state: RunState): Emitted => ({ ...last, data: { view: { ...view, state } } as never })
    return { ...evidence, emitted: [...evidence.emitted, seen('PAUSED'), seen('CANARY')] }
  },
  'I9 no dead letter without a cause': (evidence) => {
    const { topic, key } = evidence.emitted[0]!
    const letter = {
      id: 'x',
      group: 'audit',
      topic,
      key,
      value: null,
      headers: {},
      position: '0:0',
      code: 'X',
      detail: 'x',
      run: null,
      tries: 1,
      state: 'waiting' as const,
      at: '',
    }
    return { ...evidence, deadLetters: [{ ...letter, service: 'audit' as const }] as Evidence['deadLetters'] }
  },
}

describe('the oracles', () => {
  let evidence: Evidence
  let restore: () => void

  beforeAll(async () => {
    restore = useQuickSignatures()
    const ground = await layGround(await testIdentity(), QUICK_SEAL)
    const outcome = await simulate(1, ground, calm)
    evidence = outcome.evidence!
  })
  afterAll(() => restore())

  it('are silent where nothing went wrong', () => {
    expect(judge(evidence)).toEqual([])
    expect(evidence.runs.length).toBeGreaterThan(0)
  })

  it('allow a canary over a first version that was reverted before any service was notified', () => {
    const { canary, stable } = canaryIn(evidence, { baseSeq: 1 })
    const revisions = inTurn(canary, [stable({ sinceSeq: 2 }), stable({ seq: 3 }), canary.document])
    expect(judge({ ...evidence, revisions }).map(({ oracle }) => oracle)).not.toContain('I31 no canary is stored that stable has left')
  })

  it.each(Object.keys(ORACLES))('%s: reports a violation', (name) => {
    expect(judge(FORGERIES[name]!(evidence)).map(({ oracle }) => oracle)).toContain(name)
  })
})
