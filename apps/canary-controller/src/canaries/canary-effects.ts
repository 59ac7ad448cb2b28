import { command, type CanaryFigures, type Envelope } from '#libs/contracts'
import { Outbox } from '#libs/messaging'
import type { Transaction } from '#libs/persistence'
import { canaryLabel, figuresOf, type Canary, type CanaryEffect, type PassBasis } from '#libs/pipeline'
import {
  CANARY_OBSERVED,
  CANARY_PASSED,
  CANARY_PROMOTED,
  scenarioSubject,
  Signer,
  signVerificationResult,
  withAttestation,
} from '#libs/signing'
import { optionsOf, type OwnEffect } from '#libs/stage'
import { Injectable } from '@nestjs/common'
import { CanaryControllerConfig } from '../canary-controller.config.js'
import { CanaryHeads } from './canary-heads.js'
import { RegionQueue } from './region-queue.js'

const PROPERTIES: Record<PassBasis, string[]> = {
  observed: [CANARY_PASSED, CANARY_OBSERVED],
  promoted: [CANARY_PASSED, CANARY_PROMOTED],
  unobserved: [CANARY_PASSED],
}

/** Executes the canary stage's own effects: leased heads, and attested verdicts. */
@Injectable()
export class CanaryEffects {
  constructor(
    private readonly outbox: Outbox,
    private readonly signer: Signer,
    private readonly heads: CanaryHeads,
    private readonly config: CanaryControllerConfig,
    private readonly regions: RegionQueue,
  ) {}

  perform(tx: Transaction, canary: Canary, effect: OwnEffect<CanaryEffect>): Promise<Canary | void> {
    switch (effect.do) {
      case 'issueHeads':
        return this.heads.issue(tx, canary, effect)
      case 'takeBack':
        return this.heads.takeBack(tx, canary)
      case 'pass':
        return this.pass(tx, canary, effect.basis, effect.summary)
      case 'fail':
        return this.fail(tx, canary, effect.reason, effect.detail)
      case 'freeRegions':
        return this.regions.wakeWaiting(tx, canary)
    }
  }

  private async pass(tx: Transaction, canary: Canary, basis: PassBasis, summary: string): Promise<void> {
    const attestation = await attestCanary(canary, PROPERTIES[basis], tx.now, this.signer)
    const dossier = withAttestation(canary.dossier, 'canary', attestation)
    const steps = canary.passed === undefined ? {} : { steps: canary.passed }
    const passed = { dossier, summary, label: canaryLabel(canary), ...this.figures(tx, canary), ...steps }
    await this.outbox.emit(tx, 'hms.canary.passed.v1', passed, optionsOf(canary))
  }

  private async fail(tx: Transaction, canary: Canary, reason: string, detail: string): Promise<void> {
    const { run, attempt } = canary
    const attestation = await attestCanary(canary, [], tx.now, this.signer)
    const next = [command('audit.log.run', { run })]
    const failure = { run, attempt, reason, detail, label: canaryLabel(canary), next, attestation }
    await this.outbox.emit(tx, 'hms.canary.failed.v1', { ...failure, ...this.figures(tx, canary) }, optionsOf(canary))
  }

  private figures({ now }: Transaction, canary: Canary): { figures?: CanaryFigures } {
    const figures = figuresOf(canary, { now, leaseMs: this.config.leaseMs })
    return figures === undefined ? {} : { figures }
  }
}

/** Verifier id with the version of the canary rules; the version is raised when the same alerts would lead to another verdict. */
const CANARY = 'https://hms-svc.dev/verifier/canary/v2'

/** Signs the verdict on a canary as in-toto's verification result. `properties`: verified properties; empty for a failed canary. */
function attestCanary({ dossier, scenarios }: Canary, properties: string[], at: Date, signer: Signer): Promise<Envelope> {
  return signVerificationResult(
    // guard: scenario-digest
    { verifier: { id: CANARY, policies: scenarios.map(scenarioSubject) }, timeCreated: at.toISOString(), properties },
    dossier,
    signer,
  )
}
