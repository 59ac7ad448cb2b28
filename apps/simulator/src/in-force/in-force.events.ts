import type { ReceivedEvent } from '#libs/contracts'
import { EventContext, OnEvent } from '#libs/messaging'
import { STABLE_SCOPE } from '#libs/signing'
import { Controller } from '@nestjs/common'
import { IN_FORCE } from './in-force.table.js'

@Controller()
export class InForceEvents {
  /** Stores the newest stable head of a policy. It is verified on use, because the roster that names its signers may arrive later. */
  @OnEvent('simulator', 'hms.state.recorded.v1')
  async onStateRecorded({ data }: ReceivedEvent<'hms.state.recorded.v1'>, { tx }: EventContext): Promise<void> {
    const { id, scope, head, release, proof, next } = data.document
    if (scope !== STABLE_SCOPE) return
    await tx.documents(IN_FORCE).put({ id, head, release, proof, ...(next === undefined ? {} : { next }) })
  }
}
