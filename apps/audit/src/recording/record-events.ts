import { topicByName, topicsConsumedBy, type VerifiedEvent } from '#libs/contracts'
import { EventConsumer } from '#libs/messaging'
import type { Transaction } from '#libs/persistence'
import { TransientError } from '#libs/platform'
import { Rosters } from '#libs/service'
import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common'
import { attestationIn } from '../attestations/attestation.js'
import { AttestationStore } from '../attestations/attestation.store.js'
import { Sequencer } from '../log/sequencer.js'
import { AdoptArrivals } from './adopt-arrivals.js'
import { takeEvent } from './take-event.js'
import { FoldWindows } from '../windows/fold-windows.js'
import { EntryStore } from '../entries/entry.store.js'
import { Intake } from '../entries/intake.js'

/** Records every event of the topics that the catalogue assigns to audit, in the transaction that advances the position. */
@Injectable()
export class RecordEvents implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    private readonly rosters: Rosters,
    private readonly consumer: EventConsumer,
    private readonly entries: EntryStore,
    private readonly attestations: AttestationStore,
    private readonly intake: Intake,
    private readonly sequencer: Sequencer,
    private readonly windows: FoldWindows,
    private readonly adoptArrivals: AdoptArrivals,
  ) {}

  /** Registers the handlers here instead of by `@OnEvent`: the catalogue defines audit's topics, so a new topic needs no line here. */
  onModuleInit(): void {
    // Unsigned alerts are not recorded; the signed events that follow from them are.
    this.consumer.onExternalRecord('hms.bot.alert.v1', async () => true)
    for (const { name, trail } of topicsConsumedBy('audit')) {
      const again = async (event: VerifiedEvent, tx: Transaction): Promise<void> => void (await this.adoptArrivals.take(tx, event))
      this.consumer.onTopic(name, (event, tx) => this.record(event, tx), {
        everyType: true,
        writesOnly: trail !== 'window',
        onDuplicate: again,
      })
    }
  }

  onApplicationBootstrap(): void {
    this.adoptArrivals.start()
    this.intake.start()
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.intake.stop()
    await this.adoptArrivals.stop()
  }

  private async record(event: VerifiedEvent, tx: Transaction): Promise<void> {
    if (this.sequencer.halted !== undefined) throw new TransientError(this.sequencer.halted)
    if (topicByName(event.topic).trail === 'window') return this.windows.take(tx, event) // guard: audit-windows
    const releases = await takeEvent(this.entries, tx, event, this.rosters.newest)
    const attestation = attestationIn(event)
    if (attestation !== undefined) await this.attestations.add(tx, attestation)
    // A canary waits for the proof of its releases.
    tx.afterCommit(() => this.intake.wake(releases !== undefined))
  }
}
