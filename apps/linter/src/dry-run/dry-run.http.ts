import type { LintReport } from '#libs/contracts'
import { guard, lintGuard } from '#libs/guard'
import { lintPolicy, parsePolicy, POLICIES_BODY, type Finding } from '#libs/policy'
import { RequireScope, ServiceRuntime, TakesBody } from '#libs/service'
import { Body, Controller, HttpCode, Post } from '@nestjs/common'
import { PARTNERS } from '../partners/partner.table.js'
import { SCHEMAS } from '../schemas/schema.table.js'
import { LintRequestDto } from './dry-run.dto.js'

/**
 * Lint without a run, of what a run may bring at most: what the pipeline would say of the file alone, with the registered schemas and
 * partners.
 */
@Controller('v1/lint')
export class DryRunController {
  constructor(private readonly runtime: ServiceRuntime) {}

  @TakesBody({ ...POLICIES_BODY, bytes: 321 * 1024 })
  @Post()
  @HttpCode(200)
  @RequireScope('read')
  async lint(@Body() body: LintRequestDto): Promise<LintReport> {
    const findings = await this.runtime.database.transaction(async (tx) => {
      const partners = await tx.documents(PARTNERS).find({ limit: 10_000 })
      const knownPartners = { ids: partners.map((partner) => partner.id), groups: partners.flatMap((partner) => partner.groups) }
      const found: Finding[] = []
      for (const [index, policy] of body.policies.entries()) {
        const file = `policies[${index}]`
        const parsed = parsePolicy(JSON.stringify(policy), file)
        if (!parsed.ok) {
          found.push(...parsed.findings)
          continue
        }
        const name = parsed.source.policy.schema
        const schema = typeof name === 'string' ? await tx.documents(SCHEMAS).get(name) : undefined
        found.push(
          ...lintPolicy(parsed.source, { file, profile: this.runtime.profile, schema, knownPartners }),
          ...lintGuard(parsed.source, guard),
        )
      }
      return found
    })
    return { findings }
  }
}
