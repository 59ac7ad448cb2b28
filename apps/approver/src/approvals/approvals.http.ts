import {
  HmsError,
  MAX_APPROVALS_LISTED,
  type ApprovalSummary,
  type ApprovalView,
  type FallbacksView,
  type GuardTrial,
  type PreparedApproval,
} from '#libs/contracts'
import { Database, type Transaction } from '#libs/persistence'
import { POLICIES_BODY } from '#libs/policy'
import {
  proofOfStatement,
  Public,
  Idempotent,
  RequireScope,
  Rosters,
  SignedBody,
  StatementRequestDto,
  LargeBody,
  type AuthorizedRequest,
  Paged,
} from '#libs/service'
import { Body, Controller, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common'
import { policyOrNew } from '../policies/policy.table.js'
import { runOf, RUNS } from '../runs/run.table.js'
import { approvalSummary, approvalUnknown, overtakenMember, preparedView } from './approval-view.js'
import { APPROVALS, type Approval } from '../runs/approval.table.js'
import { ApprovalRequestDto, ApprovalsQueryDto, FallbacksQueryDto, GuardTrialRequestDto, PrepareRequestDto } from './approvals.dto.js'
import { fallbacksView } from './fallbacks.js'
import { TryGuard } from './try-guard.js'
import { PrepareApproval, recordsOf } from './prepare-approval.js'
import { PrepareRollback } from './prepare-rollback.js'
import { proofOfSignatures } from './proof-of-signatures.js'
import { EndApproval } from './end-approval.js'
import { SignApproval } from './sign-approval.js'

/** Endpoints for approvers. Preparing requires write access, except in profile dev. Signatures authenticate signers; no token does. */
@Controller('v1/approvals')
export class ApprovalsController {
  constructor(
    private readonly database: Database,
    private readonly rosters: Rosters,
    private readonly prepareApproval: PrepareApproval,
    private readonly prepareRollback: PrepareRollback,
    private readonly signApproval: SignApproval,
    private readonly endApproval: EndApproval,
    private readonly tryGuard: TryGuard,
  ) {}

  /** Prepares an approval or a rollback: returns the bytes that people sign. */
  @LargeBody(POLICIES_BODY)
  @Post('prepare')
  @HttpCode(200)
  // guard: prepare-scope
  prepare(@Body() body: PrepareRequestDto, @Req() { actor }: AuthorizedRequest): Promise<PreparedApproval> {
    const { rollback, policies, ...rest } = body
    const given = Object.entries(rest).flatMap(([name, value]) => (value === undefined ? [] : [name]))
    if (policies != null && rollback == null) return this.prepareApproval.execute({ ...rest, policies }, actor?.id)
    if (rollback != null && policies == null && given.length === 0) return this.prepareRollback.execute(rollback, actor?.id)
    const detail = 'The body needs either policies with their options, or only rollback.'
    throw new HmsError('HMS_HTTP_BODY_INVALID', detail, { status: 400, errors: [{ pointer: '/policies', detail }] })
  }

  /** Evaluates the guard for `hms-svc plan`; stores and signs nothing. */
  @LargeBody(POLICIES_BODY)
  @Post('trial')
  @HttpCode(200)
  @RequireScope('read')
  trial(@Body() { policies }: GuardTrialRequestDto): Promise<GuardTrial> {
    return this.tryGuard.execute(policies)
  }

  /** Accepts signatures of an approval; the last required one starts the run. */
  @Post()
  @HttpCode(202)
  @Public()
  @SignedBody(proofOfSignatures)
  @Idempotent()
  sign(@Body() body: ApprovalRequestDto): Promise<ApprovalView> {
    return this.signApproval.execute(body)
  }

  /** Rejects an approval. The signature of the statement authenticates the caller. */
  @Post(':digest/decisions')
  @HttpCode(200)
  @Public()
  @SignedBody(proofOfStatement)
  decide(@Param('digest') digest: string, @Body() body: StatementRequestDto): Promise<ApprovalView> {
    return this.endApproval.reject(digest, body)
  }

  /**
   * Lists approvals with missing signatures. With `state=open` it also lists unsigned preparations, and approvals whose run has not ended.
   * At most 200 of each kind, the newest.
   */
  @Get()
  @Paged(({ digest }: ApprovalSummary) => digest)
  list(@Query() { state }: ApprovalsQueryDto): Promise<ApprovalSummary[]> {
    return this.database.transaction(async (tx) => {
      const newest = (kind: Approval['state']): Promise<Approval[]> =>
        tx.documents(APPROVALS).find({ where: { state: kind }, orderBy: 'prepared_at', descending: true, limit: MAX_APPROVALS_LISTED })
      const waiting = await newest('waiting')
      const others =
        state === 'open'
          ? [...(await newest('prepared')).filter(({ expiresAt }) => Date.parse(expiresAt) > tx.now.getTime()), ...(await activeOf(tx))]
          : []
      return Promise.all([...waiting, ...others].map((approval) => summaryOf(tx, approval)))
    })
  }

  /** Returns the possible fallbacks of a policy's next release, and the releases that readers would refuse as fallbacks. */
  @Get('fallbacks')
  fallbacks(@Query() { policy }: FallbacksQueryDto): Promise<FallbacksView> {
    return this.database.transaction(async (tx) => fallbacksView(tx, await policyOrNew(tx, policy), this.rosters.newest))
  }

  /** Returns one approval with its signers and missing roles. */
  @Get(':digest')
  show(@Param('digest') digest: string): Promise<ApprovalSummary> {
    return this.database.transaction(async (tx) => summaryOf(tx, await approvalAt(tx, digest)))
  }

  /** Returns the bytes to sign, as the prepare request returned them, and the differences from the releases that are live now. */
  @Get(':digest/prepared')
  prepared(@Param('digest') digest: string): Promise<PreparedApproval> {
    return this.database.transaction(async (tx) => {
      const approval = await approvalAt(tx, digest)
      const ids = approval.releases.map(({ id }) => id)
      return preparedView(tx, approval, { records: await recordsOf(tx, ids, approval.storedHeads), roster: this.rosters.newest })
    })
  }
}

async function approvalAt(tx: Transaction, digest: string): Promise<Approval> {
  const approval = await tx.documents(APPROVALS).get(digest)
  if (approval === undefined) throw approvalUnknown(digest)
  return approval
}

async function summaryOf(tx: Transaction, approval: Approval): Promise<ApprovalSummary> {
  return { ...approvalSummary(approval, await runOf(tx, approval.run)), ...(await overtakenMember(tx, approval)) }
}

/** Returns the newest fully signed approvals whose run has not ended. */
async function activeOf(tx: Transaction): Promise<Approval[]> {
  const runs = await tx.documents(RUNS).find({ where: { open: 'yes' }, orderBy: 'number', descending: true, limit: MAX_APPROVALS_LISTED })
  const approvals = await Promise.all(runs.map(({ approval }) => tx.documents(APPROVALS).get(approval)))
  return approvals.filter((approval) => approval?.state === 'complete') as Approval[]
}
