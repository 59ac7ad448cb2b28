import {
  MAX_METRICS,
  MAX_POLICIES_OF_RUN,
  MAX_QUERY,
  MAX_RAMP_STEPS,
  type JsonObject,
  type MetricGate,
  type PlanOptions,
} from '#libs/contracts'
import { isInteger, isObjects, isOptionalText, isText, Nested, NestedList, isTexts } from '#libs/platform'
import { POLICY_ID, type RampShare } from '#libs/policy'
import { ArrayMaxSize, IsArray, IsBoolean, IsIn, IsObject, IsOptional, Matches, MaxLength } from 'class-validator'

const SCOPE = /^region:(\*|[A-Za-z0-9][A-Za-z0-9_-]{0,63})$/
const SCOPE_MESSAGE = 'scope of a canary must be region:NAME, or region:* for all regions'
const MAX_WAIT_MS = 30 * 24 * 60 * 60 * 1000

/** Prometheus query evaluated while the canary is observed. */
export class MetricGateDto implements MetricGate {
  @isText(50) name!: string
  @isText(MAX_QUERY) query!: string
}

/** Step of a canary ramp. */
export class RampShareDto implements RampShare {
  /** Basis points of the scope. */
  @isInteger(1, 10_000) share!: number
  @Matches(SCOPE, { message: SCOPE_MESSAGE }) scope!: string
}

export class PlanOptionsDto implements PlanOptions {
  /** Basis points of the scope. */
  @IsOptional() @isInteger(1, 10_000) share?: number
  @IsOptional() @Matches(SCOPE, { message: SCOPE_MESSAGE }) scope?: string
  @IsOptional() @isInteger(0, MAX_WAIT_MS) observeMs?: number
  @IsOptional() @isInteger(0, MAX_WAIT_MS) bakeMs?: number
  @IsOptional() @isTexts(100) @MaxLength(200, { each: true }) partners?: string[]

  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_POLICIES_OF_RUN)
  @MaxLength(300, { each: true })
  @Matches(/^[a-z0-9-]+@\S+$/, { each: true, message: 'fallbacks must look like ID@VERSION' })
  fallbacks?: string[]

  @IsOptional() @NestedList(() => MetricGateDto, { max: MAX_METRICS }) metrics?: MetricGateDto[]

  /** Steps of the canary; excludes `share` and `scope`. */
  @IsOptional() @NestedList(() => RampShareDto, { min: 1, max: MAX_RAMP_STEPS }) ramp?: RampShareDto[]
}

/** Rollback to a version that is not among the fallbacks. */
export class RollbackOrderDto {
  @Matches(/^[a-z0-9]+(-[a-z0-9]+)*$/, { message: 'policy must be a policy id' }) @MaxLength(100) policy!: string
  @isText(200) version!: string
  @isOptionalText(1_000) reason?: string

  /** If empty, partners get no reason. */
  @isOptionalText(1_000) publicReason?: string
}

export class FallbacksQueryDto {
  @Matches(POLICY_ID, { message: 'policy must be the id of a policy' }) @MaxLength(100) policy!: string
}

export class GuardTrialRequestDto {
  @isObjects({ min: 1, max: MAX_POLICIES_OF_RUN }) policies!: JsonObject[]
}

export class PrepareRequestDto {
  /** Excludes all other members. */
  @IsOptional() @Nested(() => RollbackOrderDto) rollback?: RollbackOrderDto
  @IsOptional() @isObjects({ min: 1, max: MAX_POLICIES_OF_RUN }) policies?: JsonObject[]
  @IsOptional() @Nested(() => PlanOptionsDto) plan?: PlanOptionsDto
  @isOptionalText(200) author?: string
  @IsOptional() @IsObject() committedBy?: Record<string, string>
  @IsOptional() @IsBoolean() queue?: boolean
  @IsOptional() @IsBoolean() supersede?: boolean
}

export class SignatureDto {
  @Matches(/^sha256:[0-9a-f]{64}$/, { message: 'release must be a release digest' }) release!: string
  @isText(100) keyid!: string
  @isText(1_000) sig!: string
}

export class ApprovalRequestDto {
  @Matches(/^sha256:[0-9a-f]{64}$/, { message: 'digest must be sha256: and 64 hex digits' }) digest!: string
  @NestedList(() => SignatureDto, { min: 1, max: MAX_POLICIES_OF_RUN }) signatures!: SignatureDto[]
  @isOptionalText(1_000) reason?: string
}

export class ApprovalsQueryDto {
  /** `waiting` (default): approvals with missing signatures. `open`: also unsigned preparations, and approvals whose run has not ended. */
  @IsOptional() @IsIn(['waiting', 'open']) state?: 'waiting' | 'open'
}
