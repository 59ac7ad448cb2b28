import type { JsonObject, LintReport } from '#libs/contracts'
import { Database } from '#libs/persistence'
import { parsePolicy, POLICIES_BODY, type Finding, type PolicyDocument } from '#libs/policy'
import type { Profile } from '#libs/process'
import { DryRun, PROFILE, RequireScope, LargeBody } from '#libs/service'
import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common'
import { lintSource } from '../lint-run/lint-run.js'
import { knownPartners } from '../partners/partner.table.js'
import { LintRequestDto } from './dry-run.dto.js'

/** Lints policies, as many as a run takes, by the registered schemas and partners and the versions in force that are given. */
@Controller('v1/lint')
export class DryRunController {
  constructor(
    private readonly database: Database,
    @Inject(PROFILE) private readonly profile: Profile,
  ) {}

  /** Lints policies, and returns every finding with its position. */
  @LargeBody({ ...POLICIES_BODY, bytes: 642 * 1024 })
  @Post()
  @HttpCode(200)
  @RequireScope('read')
  @DryRun()
  async lint(@Body() body: LintRequestDto): Promise<LintReport> {
    const findings = await this.database.transaction(async (tx) => {
      const partners = await knownPartners(tx)
      const live = liveOf(body.live ?? [])
      const found: Finding[] = []
      for (const [index, policy] of body.policies.entries()) {
        const file = `policies[${index}]`
        const parsed = parsePolicy(JSON.stringify(policy), file)
        if (!parsed.ok) {
          found.push(...parsed.findings)
          continue
        }
        const context = { file, profile: this.profile, live: live.get(parsed.source.policy.id), knownPartners: partners }
        found.push(...(await lintSource(tx, parsed.source, context)).findings)
      }
      return found
    })
    return { findings }
  }
}

/** Indexes the policies by id. An invalid one is ignored, because it cannot be in force. */
function liveOf(given: readonly JsonObject[]): Map<string, PolicyDocument> {
  const parsed = given.map((policy) => parsePolicy(JSON.stringify(policy), 'live'))
  return new Map(parsed.flatMap((policy) => (policy.ok ? [[policy.source.policy.id, policy.source.policy] as const] : [])))
}
