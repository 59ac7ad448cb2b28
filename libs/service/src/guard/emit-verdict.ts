import { publishedVerdict, type JudgeRequest, type GuardVerdict } from '#libs/guard'
import type { EmitOptions, Outbox } from '#libs/messaging'
import type { Transaction } from '#libs/persistence'
import { hexOf, signVerificationResult, type Signer, type VerificationResult } from '#libs/signing'

/** Identifies the guard, with the version of its definition and engines. */
const GUARD = 'https://hms-svc.dev/verifier/guard/v1'

const PROPERTIES: Record<GuardVerdict['verdict'], string[]> = {
  PASS: ['HMS_SVC_GUARD_ALLOWED'],
  WARN: ['HMS_SVC_GUARD_ALLOWED', 'HMS_SVC_GUARD_WARNED'],
  FAIL: [],
}

/** Publishes a guard verdict, signed as a verification result of the judged releases. */
export async function emitVerdict(
  outbox: Outbox,
  signer: Signer,
  tx: Transaction,
  verdict: GuardVerdict,
  asked: JudgeRequest,
  options: EmitOptions,
): Promise<void> {
  const { run = null, attempt = null } = options
  const policies = verdict.ruleDigests.map((digest) => ({ name: 'guard rule', digest: { sha256: hexOf(digest) } }))
  const result: VerificationResult = {
    verifier: { id: GUARD, policies },
    timeCreated: tx.now.toISOString(),
    properties: PROPERTIES[verdict.verdict],
  }
  const attestation = await signVerificationResult(result, { run, attempt, releases: asked.releases }, signer)
  await outbox.emit(tx, 'hms.guard.judged.v1', { ...publishedVerdict(verdict, asked, run), attestation }, options)
}
