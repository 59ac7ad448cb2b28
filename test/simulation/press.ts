import { signApproval } from '#libs/client'
import type { Freeze, PlanOptions, RunDecisionName, RunView } from '#libs/contracts'
import type { PolicyDocument } from '#libs/policy'
import { digestOfPayload, signFreeze, signLift, signRunDecision, type Signer } from '#libs/signing'
import { PrepareApproval } from '../../apps/approver/src/approvals/prepare-approval.js'
import { SignApproval } from '../../apps/approver/src/approvals/sign-approval.js'
import { DeclareFreeze } from '../../apps/approver/src/freezes/declare-freeze.js'
import { LiftFreeze } from '../../apps/approver/src/freezes/lift-freeze.js'
import { DecideRun } from '../../apps/approver/src/runs/decide-run.js'
import { RUNS, runView } from '../../apps/approver/src/runs/run.table.js'
import { FREEZES } from '#libs/stage'
import type { Client } from './client.js'
import type { ServiceNode } from './service-node.js'

export interface Wish {
  policies: PolicyDocument[]
  plan: PlanOptions
  queue: boolean
  supersede?: boolean
}

/** People at the door of the press: they prepare, sign, and keep in mind what they were told. */
export class Press {
  /** Runs whose approval was acknowledged. */
  readonly accepted = new Set<number>()

  constructor(
    private readonly client: Client,
    private readonly approver: ServiceNode,
    private readonly signer: Signer,
  ) {}

  /** Answers the run's number. */
  async approve({ policies, plan, queue, supersede }: Wish): Promise<number> {
    const names = policies.map(({ id, version }) => `${id}@${version}`).join(' + ')
    const prepared = await this.client.ask('approver', `prepare ${names}`, ({ injector }) =>
      injector.get(PrepareApproval).execute({ policies, plan, queue, supersede }),
    )
    const request = { digest: prepared.digest, signatures: await signApproval(prepared, this.signer) }
    const { run } = await this.client.ask('approver', `sign ${names}`, ({ injector }) => injector.get(SignApproval).execute(request))
    this.accepted.add(run!)
    return run!
  }

  /** A signed decision about a run, at the time of the database. */
  async decide(run: number, decision: RunDecisionName): Promise<void> {
    const view = await this.show(run)
    if (view === undefined) return
    const at = await this.now()
    const said = { run, attempt: view.attempt, subject: view.digest, decision, reason: 'seeded', at }
    const statement = await signRunDecision(decision === 'extend' ? { ...said, byMs: 1_500 } : said, this.signer)
    await this.client.ask('approver', `${decision} run ${run}`, ({ injector }) => injector.get(DecideRun).execute(run, statement))
  }

  async freeze(freeze: Freeze): Promise<void> {
    const statement = await signFreeze(freeze, await this.now(), this.signer)
    await this.client.ask('approver', `freeze ${freeze.scope}`, ({ injector }) => injector.get(DeclareFreeze).execute(statement))
  }

  async lift(id: string): Promise<void> {
    const known = await this.approver.durable.read((tx) => tx.documents(FREEZES).get(id))
    if (known === undefined) return
    const declared = digestOfPayload(known.statement)
    const statement = await signLift({ id, declared, reason: 'over' }, await this.now(), this.signer)
    await this.client.ask('approver', `lift ${id}`, ({ injector }) => injector.get(LiftFreeze).execute(id, statement))
  }

  private now(): Promise<Date> {
    return this.approver.durable.read(async (tx) => tx.now)
  }

  async show(run: number): Promise<RunView | undefined> {
    const record = await this.approver.durable.read((tx) => tx.documents(RUNS).get(String(run)))
    return record === undefined ? undefined : runView(record)
  }
}
