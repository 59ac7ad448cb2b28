import { signApproval } from '#libs/client'
import type { Envelope, Freeze, PlanOptions, PreparedApproval, RunDecisionName, RunView } from '#libs/contracts'
import type { PolicyDocument } from '#libs/policy'
import { digestOfPayload, signDecision, signFreeze, signLift, signRunDecision, type Signer } from '#libs/signing'
import { PrepareApproval } from '../../apps/approver/src/approvals/prepare-approval.js'
import { PrepareRollback } from '../../apps/approver/src/approvals/prepare-rollback.js'
import { SignApproval } from '../../apps/approver/src/approvals/sign-approval.js'
import { PrepareBreakGlass } from '../../apps/approver/src/break-glass/prepare-break-glass.js'
import { SignBreakGlass } from '../../apps/approver/src/break-glass/sign-break-glass.js'
import { SignedFreezes } from '../../apps/approver/src/freezes/signed-freezes.js'
import { DecideTicket } from '../../apps/approver/src/reviews/decide-ticket.js'
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

/** Signers: `chief` approves, `counsel` is the second signer of a break-glass, `reviewer` closes its review. */
interface People {
  chief: Signer
  counsel: Signer
  reviewer: Signer
}

/** People who use the pipeline: they prepare, sign, and remember its responses. */
export class Press {
  /** Runs whose approval was acknowledged. */
  readonly accepted = new Set<number>()

  constructor(
    private readonly client: Client,
    private readonly approver: ServiceNode,
    private readonly people: People,
    private readonly installation: string,
  ) {}

  /** Returns the run's number. */
  async approve({ policies, plan, queue, supersede }: Wish): Promise<number> {
    const names = policies.map(({ id, version }) => `${id}@${version}`).join(' + ')
    const prepared = await this.client.ask('approver', `prepare ${names}`, ({ injector }) =>
      injector.get(PrepareApproval).execute({ policies, plan, queue, supersede }),
    )
    return this.sign(prepared, names)
  }

  /** Rolls back, with a signature, to a version that no fallback lists. Returns the run's number. */
  async signBack(policy: string, version: string): Promise<number> {
    const name = `${policy} back to ${version}`
    const prepared = await this.client.ask('approver', `prepare ${name}`, ({ injector }) =>
      injector.get(PrepareRollback).execute({ policy, version, reason: 'seeded' }),
    )
    return this.sign(prepared, name)
  }

  private async sign(prepared: PreparedApproval, name: string): Promise<number> {
    const request = { digest: prepared.digest, signatures: await signApproval(prepared, this.people.chief) }
    const { run } = await this.client.ask('approver', `sign ${name}`, ({ injector }) => injector.get(SignApproval).execute(request))
    this.accepted.add(run!)
    return run!
  }

  /** Submits a break-glass with both signatures in one request. Returns the run's number. */
  async breakGlass(policy: PolicyDocument): Promise<number> {
    const name = `break-glass ${policy.id}@${policy.version}`
    const prepared = await this.client.ask('approver', `prepare ${name}`, ({ injector }) =>
      injector.get(PrepareBreakGlass).execute({ policies: [policy], reason: 'seeded' }),
    )
    const both = await Promise.all([this.people.chief, this.people.counsel].map((signer) => signApproval(prepared, signer)))
    const request = { digest: prepared.digest, signatures: both.flat() }
    const { run } = await this.client.ask('approver', `sign ${name}`, ({ injector }) => injector.get(SignBreakGlass).execute(request))
    this.accepted.add(run!)
    return run!
  }

  /** Closes the review of a break-glass as a person who did not sign it. */
  async review(run: number): Promise<void> {
    const { attempt, digest: subject, breakGlass } = (await this.show(run))!
    const { ticket } = breakGlass!.review
    const said = { run, attempt, subject, decision: 'accept' as const, reason: 'seeded', at: await this.now(), ticket }
    const statement = await signRunDecision(said, this.people.reviewer)
    await this.client.ask('approver', `review ${ticket}`, ({ injector }) => injector.get(DecideTicket).execute(ticket, statement))
  }

  /** Returns a signed withdrawal of the release in force. */
  async signWithdrawal(subject: string): Promise<Envelope> {
    return signDecision({ subject, decision: 'withdraw', reason: 'seeded', at: await this.now() }, this.people.chief)
  }

  /** A signed decision about a run, at the time of the database. */
  async decide(run: number, decision: RunDecisionName): Promise<void> {
    const view = await this.show(run)
    if (view === undefined) return
    const at = await this.now()
    const said = { run, attempt: view.attempt, subject: view.digest, decision, reason: 'seeded', at }
    const statement = await signRunDecision(decision === 'extend' ? { ...said, byMs: 1_500 } : said, this.people.chief)
    await this.client.ask('approver', `${decision} run ${run}`, ({ injector }) => injector.get(DecideRun).execute(run, statement))
  }

  async freeze(freeze: Freeze): Promise<void> {
    const statement = await signFreeze(freeze, await this.signedFor(), this.people.chief)
    await this.client.ask('approver', `freeze ${freeze.scope}`, ({ injector }) => injector.get(SignedFreezes).declare(statement))
  }

  async lift(id: string): Promise<void> {
    const known = await this.approver.durable.read((tx) => tx.documents(FREEZES).get(id))
    if (known === undefined) return
    const declared = digestOfPayload(known.statement)
    const statement = await signLift({ id, declared, reason: 'over' }, await this.signedFor(), this.people.chief)
    await this.client.ask('approver', `lift ${id}`, ({ injector }) => injector.get(SignedFreezes).lift(id, statement))
  }

  private async signedFor(): Promise<{ at: Date; installation: string }> {
    return { at: await this.now(), installation: this.installation }
  }

  private now(): Promise<Date> {
    return this.approver.durable.read(async (tx) => tx.now)
  }

  async show(run: number): Promise<RunView | undefined> {
    const record = await this.approver.durable.read((tx) => tx.documents(RUNS).get(String(run)))
    return record === undefined ? undefined : runView(record)
  }
}
