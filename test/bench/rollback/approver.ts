import { decide, prepareApproval, signApproval, submitApproval } from '#libs/client'
import { HmsError, type RunView } from '#libs/contracts'
import type { Signer } from '#libs/signing'
import { LooseApi } from '../../support/loose-api.js'
import { until } from '../../support/processes.js'
import { openSigner } from '../open-signer.js'

const ANSWER_MS = 15_000
const ENDED_MS = 30_000
const UNAVAILABLE = 503

/** A person with a key. Approves without the command, which would take longer than what it asks for. */
export class Approver {
  private approved = 0

  private constructor(
    private readonly api: LooseApi,
    private readonly signer: Signer,
  ) {}

  static async open(url: string, dataDir: string): Promise<Approver> {
    return new Approver(new LooseApi({ url, timeoutMs: ANSWER_MS }), await openSigner(dataDir))
  }

  /** The next version of a policy, `N.0.0`; the number of its run. */
  async approve(id: string, plan: Parameters<typeof prepareApproval>[2]): Promise<number> {
    const policy = { id, version: `${++this.approved}.0.0`, effective: '2024-09-01T00:00:00Z', limit: this.approved }
    const prepared = await answered(() => prepareApproval(this.api, [policy], plan))
    const signatures = await signApproval(prepared, this.signer)
    return (await answered(() => submitApproval(this.api, prepared, signatures))).run!
  }

  async abort(run: number): Promise<void> {
    await decide(this.api, run, 'abort', { reason: 'drill', signer: this.signer, waitMs: ANSWER_MS })
    await this.ended(run)
  }

  async ended(run: number): Promise<void> {
    await until(`run ${run} has ended`, async () => (await this.show(run)).endedAt !== null, ENDED_MS)
  }

  show(run: number): Promise<RunView> {
    return answered(() => this.api.get<RunView>(`/v1/runs/${run}`))
  }
}

/** Asks again while the edge waits for an instance: what is asked here counts once however often it arrives. */
async function answered<T>(ask: () => Promise<T>): Promise<T> {
  let answer: { is: T } | undefined
  const isThere = async (): Promise<boolean> => {
    try {
      answer = { is: await ask() }
      return true
    } catch (error) {
      if (error instanceof HmsError && error.status === UNAVAILABLE) return false
      throw error
    }
  }
  await until('somebody answers', isThere, ANSWER_MS)
  return answer!.is
}
