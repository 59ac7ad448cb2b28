import { readClientConfig } from '../client.config.js'
import { systemClock, type Clock } from '../clock.js'
import { requireKnownOptions, type OptionNames } from '../known-options.js'
import { DiskCopy } from '../connection/disk-copy.js'
import { namedPolicies } from '../connection/named-policies.js'
import { DocumentTrust } from '../trust/document-trust.js'
import { openRosters } from '../trust/open-rosters.js'
import { ReaderTime } from '../trust/reader-time.js'
import { readBrokerConfig, type BrokerOptions } from './kafka.config.js'
import { KafkaSource } from './kafka-source.js'
import { PolicyFollower, STATE_TOPIC, type HmsFollower } from './policy-follower.js'
import type { RecordSource } from './record-source.js'
import { topicRosters } from './topic-rosters.js'

/** What is left out comes from the environment. */
export interface FollowOptions extends BrokerOptions {
  /** A named bot takes part in canaries. Nobody on Kafka counts it, or hears what it applies. */
  bot?: string
  region?: string
  /** As of `connect`: what is held and verified. The log is read whole all the same. */
  policies?: readonly string[]
  /**
   * The roster to trust: its file, or its bytes as `hms-svc roster show --json` prints them. Without one nothing is read:
   * `HMS_ROSTER_REQUIRED`.
   */
  roster?: string | Uint8Array
  /**
   * Folder for the last known good copy, one for each installation. Without one a restart without a broker has nothing, and no floor is
   * remembered: anyone who owns the broker could then show an older log.
   */
  cacheDir?: string
  /** How long to wait for the end of the log. Default 10 s. */
  timeoutMs?: number
}

const OPTIONS: OptionNames<FollowOptions> = {
  brokers: true,
  sasl: true,
  ssl: true,
  bot: true,
  region: true,
  policies: true,
  roster: true,
  cacheDir: true,
  timeoutMs: true,
}

const FIRST_COPY_MS = 10_000

/**
 * Follows the policies on Kafka, without a server of ours: `hms.config.state.v1` from its beginning, and rosters on `hms.roster.v1`.
 * Nothing is applied that does not verify. Resolves at the end of the log, or with a copy from disk; rejects with `HMS_BROKER_…` or
 * `HMS_ROSTER_…`. It keeps the process alive until `close`.
 */
export async function followPolicies(options: FollowOptions = {}): Promise<HmsFollower> {
  requireKnownOptions('followPolicies', options, OPTIONS)
  const { brokers, sasl, ssl } = await readBrokerConfig(options)
  return openFollower(options, new KafkaSource({ clientId: 'hms-svc-follower', brokers, sasl, ssl }))
}

/** `followPolicies` with the parts of the world that tests replace. The source is closed with it. */
export async function openFollower(
  options: Omit<FollowOptions, keyof BrokerOptions>,
  source: RecordSource,
  clock: Clock = systemClock,
): Promise<PolicyFollower> {
  const config = readClientConfig()
  const reader = { bot: options.bot ?? config.bot, region: options.region ?? config.region }
  const policies = namedPolicies(options.policies ?? config.policies)
  const cacheDir = options.cacheDir ?? config.cacheDir
  const timeoutMs = options.timeoutMs ?? FIRST_COPY_MS
  const report = (error: Error): void => follower.fail(error)
  // By the topic and not by the brokers: anyone who changes these addresses must not lose the floors.
  const disk = cacheDir === undefined ? null : new DiskCopy(cacheDir, STATE_TOPIC, reader, report, policies)
  const pinned = options.roster ?? config.roster
  const rosters = await openRosters({ pinned, source: topicRosters(source, report), cacheDir, clock, until: clock.elapsed() })
  const time = new ReaderTime(clock)
  const follower: PolicyFollower = new PolicyFollower({
    reader,
    policies,
    disk,
    rosters,
    trust: new DocumentTrust(() => rosters.newest, time),
    time,
    source,
    fromLog: true,
  })
  try {
    await follower.open(timeoutMs)
    return follower
  } catch (error) {
    await follower.close()
    throw error
  }
}
