import { BY_BUILD, peekPredicate, type AuditAct, type Envelope, type EventData, type EventType } from '#libs/contracts'
import { rollbackOf } from '#libs/signing'

type ReadAct<T extends EventType> = (data: EventData[T]) => AuditAct | undefined

/** Functions that read the act of people from a kept event, by its type. Rosters need none: they have no reason, only signers. */
const ACTS: { [T in EventType]?: ReadAct<T> } = {
  'hms.approval.rejected.v1': ({ by, statement, ...reasons }) => actOf('reject', [by], reasons, [statement]),
  'hms.run.decided.v1': ({ decision, by, reason }) => actOf(decision, [by], { reason }, []),
  // `supersede` gets no statement: the approval of the newer run contains the release that people signed.
  'hms.run.decision-accepted.v1': ({ decision, by, statement, ...reasons }) =>
    actOf(decision, [by], reasons, decision === 'supersede' ? [] : [statement]),
  'hms.ticket.closed.v1': ({ ticket: { decided } }) =>
    decided === null
      ? undefined
      : actOf(decided.decision, [decided.by], decided, decided.statement === undefined ? [] : [decided.statement]),
  'hms.freeze.declared.v1': ({ freeze: { by, reason, statement } }) => actOf('freeze', [by], { reason }, [statement]),
  'hms.freeze.lifted.v1': ({ freeze: { lifted } }) =>
    lifted === null ? undefined : actOf('lift', [lifted.by], { reason: lifted.reason }, [lifted.statement]),
  // No statements, because people signed the releases themselves.
  'hms.rollout.promoted.v1': ({ change, heads }) =>
    change === undefined
      ? undefined
      : {
          ...actOf(change.cause === 'break-glass' ? 'break-glass' : 'approve', change.by, change, []),
          policies: heads.map(({ policy: id, version, from }) => ({ id, version, ...(from === undefined ? {} : { from }) })),
        },
  'hms.dead-letter.closed.v1': ({ state, by, reason, statement }) => {
    const [said, statements] = statement === undefined ? [{ reason }, []] : [peekPredicate<{ reason: string }>(statement), [statement]]
    return by.startsWith(BY_BUILD) ? undefined : actOf(state === 'replayed' ? 'replay' : 'discard', [by], said, statements)
  },
  'hms.rollout.withdrawn.v1': ({ by, statements, ...reasons }) => actOf('withdraw', by, reasons, statements),
  'hms.rollout.reversed.v1': ({ change, policy, to }) => {
    if (change === undefined) return undefined
    const { by, statements, ...reasons } = change
    // A rollback without statements is a signed release of its own.
    const signed = statements.length === 0 && to !== null && rollbackOf(to) !== undefined ? [{ envelope: to.envelope }] : statements
    return { ...actOf('rollback', by, reasons, []), policies: [{ id: policy, version: to?.version ?? null }], statements: signed }
  },
}

/** Decisions in events that the log does not keep whole, or that state no reason; it keeps the names of their signers. */
const SIGNED: { [T in EventType]?: string } = {
  'hms.approval.approved.v1': 'sign',
  'hms.token.issued.v1': 'issue',
  'hms.token.revoked.v1': 'revoke',
  'hms.roster.rotated.v1': 'rotate',
  'hms.delivery.redriven.v1': 'redrive',
  'hms.partner.resubscribed.v1': 'resubscribe',
}

/** Returns the act of an entry whose event is not kept. `by`: names of the signers; `policies`: releases that the entry proves. */
export function signedAct(type: string, by: string[], policies: { id: string; version: string }[]): AuditAct[] {
  const decision = SIGNED[type as EventType]
  return decision === undefined || by.length === 0 ? [] : [{ by, decision, policies, reason: null, statements: [] }]
}

function actOf(
  decision: string,
  by: string[],
  { reason, publicReason }: { reason: string | null; publicReason?: string },
  envelopes: readonly Envelope[],
): AuditAct {
  const statements = envelopes.map((envelope) => ({ envelope }))
  return { by, decision, reason, ...(publicReason === undefined ? {} : { publicReason }), statements }
}

/** Returns the acts of people in an event, with their reasons. Empty for an event that no person caused, or a malformed one. */
export function actsOf({ type, data }: { type: string; data: unknown }): AuditAct[] {
  const read = ACTS[type as EventType] as ((data: unknown) => AuditAct | undefined) | undefined
  try {
    const act = read?.(data)
    return act === undefined ? [] : [act]
  } catch {
    // The log records a malformed event too.
    return []
  }
}

export function isAct(type: string): boolean {
  return Object.hasOwn(ACTS, type)
}
