import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bearer, prepareApproval, signApproval, signedBy, submitApproval } from '#libs/client'
import {
  HmsError,
  type ApprovalSummary,
  type ApprovalView,
  type IssuedToken,
  type PlanOptions,
  type PreparedApproval,
} from '#libs/contracts'
import { parsePolicy, type PolicyDocument } from '#libs/policy'
import type { Signer } from '#libs/signing'
import { LooseApi } from '../support/loose-api.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'

const MINUTE_MS = 60_000
const policy = (version = '1.0.0', id = 'pm25'): PolicyDocument => {
  const parsed = parsePolicy(`id: ${id}\nversion: ${version}\neffective: 2024-09-01T00:00:00Z\nlimit: 35\n`, 'pm25.yaml')
  if (!parsed.ok) throw new Error('no policy')
  return parsed.source.policy
}

/** Preparing the same policy with another plan took an official's preparation away, with a key that may only read. */
describe('a preparation that an official is about to sign', () => {
  let system: MemorySystem
  let chief: Signer
  let counsel: Signer
  beforeEach(async () => {
    system = await startMemorySystem({ HMS_PROFILE: 'production', HMS_APPROVER_APPROVAL_EXPIRY: '20m' })
    chief = system.signers.get('EPA Chief')!
    counsel = system.signers.get('EPA Counsel')!
  })
  afterEach(() => system.stop())

  const now = (): Date => system.clock.now()
  const as = (signer: Signer): LooseApi => new LooseApi({ url: system.url, authorize: signedBy(signer, system.roster.installation, now) })
  const program = async (scope: string): Promise<LooseApi> => {
    const { token } = await as(system.operator).post<IssuedToken>('/v1/tokens', { scopes: [scope] })
    return new LooseApi({ url: system.url, authorize: bearer(token) })
  }
  const prepare = (api: LooseApi, plan: PlanOptions = {}, document = policy()): Promise<PreparedApproval> =>
    prepareApproval(api, [document], plan, {})
  const sign = async (prepared: PreparedApproval, signer: Signer): Promise<ApprovalView> =>
    submitApproval(as(signer), prepared, await signApproval(prepared, signer))
  const isThere = (digest: string): Promise<boolean> =>
    as(chief)
      .get<ApprovalSummary>(`/v1/approvals/${digest}`)
      .then(
        () => true,
        () => false,
      )
  const refusal = (call: Promise<unknown>): Promise<string> =>
    call.then(
      () => 'accepted',
      (error: unknown) => (error instanceof HmsError ? `${error.status} ${error.code}` : String(error)),
    )

  it('is out of reach for keys that may only read, or speak for a bot', async () => {
    for (const scope of ['read', 'bot:a', 'partner:p']) expect(await refusal(prepare(await program(scope)))).toBe('403 HMS_AUTH_SCOPE')
    expect(await refusal(prepare(new LooseApi({ url: system.url })))).toBe('401 HMS_AUTH_REQUIRED')
    expect(await refusal(prepare(await program('operate')))).toBe('accepted')
    expect(await refusal(prepare(as(counsel), { share: 700 }))).toBe('accepted')
  })

  it('stays while others prepare the same policy with other plans, and can be signed', async () => {
    const mine = await prepare(as(chief))
    const other = await program('operate')
    for (let share = 1; share <= 60; share++) await prepare(other, { share })
    expect(await isThere(mine.digest)).toBe(true)
    expect(await sign(mine, chief)).toMatchObject({ run: 1, missing: [] })
  }, 120_000)

  it('is evicted only by its own maker, however many others prepare', async () => {
    const mine = await prepare(as(chief))
    const other = await program('operate')
    for (let share = 1; share <= 60; share++) await prepare(other, { share })
    const table = await system.host.runtimes
      .get('approver')!
      .database.autocommit((tx) => tx.documents({ name: 'preparation', id: (row: { digest: string }) => row.digest, keys: {} }).count())
    expect(table).toBe(51)
    expect(await isThere(mine.digest)).toBe(true)
  }, 120_000)

  it('is found again by the same request, and is deleted at its expiry without a signature', async () => {
    const mine = await prepare(as(chief), { share: 300 })
    expect((await prepare(as(counsel), { share: 300 })).digest).toBe(mine.digest)
    await system.runUntil(async () => now().getTime() > Date.parse(mine.expiresAt) - MINUTE_MS, 20 * MINUTE_MS)
    expect(await isThere(mine.digest)).toBe(true)
    await system.runUntil(async () => !(await isThere(mine.digest)), 2 * MINUTE_MS)
    expect(await refusal(sign(mine, chief))).toBe('403 HMS_APPROVER_SIGNATURE_INVALID')
  })

  it('loses against a signed one: other signers countersign that, or get a conflict', async () => {
    const [first, second] = [await prepare(as(chief), { share: 300 }), await prepare(as(counsel), { share: 700 })]
    expect(first.digest).not.toBe(second.digest)
    expect(await sign(second, counsel)).toMatchObject({ run: 1 })
    expect(await refusal(sign(first, chief))).toBe('409 HMS_APPROVER_SIGNED_OTHERWISE')
    expect((await prepare(as(chief))).digest).toBe(second.digest)
    expect(await refusal(prepare(as(chief), { share: 300 }))).toBe('409 HMS_APPROVER_PLAN_DIFFERS')
  })
})
