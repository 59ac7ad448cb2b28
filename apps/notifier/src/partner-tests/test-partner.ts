import { randomUUID, createHash } from 'node:crypto'
import { action, HmsError, type ChannelTest, type PartnerTestResult, type RefusalExplanation } from '#libs/contracts'
import { Database } from '#libs/persistence'
import { describeError } from '#libs/platform'
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common'
import {
  CHANNEL_SENDERS,
  dispatch,
  senderOf,
  type Attempt,
  type ChannelSenders,
  type MessageContent,
  type Outcome,
} from '../channels/channel-sender.js'
import { Deadline } from '../channels/deadline.js'
import { channelNames, type Channel } from '../partners/channel.js'
import { channelOf, registeredPartner, type RegisteredPartner } from '../partners/partner.table.js'
import { openChannel } from '../secrets/sealed-channels.js'
import { SecretBox } from '../secrets/secret-box.js'
import type { PartnerTestDto } from './partner-tests.dto.js'

/** Deadline for all channels together, explanations included; below edge's timeout for a response. */
const DEADLINE_MS = 45_000
/** Statuses with which receivers refuse a message they consider forged. */
const REFUSALS: readonly (number | undefined)[] = [400, 401, 403]

/** Sends a test message through the senders of real messages, once and immediately: no lane, no schedule, no row. */
@Injectable()
export class TestPartner implements OnModuleDestroy {
  private readonly running = new Set<string>()
  private readonly stop = new AbortController()

  constructor(
    private readonly database: Database,
    @Inject(CHANNEL_SENDERS) private readonly senders: ChannelSenders,
    private readonly box: SecretBox,
  ) {}

  onModuleDestroy(): void {
    this.stop.abort()
  }

  async execute(id: string, request: PartnerTestDto): Promise<PartnerTestResult> {
    const { partner, at } = await this.database.transaction(async (tx) => ({ partner: await registeredPartner(tx, id), at: tx.now }))
    const channels = chosenOf(partner, request.channel)
    if (this.running.has(id)) {
      const next = [action('partners.test', { partner: id })]
      const detail = `A test of ${id} is under way; wait for its end.`
      throw new HmsError('HMS_PARTNER_TEST_RUNNING', detail, { status: 409, retryable: true, next })
    }
    this.running.add(id)
    const deadline = new Deadline(DEADLINE_MS, this.stop.signal)
    try {
      const message = `test_${randomUUID()}`
      const facts = { partner: { id, name: partner.name }, networks: partner.networks, id: message, timestamp: at, triesBefore: 0 }
      const attempts = channels.map(([name, channel]) => ({ name, attempt: { ...facts, channel, ...testMessage(id, at) } }))
      const tests = await Promise.all(
        attempts.map(({ name, attempt }) => this.try(name, attempt, request.explain === true, deadline.signal)),
      )
      return { partner: id, message, ok: tests.every(({ ok }) => ok), channels: tests }
    } finally {
      deadline.clear()
      this.running.delete(id)
    }
  }

  private async try(name: string, sealed: Attempt, explains: boolean, signal: AbortSignal): Promise<ChannelTest> {
    try {
      const attempt = { ...sealed, channel: await openChannel(this.box, sealed.partner.id, sealed.channel) }
      const outcome = await dispatch(this.senders, attempt, signal)
      const isRefused = outcome.kind !== 'delivered' && REFUSALS.includes(outcome.status)
      const explanation = explains && isRefused ? await senderOf(this.senders, attempt.channel)?.explain?.(attempt, signal) : undefined
      return testOf(name, outcome, explanation)
    } catch (error) {
      return testOf(name, { kind: 'refused', latencyMs: 0, detail: describeError(error) })
    }
  }
}

function chosenOf(partner: RegisteredPartner, name: string | undefined): [string, Channel][] {
  const names = name === undefined ? channelNames(partner.channels) : [name]
  return names.map((each) => {
    const channel = channelOf(partner, each)
    if (channel !== undefined) return [each, channel]
    const detail = `${partner.id} has no channel ${each}; it has ${channelNames(partner.channels).join(', ')}.`
    throw new HmsError('HMS_PARTNER_CHANNEL_UNKNOWN', detail, { status: 404, next: [action('partners.list')] })
  })
}

function testOf(channel: string, outcome: Outcome, explanation: RefusalExplanation | null = null): ChannelTest {
  const { kind, status = null, latencyMs, detail = null, reply = '', address = null } = outcome
  return {
    channel,
    ok: kind === 'delivered' || kind === 'working',
    status,
    latencyMs,
    detail,
    reply: reply === '' ? null : reply,
    address,
    explanation,
  }
}

/** Placeholder policy for channels that name one. */
const TEST_POLICY = 'connection-test'

const TEST_VERSION = '0.0.0'

/** Creates a message that says that it is a test, in the format of real messages. */
function testMessage(partner: string, at: Date): { body: Buffer; content: MessageContent } {
  const time = at.toISOString()
  const body = Buffer.from(JSON.stringify({ type: 'partner.test', timestamp: time, data: { intent: TEST_POLICY, partner } }))
  const digest = `sha256:${createHash('sha256').update(body).digest('hex')}`
  const nothing = { supersedes: [], bundle: [], release: null, replaced: null }
  return {
    body,
    content: { type: 'partner.test', policy: TEST_POLICY, version: TEST_VERSION, digest, effective: time, at: time, ...nothing },
  }
}
