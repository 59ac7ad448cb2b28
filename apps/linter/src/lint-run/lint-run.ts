import { peekPredicate, type LintFinding, type ReceivedEvent, type ReleaseDocument, type RunDossier } from '#libs/contracts'
import { guard, lintGuard } from '#libs/guard'
import type { Transaction } from '#libs/persistence'
import { hasErrors, lintPolicy, sourceOf, type PolicyDocument } from '#libs/policy'
import { digestOfJson, hexOf, readRelease, signTestResult, withAttestation, type ResourceDescriptor } from '#libs/signing'
import { ServiceRuntime } from '#libs/service'
import { deniedByGuard } from '#libs/stage'
import { Injectable } from '@nestjs/common'
import { PARTNERS } from '../partners/partner.table.js'
import { SCHEMAS } from '../schemas/schema.table.js'
import { boundedFindings } from './bounded-findings.js'
import { lintResultOf } from './lint-result.js'

/** The stage: judges every release of a run, and sends the run on or ends it. A finding never passes in silence. */
@Injectable()
export class LintRun {
  constructor(private readonly runtime: ServiceRuntime) {}

  async execute(tx: Transaction, dossier: RunDossier, cause: ReceivedEvent): Promise<void> {
    if (await deniedByGuard(this.runtime, tx, 'lint', dossier, cause)) return
    const linted = await Promise.all(dossier.releases.map((release) => this.lint(tx, dossier, release)))
    const all = linted.flatMap((each) => each.findings)
    const findings = boundedFindings(all)
    const result = lintResultOf(
      dossier.releases,
      findings,
      linted.flatMap((each) => each.schema ?? []),
    )
    const attestation = await signTestResult(result, dossier, this.runtime.signer)
    const { run, attempt } = dossier
    const options = { key: cause.key, run, attempt, causationId: cause.id, traceparent: cause.traceparent }
    if (!hasErrors(all)) {
      await this.runtime.emit(tx, 'hms.lint.passed.v1', { dossier: withAttestation(dossier, 'lint', attestation), findings }, options)
      return
    }
    const first = findings.find((finding) => finding.severity === 'error')!
    const detail = `${first.file}: ${first.message}${first.hint === undefined ? '' : ` (${first.hint})`}`
    const failure = { run, attempt, reason: 'LINT_ERRORS', detail, findings, next: [`hms-svc lint ${first.file}`], attestation }
    await this.runtime.emit(tx, 'hms.lint.failed.v1', failure, options)
  }

  private async lint(
    tx: Transaction,
    dossier: RunDossier,
    release: ReleaseDocument,
  ): Promise<{ findings: LintFinding[]; schema?: ResourceDescriptor }> {
    // What is judged is what was signed, not what lies beside it in the message.
    const policy = readRelease(release.envelope).predicate.policy as PolicyDocument
    const live = dossier.live[release.id]
    const partners = await tx.documents(PARTNERS).find({ limit: 10_000 })
    const name = policy.schema
    const file = `${release.id}@${release.version}`
    const source = sourceOf(policy, file)
    const before = live === null || live === undefined ? undefined : peekPredicate<{ policy: PolicyDocument }>(live.envelope).policy
    const schema = typeof name === 'string' ? await tx.documents(SCHEMAS).get(name) : undefined
    const findings = lintPolicy(source, {
      file,
      profile: this.runtime.profile,
      live: before,
      used: (dossier.used[release.id] ?? []).filter(
        (version) => version.version !== release.version || version.digest !== release.policyDigest,
      ),
      schema,
      knownPartners: { ids: partners.map((partner) => partner.id), groups: partners.flatMap((partner) => partner.groups) },
    })
    const used =
      schema === undefined ? {} : { schema: { name: `schema ${schema.name}`, digest: { sha256: hexOf(digestOfJson(schema.schema)) } } }
    return { findings: [...findings, ...lintGuard(source, guard, before)], ...used }
  }
}
