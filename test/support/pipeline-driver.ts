import {
  decide,
  prepareApproval,
  prepareBreakGlass,
  prepareRollback,
  rejectApproval,
  signApproval,
  signRollback,
  statement,
  submitApproval,
  submitBreakGlass,
  withdrawPolicy,
} from '#libs/client'
import {
  isTerminal,
  type ApprovalSummary,
  type ApprovalView,
  type Freeze,
  type FreezeRecord,
  type FreezeView,
  type PolicyView,
  type PreparedApproval,
  type PrepareRequest,
  type RunDecisionName,
  type RunView,
  type WithdrawalResult,
} from '#libs/contracts'
import { parsePolicy, type PolicyDocument } from '#libs/policy'
import { digestOfPayload, signFreeze, signLift, type Signer } from '#libs/signing'
import { LooseApi } from './loose-api.js'
import type { MemorySystem } from './memory-system.js'

export interface ApproveOptions {
  queue?: boolean
  supersede?: boolean
  signer?: string
  by?: Signer
  tags?: string[]
  owner?: string
  author?: string
  committedBy?: Record<string, string>
  reason?: string
  /** When the policies take effect (RFC 3339); long ago without it. */
  effective?: string
}

/** Far more than any wait without time takes. */
const MAX_LOOKS = 5_000

/** People and operators at work on a memory system. */
export class PipelineDriver {
  readonly api: LooseApi

  constructor(private readonly system: MemorySystem) {
    this.api = new LooseApi({
      url: system.url,
      timeoutMs: 20_000,
      authorize: statement(
        async () => ({ signer: system.operator, audience: system.roster.installation }),
        () => system.clock.now(),
      ),
    })
  }

  /**
   * Prepares, signs as "EPA Chief" (`signer` by name, `by` with a key of one's own) and submits; answers the run's number. `policies` are
   * `ID@VERSION=LIMIT`, or `ID@VERSION=LIMIT from TIME` where each takes effect at another time.
   */
  async approve(policies: string[], plan: PrepareRequest['plan'] = {}, options: ApproveOptions = {}): Promise<number> {
    const { reason } = options
    const prepared = await this.prepare(policies, plan, options)
    const signatures = await signApproval(prepared, options.by ?? this.system.signers.get(options.signer ?? 'EPA Chief')!)
    return (await submitApproval(this.api, prepared, signatures, { reason })).run!
  }

  /** Prepares and submits break-glass that these people sign, each by name. */
  async breakGlass(policies: string[], signers: string[] = ['EPA Chief', 'EPA Counsel'], options: ApproveOptions = {}): Promise<number> {
    const prepared = await this.prepareBreakGlass(policies, options)
    const signatures = await Promise.all(signers.map((name) => signApproval(prepared, this.system.signers.get(name)!)))
    return (await submitBreakGlass(this.api, prepared, signatures)).run!
  }

  prepareBreakGlass(policies: string[], options: ApproveOptions = {}): Promise<PreparedApproval> {
    const { reason = 'wrong sensor', author } = options
    return prepareBreakGlass(this.api, documentsOf(policies, options), { reason, author })
  }

  /** Nobody has signed it then. */
  prepare(policies: string[], plan: PrepareRequest['plan'] = {}, options: ApproveOptions = {}): Promise<PreparedApproval> {
    const { queue, supersede, author, committedBy } = options
    return prepareApproval(this.api, documentsOf(policies, options), plan, { queue, supersede, author, committedBy })
  }

  /** Prepares and signs a rollback that no fallback allows. */
  async signRollback(policy: string, version: string, signer = 'EPA Chief', reason?: string): Promise<ApprovalView> {
    const rollback = await prepareRollback(this.api, { policy, version, ...(reason === undefined ? {} : { reason }) })
    return signRollback(this.api, rollback, this.system.signers.get(signer)!, { reason })
  }

  async withdraw(policy: string, signer = 'EPA Chief', reason = 'test'): Promise<WithdrawalResult> {
    return withdrawPolicy(this.api, policy, { reason, signer: this.system.signers.get(signer)!, at: this.system.clock.now() })
  }

  /** What one run waits for. */
  async waiting(run: number): Promise<ApprovalSummary> {
    const found = (await this.api.get<ApprovalSummary[]>('/v1/approvals')).find((approval) => approval.run === run)
    if (found === undefined) throw new Error(`run ${run} waits for nobody`)
    return found
  }

