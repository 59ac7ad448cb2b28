import { ApiClient, prepareApproval, signApproval, statement, submitApproval } from '#libs/client'
import type { PolicyView, PrepareRequest, RunView } from '#libs/contracts'
import { parsePolicy } from '#libs/policy'
import type { Signer } from '#libs/signing'
import type { MemorySystem } from './memory-system.js'

/** People and operators at work on a memory system. */
export class PipelineDriver {
  readonly api: ApiClient

  constructor(private readonly system: MemorySystem) {
    this.api = new ApiClient({ url: system.url, timeoutMs: 20_000, authorize: statement(async () => system.operator, () => system.clock.now()) })
  }

  /** Prepares, signs as "EPA Chief" (`signer` by name, `by` with a key of one's own) and submits; answers the run's number. `policies` are `ID@VERSION=LIMIT`. */
  async approve(policies: string[], plan: PrepareRequest['plan'] = {}, options: { queue?: boolean; signer?: string; by?: Signer; tags?: string[] } = {}): Promise<number> {
    const documents = policies.map((text) => {
      const [, id, version, limit] = /^(.+)@(.+)=(\d+)$/.exec(text)!
      const parsed = parsePolicy(`id: ${id}\nversion: ${version}\neffective: 2024-09-01T00:00:00Z\nlimit: ${limit}\ntags: [${(options.tags ?? []).join(', ')}]\n`, `${id}.yaml`)
      if (!parsed.ok) throw new Error(parsed.findings[0]!.message)
      return parsed.source.policy
    })
    const prepared = await prepareApproval(this.api, documents, plan, { queue: options.queue })
    const signatures = await signApproval(prepared, options.by ?? this.system.signers.get(options.signer ?? 'EPA Chief')!)
    return (await submitApproval(this.api, prepared, signatures)).run!
  }

  show(run: number): Promise<RunView> {
    return this.api.get<RunView>(`/v1/runs/${run}`)
  }

  async limit(id: string): Promise<unknown> {
    return (await this.api.get<PolicyView>(`/v1/policies/${id}`)).value['limit']
  }

  /** Waits without moving time. */
  async whenState(run: number, state: string): Promise<void> {
    while ((await this.show(run)).state !== state) await this.system.settle()
  }
}
