import { peekPredicate, type Envelope } from '#libs/contracts'
import type { Database } from '#libs/persistence'
import { settleStatement, type Clock, type SignedStatement } from '#libs/platform'
import { checkSignatures, digestOfPayload, isSignedLately, type Roster } from '#libs/signing'
import { SetMetadata } from '@nestjs/common'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { routeConfig } from './require-scope.js'

export const SIGNED_BODY = 'hms:signed-body'

export interface ProofContext {
  roster: Roster
  database: Database
  now: Date
}

/**
 * Identifies the signer of a body by its first signature, which is verified only if its key id is known. `undefined` if no person of the
 * roster signed, or the statement has expired; the limits of the request's address apply then. The handler verifies everything itself.
 */
export type ProofOf = (request: Pick<FastifyRequest, 'body' | 'params'>, context: ProofContext) => Promise<SignedStatement | undefined>

/** Decorates a route with signed bodies: a request is rate-limited by its signer's key, without a valid signature by its address. */
export function SignedBody(proofOf: ProofOf): MethodDecorator {
  return (target, name, descriptor) => {
    routeConfig({ signedBody: true }, descriptor.value as object)
    SetMetadata(SIGNED_BODY, proofOf)(target, name, descriptor)
  }
}

/** Proof of a body whose member `statement` a person signed recently. */
export const proofOfStatement: ProofOf = async ({ body }, { roster, now }) => {
  const { statement } = (body ?? {}) as { statement?: Envelope }
  const { payload, signatures } = statement ?? {}
  if (typeof payload !== 'string' || !Array.isArray(signatures)) return undefined
  const keyid = keyThatSigned({ ...statement!, signatures: signatures.slice(0, 1) }, roster, now)
  if (keyid === undefined) return undefined
  const { at } = peekPredicate<{ at?: unknown }>(statement!)
  return typeof at === 'string' && isSignedLately(at, now) ? { keyid, id: digestOfPayload(statement!) } : undefined
}

/** Returns the key id of the person who signed an envelope with one signature, if the key is valid now. */
export function keyThatSigned(envelope: Envelope, roster: Roster, now: Date): string | undefined {
  const keyid: unknown = envelope.signatures[0]?.keyid
  if (typeof keyid !== 'string' || !roster.isLive(keyid, now.toISOString())) return undefined
  const key = roster.keysOfKind('person').get(keyid)
  if (key === undefined) return undefined
  try {
    return checkSignatures(envelope, new Map([[keyid, key]])).keyids[0]
  } catch {
    return undefined
  }
}

/** Rate-limits requests with signed bodies. */
export class SignedBodies {
  constructor(
    private readonly roster: () => Roster,
    private readonly databaseFor: (path: string) => Database,
    private readonly clock: Clock,
  ) {}

  /** Counts a request against its limit. Throws 429 `HMS_HTTP_TOO_MANY`. */
  async count(request: FastifyRequest, reply: FastifyReply, proofOf: ProofOf): Promise<void> {
    const database = this.databaseFor(request.url.split('?')[0]!)
    settleStatement(request, reply, await proofOf(request, { roster: this.roster(), database, now: this.clock.now() }))
  }
}
