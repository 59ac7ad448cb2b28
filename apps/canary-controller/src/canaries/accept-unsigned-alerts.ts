import { type BusRecord, EventConsumer } from '#libs/messaging'
import { documentTable, type Transaction } from '#libs/persistence'
import { digestOfJson } from '#libs/signing'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { JudgeAlert } from './judge-alert.js'
import { type BotAlert, defined, isObject, isPlainText, type Json, jsonIn, type JsonObject, readingProblem } from '#libs/contracts'

/** Id of an accepted unsigned alert, to detect duplicates: unsigned records have no `keySeq` that a position could check. */
export interface UnsignedAlert {
  id: string
}

export const UNSIGNED_ALERTS = documentTable<UnsignedAlert>({
  name: 'unsigned_alert',
  id: ({ id }) => id,
  keys: {},
  keep: { for: 'machinery' },
})

/** Accepts alerts that bots on Kafka write to the topic themselves. No signature proves the sender, so all of them count as one bot. */
@Injectable()
export class AcceptUnsignedAlerts implements OnModuleInit {
  constructor(
    private readonly consumer: EventConsumer,
    private readonly judgeAlert: JudgeAlert,
  ) {}

  onModuleInit(): void {
    this.consumer.onExternalRecord('hms.bot.alert.v1', (record, tx) => this.accept(record, tx))
  }

  private async accept(record: BusRecord, tx: Transaction): Promise<boolean> {
    const alert = unsignedAlertOf(record)
    if (alert === undefined) return false
    const isNew = await tx.documents(UNSIGNED_ALERTS).insert({ id: digestOfJson([alert.bot, alert.id]) })
    if (isNew) await this.judgeAlert.execute(tx, { ...alert, receivedAt: tx.now.toISOString(), connected: false, ofRun: null }, 'unsigned')
    return true
  }
}

const MAX_BYTES = 32 * 1024
const MAX_TEXT = 200

/** Parses a bot's record on the topic; `undefined` if invalid. Its value is JSON as for `POST /v1/alerts`, its key is the bot's name. */
export function unsignedAlertOf({ key, value }: BusRecord): BotAlert | undefined {
  if (value === null || value.length > MAX_BYTES) return undefined
  const alert = jsonIn(value) as Json | undefined
  if (!isObject(alert)) return undefined
  const { id, bot, region = '', kind, reading = null, value: alertValue = null, policy, version } = alert
  if (![id, bot, kind].every((text) => isShortText(text) && text !== '') || ![region, policy ?? '', version ?? ''].every(isShortText))
    return undefined
  if (bot !== key || (reading !== null && !isObject(reading)) || readingProblem(reading as JsonObject | null) !== undefined)
    return undefined
  if (alertValue !== null && !Number.isFinite(alertValue) && !isShortText(alertValue)) return undefined
  return { id, bot, region, kind, reading, value: alertValue, ...defined({ policy, version }) } as BotAlert
}

function isShortText(text: Json | undefined): boolean {
  return typeof text === 'string' && text.length <= MAX_TEXT && isPlainText(text)
}
