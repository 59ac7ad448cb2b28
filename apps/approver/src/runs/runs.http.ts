import { action, HmsError, isTerminal, MAX_RUNS_LISTED, type ReplacedPolicy, type RunView } from '#libs/contracts'
import { Database, type Transaction } from '#libs/persistence'
import { requireConnection } from '#libs/platform'
import { proofOfStatement, Public, SignedBody, StatementRequestDto, Paged } from '#libs/service'
import { Body, Controller, Get, HttpCode, Param, Post, Query, Res, Sse, type MessageEvent } from '@nestjs/common'
import type { FastifyReply } from 'fastify'
import { distinctUntilChanged, map, type Observable } from 'rxjs'
import { ApproverConfig } from '../approver.config.js'
import { isLate } from './run-metrics.js'
import { RunFeed } from './run-feed.js'
import { DecideRun } from './decide-run.js'
import { type RunRecord, RUNS, runView } from './run.table.js'
import { RunsQueryDto } from './runs.dto.js'
import { stateOf } from '#libs/pipeline'
import { policyAt } from '../policies/policy.table.js'
import { awaitedHead } from '../policies/stored-heads.js'
import { APPROVALS } from './approval.table.js'
import { takenBackOf } from '../policies/quarantine.js'

@Controller('v1/runs')
export class RunsController {
  constructor(
    private readonly database: Database,
    private readonly feed: RunFeed,
    private readonly decideRun: DecideRun,
    private readonly config: ApproverConfig,
  ) {}

  /** Lists runs, newest first. `open=yes` leaves out ended runs, `open=no` open ones. `before`: last number of the previous page. */
  @Get()
  @Paged(({ run }: RunView) => run, { usual: MAX_RUNS_LISTED, after: 'before' })
  async list(@Query() { open, state, before, limit }: RunsQueryDto): Promise<RunView[]> {
    const where = { ...(open === undefined ? {} : { open }), ...(state === undefined ? {} : { state }) }
    return this.database.transaction(async (tx) => {
      const records = await tx.documents(RUNS).find({ where, orderBy: 'number', descending: true, limit, after: before })
      return Promise.all(records.map((record) => this.viewAt(tx, record)))
    })
  }

  /** Returns one run, stage by stage. */
  @Get(':number')
  async show(@Param('number') number: string): Promise<RunView> {
    const record = await this.load(number)
    return this.database.transaction(async (tx) => {
      const replaced = await replacedPolicies(tx, record)
      return { ...(await this.viewAt(tx, record)), ...(replaced.length === 0 ? {} : { replaced }) }
    })
  }

  /** Returns 202 once the decision is sent to the stage that owns the run. Its signature authenticates the caller. */
  @Post(':number/decisions')
  @HttpCode(202)
  @Public()
  @SignedBody(proofOfStatement)
  async decide(@Param('number') number: string, @Body() { statement }: StatementRequestDto): Promise<RunView> {
    await this.decideRun.requireSigned(statement, ({ run }) => String(run) === number)
    const { facts } = await this.load(number)
    return this.decideRun.execute(facts.run, statement)
  }

  /** Streams the state of a run as Server-Sent Events: now, and after each change. */
  @Sse(':number/events')
  async events(@Param('number') number: string, @Res({ passthrough: true }) { raw }: FastifyReply): Promise<Observable<MessageEvent>> {
    // Before the stream begins: an unknown run is a 404, not an error inside a 200.
    const { facts } = await this.load(number)
    requireConnection(raw)
    return this.feed.follow(facts.run).pipe(
      map((view) => JSON.stringify(view)),
      distinctUntilChanged(),
      map((data) => ({ data })),
    )
  }

  private async viewAt(tx: Transaction, record: RunRecord): Promise<RunView> {
    const view = runView(record)
    const behind = await queuedBehind(tx, record)
    return {
      ...view,
      ...(behind === undefined ? {} : { detail: behind }),
      ...(isLate(view, tx.now, this.config.promiseMs) ? { late: true as const } : {}),
    }
  }

  private async load(text: string): Promise<RunRecord> {
    const number = /^\d{1,9}$/.test(text) ? Number(text) : undefined
    const record = number === undefined ? undefined : await this.database.autocommit((tx) => tx.documents(RUNS).get(String(number)))
    if (record !== undefined) return record
    throw new HmsError('HMS_RUN_NOT_FOUND', `There is no run #${text}.`, { status: 404, next: [action('runs.list')] })
  }
}

/** Returns why a queued run waits, such as `behind run #5 of epa-pm25-limit`; `undefined` for any other run. */
async function queuedBehind(tx: Transaction, { facts, approval }: RunRecord): Promise<string | undefined> {
  if (stateOf(facts) !== 'QUEUED') return undefined
  const { storedHeads } = (await tx.documents(APPROVALS).get(approval)) ?? {}
  const ahead: string[] = []
  for (const { id } of facts.policies) {
    const policy = await policyAt(tx, id)
    if (policy === undefined) continue
    const { active, queue, next } = policy
    const runs = [...(active === null ? [] : [active]), ...queue.slice(0, Math.max(0, queue.indexOf(facts.run)))]
    const awaited = awaitedHead(policy, storedHeads)
    if (runs.length > 0) ahead.push(`behind ${runs.map((run) => `run #${run}`).join(', ')} of ${id}`)
    else if (awaited !== undefined)
      ahead.push(`until approver has received the head of ${id} that config-store has (${awaited.live?.version ?? 'none in force'})`)
    else if (next !== undefined) ahead.push(`until ${next.release.version} of ${id} is in force, at ${next.at}`)
  }
  return ahead.length === 0 ? undefined : ahead.join('; ')
}

/** Returns the policies of a run that ended after its rollout and whose release is no longer in force. Empty for any other run. */
async function replacedPolicies(tx: Transaction, { facts, approval }: RunRecord): Promise<ReplacedPolicy[]> {
  if (!isTerminal(stateOf(facts)) || facts.stages.rollout?.verdict !== 'PASS') return []
  const releases = (await tx.documents(APPROVALS).get(approval))?.releases ?? []
  const replaced: ReplacedPolicy[] = []
  for (const { id, version, releaseDigest } of releases) {
    const live = (await policyAt(tx, id))?.live ?? null
    if (live?.releaseDigest === releaseDigest) continue
    const takenBack = await takenBackOf(tx, id, version)
    // A rollback from before the run's end concerned an earlier release of the version.
    const isOfRun = takenBack !== undefined && (facts.ended === undefined || takenBack.at >= facts.ended.at)
    replaced.push({ id, now: live?.version ?? null, ...(isOfRun ? { takenBackAt: takenBack.at } : {}) })
  }
  return replaced
}