  async reject(digest: string, reason: string, signer: string): Promise<ApprovalView> {
    return rejectApproval(this.api, digest, reason, this.system.signers.get(signer)!)
  }

  /** Answers when the stage that owns the run has. */
  decide(run: number, decision: RunDecisionName, signer = 'EPA Chief', reason = 'test', byMs?: number): Promise<RunView> {
    return decide(this.api, run, decision, { reason, byMs, signer: this.system.signers.get(signer)!, at: this.system.clock.now() })
  }

  /** Everywhere and at once by default. */
  async freeze(freeze: Partial<Freeze> & { id: string }, signer = 'EPA Chief'): Promise<FreezeView> {
    const whole = { reason: 'drill', scope: 'global', ...freeze }
    const signed = await signFreeze(whole, this.signedFor(), this.system.signers.get(signer)!)
    return this.api.post<FreezeView>('/v1/freezes', { statement: signed })
  }

  async lift(id: string, signer = 'EPA Chief'): Promise<FreezeView> {
    const { statement: declaration } = await this.api.get<FreezeRecord>(`/v1/freezes/${id}`)
    const declared = digestOfPayload(declaration)
    const signed = await signLift({ id, declared, reason: 'over' }, this.signedFor(), this.system.signers.get(signer)!)
    return this.api.post<FreezeView>(`/v1/freezes/${id}/lift`, { statement: signed })
  }

  /** What a statement names that is signed now, for this system. */
  signedFor(): { at: Date; installation: string } {
    return { at: this.system.clock.now(), installation: this.system.roster.installation }
  }

  async provenance(id: string): Promise<PolicyView['provenance']> {
    return (await this.api.get<PolicyView>(`/v1/policies/${id}`)).provenance
  }

  show(run: number): Promise<RunView> {
    return this.api.get<RunView>(`/v1/runs/${run}`)
  }

  async limit(id: string): Promise<unknown> {
    return (await this.api.get<PolicyView>(`/v1/policies/${id}`)).value['limit']
  }

  /** Moves time until the run is there. */
  reaches(run: number, state: RunView['state'], within = 120_000): Promise<void> {
    return this.system.runUntil(async () => (await this.show(run)).state === state, within)
  }

  /** Moves time on by so much. */
  passes(ms: number): Promise<void> {
    const until = this.system.clock.now().getTime() + ms
    return this.system.runUntil(async () => this.system.clock.now().getTime() >= until, ms + 1_000)
  }

  /** Waits without moving time. Rejects with what it met instead when the run ends otherwise, or stands still elsewhere. */
  async whenState(run: number, state: string): Promise<void> {
    let view = await this.show(run)
    for (let looks = 0; view.state !== state && looks < MAX_LOOKS; looks++) {
      if (isTerminal(view.state)) throw new Error(`run ${run} should be ${state} and ended ${view.state}: ${wrongEndOf(view)}`)
      await this.system.settle()
      view = await this.show(run)
    }
    if (view.state !== state) throw new Error(`run ${run} should be ${state} and stands at ${view.state}: ${wrongEndOf(view)}`)
  }
}

function wrongEndOf({ reason, stages }: RunView): string {
  const told = stages.filter(({ verdict, detail }) => verdict !== 'PASS' && detail !== '').map(({ stage, detail }) => `${stage} ${detail}`)
  return [reason ?? 'no reason', ...told].join('; ')
}

function documentsOf(policies: readonly string[], options: ApproveOptions): PolicyDocument[] {
  return policies.map((text) => {
    const [, id, version, limit, from] = /^(.+)@(.+)=(\d+)(?: from (.+))?$/.exec(text)!
    const parsed = parsePolicy(
      `id: ${id}\nversion: ${version}\neffective: ${from ?? options.effective ?? '2024-09-01T00:00:00Z'}\nlimit: ${limit}\ntags: [${(options.tags ?? []).join(', ')}]\n${options.owner === undefined ? '' : `owner: ${options.owner}\n`}`,
      `${id}.yaml`,
    )
    if (!parsed.ok) throw new Error(parsed.findings[0]!.message)
    return parsed.source.policy
  })
}
