import type { StageAttestation } from '#libs/contracts'
import { Public, ServiceRuntime } from '#libs/service'
import { Controller, Get, Inject, Query } from '@nestjs/common'
import { ATTESTATION_STORE, type AttestationStore } from './attestation.store.js'
import { AttestationsQueryDto } from './attestations.dto.js'

@Controller('v1/audit/attestations')
export class AttestationsController {
  constructor(
    private readonly runtime: ServiceRuntime,
    @Inject(ATTESTATION_STORE) private readonly attestations: AttestationStore,
  ) {}

  /**
   * What stages and guard said of the releases of one run, in the order in which it came. Open, as the log is: who checks needs no account.
   */
  @Get()
  @Public()
  async ofRun(@Query() { run }: AttestationsQueryDto): Promise<StageAttestation[]> {
    return this.runtime.database.transaction((tx) => this.attestations.ofRun(tx, run))
  }
}
