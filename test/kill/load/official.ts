import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import {
  dataFolderPassphrase,
  decide,
  KeyFolder,
  loadIdentity,
  prepareApproval,
  signApproval,
  statement,
  submitApproval,
} from '#libs/client'
import { HmsError, type JsonObject, type RollbackResult, type RunDecisionName } from '#libs/contracts'
import { pause, systemClock } from '#libs/platform'
import { signFreeze, type Signer } from '#libs/signing'
import type { Ledger } from './ledger.js'
import { LooseApi } from '../../support/loose-api.js'

const ANSWER_MS = 5_000
const AGAIN_AFTER_MS = 250
const PATIENCE_MS = 90_000

/** What became of an approval, as far as the caller knows. `busy`: another run of the policy is under way. */
export type Outcome = { is: 'accepted'; run: number } | { is: 'busy'; run: number } | { is: 'refused' } | { is: 'unanswered' }

export interface Manner {
  /** Wait behind the active run. */
  queue?: boolean
  /** Hand the same signatures in by two calls at once. */
  twice?: boolean
  /** Give up at the first failure, as an impatient person does. */
  impatient?: boolean
}

/** Canaries of one region take turns: these are spread over so many that few wait for each other. The readers are in two of them. */
const REGIONS = ['NCR', 'VA', ...Array.from({ length: 48 }, (_, index) => `R${index}`)]

function regionOf([first]: JsonObject[]): string {
  const digits = /\d+$/.exec(String(first!['id']))?.[0] ?? '0'
  return `region:${REGIONS[Number(digits) % REGIONS.length]}`
}

/** A person with a key and the operator's, over HTTP, on a system that breaks all the time: what may be repeated is repeated. */
export class Official {
  private constructor(
    private readonly api: LooseApi,
    private readonly signer: Signer,
    private readonly installation: string,
    private readonly ledger: Ledger,
  ) {}

  static async open(url: string, dataDir: string, ledger: Ledger): Promise<Official> {
    const keys = join(dataDir, 'keys')
    const signer = await new KeyFolder(keys).open('EPA Chief', (await dataFolderPassphrase(keys))!)
    const identity = await loadIdentity(dataDir)
    const operator = { signer: identity.operatorSigner(), audience: identity.roster.installation }
    const api = new LooseApi({ url, timeoutMs: ANSWER_MS, authorize: statement(async () => operator) })
    return new Official(api, signer, operator.audience, ledger)
  }

  async approve(policies: JsonObject[], manner: Manner = {}): Promise<Outcome> {
    try {
      const prepared = await persist(this.ledger, () =>
        prepareApproval(this.api, policies, { observeMs: 0, bakeMs: 0, scope: regionOf(policies) }, { queue: manner.queue === true }),
      )
      const signatures = await signApproval(prepared, this.signer)
      const submit = (): Promise<{ run: number | null }> => submitApproval(this.api, prepared, signatures)
      try {
        const answers = await Promise.all(
          Array.from({ length: manner.twice === true ? 2 : 1 }, () =>
            manner.impatient === true ? submit() : persist(this.ledger, submit),
          ),
        )
        for (const { run } of answers)
          this.ledger.approvals.push({
            digest: prepared.digest,
            run: run!,
            policies: policies.map(({ id, version }) => ({ id: String(id), version: String(version) })),
          })
        return { is: 'accepted', run: answers[0]!.run! }
      } catch (error) {
        if (mayHaveWorked(error)) this.ledger.unanswered.push(prepared.digest)
        throw error
      }
    } catch (error) {
      if (mayHaveWorked(error)) return { is: 'unanswered' }
      const { code, state } = error as HmsError & { state?: { run?: number } }
      this.ledger.refused(code)
      return code === 'HMS_APPROVER_RUN_ACTIVE' && state?.run !== undefined ? { is: 'busy', run: state.run } : { is: 'refused' }
    }
  }

  /** Everywhere, from now on for so long. */
  async freeze(id: string, ms: number): Promise<void> {
    const at = new Date()
    const freeze = { id, reason: 'drill', scope: 'global', from: at.toISOString(), until: new Date(at.getTime() + ms).toISOString() }
    try {
      const signed = await signFreeze(freeze, { at, installation: this.installation }, this.signer)
      await persist(this.ledger, () => this.api.post('/v1/freezes', { statement: signed }))
    } catch (error) {
      if (!mayHaveWorked(error)) this.ledger.refused((error as HmsError).code)
    }
  }

  /** Repeated under one key: however often it arrives, it counts once. */
  async rollBack(policy: string, version: string): Promise<void> {
    const idempotencyKey = randomUUID()
    try {
      const { seq } = await persist(this.ledger, () =>
        this.api.post<RollbackResult>('/v1/rollbacks', { policy, version, reason: 'drill' }, { idempotencyKey }),
      )
      this.ledger.rollbacks.push({ policy, version, seq })
    } catch (error) {
      if (!mayHaveWorked(error)) this.ledger.refused((error as HmsError).code)
    }
  }

  /** A decision about a paused run. Another may have come first, or the run may have ended. */
  async decide(run: number, decision: RunDecisionName): Promise<void> {
    try {
      await persist(this.ledger, () => decide(this.api, run, decision, { reason: 'drill', signer: this.signer, waitMs: ANSWER_MS }))
      this.ledger.decisions++
    } catch (error) {
      if (!mayHaveWorked(error)) this.ledger.refused((error as HmsError).code)
    }
  }
}

function mayHaveWorked(error: unknown): boolean {
  return !(error instanceof HmsError) || error.status >= 500
}

async function persist<T>(ledger: Ledger, call: () => Promise<T>): Promise<T> {
  for (const until = Date.now() + PATIENCE_MS; ;) {
    try {
      return await call()
    } catch (error) {
      if (!mayHaveWorked(error) || Date.now() > until) throw error
      ledger.repeated++
      await pause(systemClock, AGAIN_AFTER_MS)
    }
  }
}
