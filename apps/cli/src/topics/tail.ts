import { EXIT, type TopicRecord } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { problemOf } from '../errors.js'
import { timeOf } from '../partners/time-flag.js'
import { parseRunNumber } from '../runs/run-number.js'
import { stopOnInterrupt } from '../stop-on-interrupt.js'
import { chooseTopics } from './choose-topics.js'
import { describeRecord } from './describe-record.js'
import { followServices, type Following } from './follow-services.js'

export interface TailFlags {
  from?: string
  run?: string
}

/** Follows topics until Ctrl-C: on the broker in distributed mode, through the services in embedded mode. */
export async function tailTopics(context: CliContext, topic: string | undefined, flags: TailFlags): Promise<number> {
  const { io, output } = context
  const topics = chooseTopics(topic)
  const run = flags.run === undefined ? undefined : parseRunNumber(flags.run)
  const since = flags.from === undefined ? undefined : timeOf('--from', flags.from, io.now())
  const following: Following = {
    topics,
    since,
    onReady: () => output.note(`Following ${topic === undefined ? 'all topics' : topics[0]}; Ctrl-C ends it.`),
    onRecord: (record) => show(context, record, run),
  }
  const stopper = stopOnInterrupt(io)
  try {
    const { followBroker } = await import('../hosting/follow-broker.js')
    if (!(await followBroker(following, stopper.signal))) {
      const client = await context.client()
      const onTrouble = (error: unknown): void => output.note(`! ${problemOf(error).detail} Asking again; nothing is lost.`)
      await followServices({ ...following, client, wait: stopper.wait, onTrouble })
    }
    return EXIT.interrupted
  } finally {
    stopper.end()
  }
}

function show({ output }: CliContext, record: TopicRecord, run: number | undefined): void {
  if (run === undefined || record.run === run) output.data(record, () => [describeRecord(record)])
}
