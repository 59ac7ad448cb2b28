import { readReaderOptions } from '../client.config.js'
import { systemClock, type Clock } from '../clock.js'
import { optionNames, requireKnownOptions } from '../known-options.js'
import { Contact } from '../connection/contact.js'
import { DiskCopy } from '../connection/disk-copy.js'
import { ReaderSession } from '../connection/reader-session.js'
import type { TypedConnection } from '../policy-types.js'
import { openRosters } from '../trust/open-rosters.js'
import { readBrokerConfig, type BrokerOptions } from './kafka.config.js'
import { brokerUnreachable, KafkaSource } from './kafka-source.js'
import { LogFeed, STATE_TOPIC } from './log-feed.js'
import type { RecordSource } from './record-source.js'
import { topicRosters } from './topic-rosters.js'

/** Connection without `alert`, because alerts go to config-store, whose address this reader may not know. */
export type HmsFollower = Omit<TypedConnection, 'alert'>

/** Options of `followPolicies`; defaults come from the environment. */
export interface FollowOptions extends BrokerOptions {
  /** Id of the bot. A named bot takes part in canaries, but on Kafka it is not counted and acknowledges nothing. */
  bot?: string
  region?: string
  /** Policies of this reader, as in `connect`. The whole log is read all the same. */
  policies?: readonly string[]
  /** Trusted roster: its file, or its bytes as `hms-svc roster show --json` prints them. Required (`HMS_ROSTER_REQUIRED`). */
  roster?: string | Uint8Array
  /**
   * Folder of the last known good copy, one per installation. Without it, a restart while the broker is unreachable has no values, and
   * floors are not remembered, so the owner of the broker could present an older log.
   */
  cacheDir?: string
  /** Timeout in ms for reaching the end of the log. Default 10 s. */
  timeoutMs?: number
}

const OPTIONS = optionNames<FollowOptions>()('brokers', 'sasl', 'ssl', 'bot', 'region', 'policies', 'roster', 'cacheDir', 'timeoutMs')

/**
 * Follows policies on Kafka alone: `hms.config.state.v1` from its beginning, rosters on `hms.roster.v1`, verified documents only. Resolves
 * at the end of the log or with a disk copy; rejects with `HMS_BROKER_…` or `HMS_ROSTER_…`. Keeps the process alive until `close`.
 */
export async function followPolicies(options: FollowOptions = {}): Promise<HmsFollower> {
  requireKnownOptions('followPolicies', options, OPTIONS)
  const { brokers, sasl, ssl } = readBrokerConfig(options)
  return openFollower(options, new KafkaSource({ clientId: 'hms-svc-follower', brokers, sasl, ssl }))
}

/** Same as `followPolicies`, over a given source and clock, which tests replace. Closing the follower closes the source. */
export async function openFollower(
  options: Omit<FollowOptions, keyof BrokerOptions>,
  source: RecordSource,
  clock: Clock = systemClock,
): Promise<ReaderSession> {
  const { reader, policies, cacheDir, pinned, timeoutMs } = readReaderOptions(options)
  const report = (error: Error): void => follower.emitError(error)
  // Named after the topic, not the brokers, so that a change of broker addresses does not lose the floors.
  const disk = cacheDir === undefined ? null : new DiskCopy(cacheDir, STATE_TOPIC, reader, report, policies)
  const rosters = await openRosters({ pinned, source: topicRosters(source, report), cacheDir, clock, until: clock.elapsed() })
  const contact = new Contact((reason) => brokerUnreachable(source.name, reason))
  const follower: ReaderSession = new ReaderSession(
    { reader, policies, disk, rosters, clock, contact, fromLog: true },
    (session) => new LogFeed(session, { policies, rosters, source }),
  )
  return follower.open(timeoutMs)
}
