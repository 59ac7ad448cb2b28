import type { StageAttestation } from '#libs/contracts'
import { Database } from '#libs/persistence'
import { Public, Paged } from '#libs/service'
import { Controller, Get, Query } from '@nestjs/common'
import { AttestationStore } from './attestation.store.js'
import { AttestationsQueryDto } from './attestations.dto.js'

@Controller('v1/audit/attestations')
export class AttestationsController {
  constructor(
    private readonly database: Database,
    private readonly attestations: AttestationStore,
  ) {}

  /** Attestations of the stages and the guard about one run, in order of arrival. Public like the log: an auditor needs no account. */
  @Get()
  @Public()
  @Paged(({ envelope }: StageAttestation) => envelope.signatures[0]!.sig)
  async ofRun(@Query() { run }: AttestationsQueryDto): Promise<StageAttestation[]> {
    return this.database.autocommit((tx) => this.attestations.ofRun(tx, run))
  }
}
