import { signApproval } from '#libs/client'
import type { PlanOptions, RunView } from '#libs/contracts'
import { projectRun } from '#libs/pipeline'
import type { PolicyDocument } from '#libs/policy'
import type { Signer } from '#libs/signing'
import { PrepareApproval } from '../../apps/approver/src/approvals/prepare-approval.js'
import { SignApproval } from '../../apps/approver/src/approvals/sign-approval.js'
import { RUNS } from '../../apps/approver/src/runs/run.entity.js'
import type { Client } from './client.js'
import type { ServiceNode } from './service-node.js'

export interface Wish {
  policies: PolicyDocument[]
  plan: PlanOptions
  queue: boolean
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
  async approve({ policies, plan, queue }: Wish): Promise<number> {
    const names = policies.map(({ id, version }) => `${id}@${version}`).join(' + ')
    const prepared = await this.client.ask('approver', `prepare ${names}`, ({ injector }) => injector.get(PrepareApproval).execute({ policies, plan, queue }))
    const request = { digest: prepared.digest, signatures: await signApproval(prepared, this.signer) }
    const { run } = await this.client.ask('approver', `sign ${names}`, ({ injector }) => injector.get(SignApproval).execute(request))
    this.accepted.add(run!)
    return run!
  }

  async show(run: number): Promise<RunView | undefined> {
    const record = await this.approver.durable.read((tx) => tx.documents(RUNS).get(String(run)))
    return record === undefined ? undefined : projectRun(record.facts)
  }
}
