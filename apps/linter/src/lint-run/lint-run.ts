import {
  openRelease,
  predicateIn,
  type CarriedRelease,
  type LintFinding,
  type ReceivedEvent,
  type RunDossier,
  type ReleaseDocument,
} from '#libs/contracts'
import { guard, lintGuard } from '#libs/guard'
import { lintPolicy, type LintContext } from '#libs/lint'
import { policyKey, type HandlerResult } from '#libs/messaging'
import type { Transaction } from '#libs/persistence'
import { decideLint, type Lint, type LintEffect, type LintInput } from '#libs/pipeline'
import { hasErrors, sourceOf, type PolicyDocument, type PolicySource } from '#libs/policy'
import { digestOfJson, hexOf, readRelease, signTestResult, withAttestation, type ResourceDescriptor, type TestResult } from '#libs/signing'
import { ServiceRuntime } from '#libs/service'
import { originOf, StageShell } from '#libs/stage'
import { Injectable } from '@nestjs/common'
import { knownPartners } from '../partners/partner.table.js'
import { SCHEMAS, type RegisteredSchema } from '../schemas/schema.table.js'
import { boundedFindings } from './bounded-findings.js'

/** Lints a policy, also by the registered schema that it names and by the rules for guard policies. */
export async function lintSource(
  tx: Transaction,
  source: PolicySource,
  context: Omit<LintContext, 'schema'>,
): Promise<{ findings: LintFinding[]; schema: RegisteredSchema | undefined }> {
  const name = source.policy.schema
  const schema = typeof name === 'string' ? await tx.documents(SCHEMAS).get(name) : undefined
  return { findings: [...lintPolicy(source, { ...context, schema }), ...lintGuard(source, guard, context.live)], schema }
}

type KnownPartners = NonNullable<LintContext['knownPartners']>
type Linted = { findings: LintFinding[]; schema?: ResourceDescriptor }

/** Lint stage: lints every release of a run. */
@Injectable()
export class LintRun {
  private readonly shell: StageShell<Lint, LintInput, LintEffect> = new StageShell(this.runtime, {
    name: 'lint',
    skipsEndedRuns: false,
    attestedBy: [],
    timers: [],
    decide: decideLint,
    keysOf: ({ key }) => [policyKey(key)],
    perform: async () => {},
  })

  constructor(private readonly runtime: ServiceRuntime) {}

  execute(tx: Transaction, dossier: RunDossier, cause: ReceivedEvent): Promise<HandlerResult> {
    const { run, attempt } = dossier
    const fresh: Lint = { run, attempt, ...originOf(cause), state: 'new' }
    return this.shell.open(tx, { fresh, dossier, cause }, () => this.judge(tx, dossier))
  }

  private async judge(tx: Transaction, dossier: RunDossier): Promise<LintInput> {
    const partners = await knownPartners(tx)
    const linted = await Promise.all(dossier.releases.map((release) => this.lint(tx, dossier, release, partners)))
    const all = linted.flatMap((each) => each.findings)
    const findings = boundedFindings(all) // guard: run-findings
    const schemas = linted.flatMap((each) => each.schema ?? [])
    const attestation = await signTestResult(lintResultOf(dossier.releases, all, schemas), dossier, this.runtime.signer)
    return { type: 'linted', findings, hasErrors: hasErrors(all), attestation, attested: withAttestation(dossier, 'lint', attestation) }
  }

  private async lint(tx: Transaction, dossier: RunDossier, release: CarriedRelease, partners: KnownPartners): Promise<Linted> {
    // The signed policy is judged, not unsigned members of the message.
    const policy = readRelease(openRelease(release, dossier.proofs).envelope).predicate.policy as PolicyDocument
    const live = dossier.live[release.id]
    const file = `${release.id}@${release.version}`
    const before = live === null || live === undefined ? undefined : predicateIn<{ policy: PolicyDocument }>(live).policy
    const { findings, schema } = await lintSource(tx, sourceOf(policy, file), {
      file,
      profile: this.runtime.profile,
      live: before,
      used: (dossier.used[release.id] ?? []).filter(
        (version) => version.version !== release.version || version.digest !== release.policyDigest,
      ),
      knownPartners: partners,
    })
    const used =
      schema === undefined ? {} : { schema: { name: `schema ${schema.name}`, digest: { sha256: hexOf(digestOfJson(schema.schema)) } } }
    return { findings, ...used }
  }
}

/** Version of the rules; raised when one is added or changes its meaning. */
const LINT = 'https://hms-svc.dev/lint/v1'

/** Builds lint's in-toto test result. A test is a release without findings, `ID@VERSION`, or a rule with findings, `ID@VERSION RULE`. */
function lintResultOf(
  releases: readonly Pick<ReleaseDocument, 'id' | 'version'>[],
  findings: readonly LintFinding[],
  schemas: readonly ResourceDescriptor[],
): TestResult {
  const named = (severity: LintFinding['severity']): string[] =>
    [...new Set(findings.filter((finding) => finding.severity === severity).map(({ file, rule }) => `${file} ${rule}`))].sort()
  const [warnedTests, failedTests] = [named('warning'), named('error')]
  const found = new Set(findings.map(({ file }) => file))
  const passedTests = releases.map(({ id, version }) => `${id}@${version}`).filter((name) => !found.has(name))
  const result = failedTests.length > 0 ? 'FAILED' : warnedTests.length > 0 ? 'WARNED' : 'PASSED'
  return { result, configuration: [{ name: 'lint', uri: LINT }, ...schemas], passedTests, warnedTests, failedTests }
}
