import { CHANGE_CAUSES, isObject, type Change } from '#libs/contracts'
import { PREDICATE_TYPES } from './predicate-types.js'
import { isCount, isString, isText, listOf, nullable, objectOf, oneOf, optional } from './shape.js'
import { readerOf, signerOf, subjectOfPredicate, type StatementKind } from './statement-kind.js'

/** Reason for which rollout issued these stable heads. config-store stores it with the heads and never sends it to readers. */
export type ChangePredicate = Change & { heads: { policy: string; seq: number }[] }

const CHANGE: StatementKind<ChangePredicate> = {
  predicateType: PREDICATE_TYPES.change,
  shape: {
    cause: oneOf(...CHANGE_CAUSES),
    by: listOf(isText),
    reason: nullable(isString),
    publicReason: optional(isString),
    statements: listOf(objectOf({ envelope: isObject, body: optional(isString) })),
    heads: listOf(objectOf({ policy: isText, seq: isCount })),
  },
  subject: (change) => subjectOfPredicate(`${change.cause} of ${change.heads.map(({ policy }) => policy).join(', ')}`, change),
}

export const signChange = signerOf(CHANGE)

/** Reads a change; `keys` are rollout's keys. Throws `SignatureError`. */
export const readChange = readerOf(CHANGE)
