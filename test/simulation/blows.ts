import { mayComeLater } from './faults.js'
import type { Blow } from './plan.js'
import type { Random } from './random.js'
import type { Harness } from './harness.js'

/** A session without a response for this time has expired: locks and partitions go to other instances. */
const SESSION_MS = 10_000

export async function strike(harness: Harness, blow: Blow, random: Random): Promise<void> {
  await harness.scheduler.sleep(blow.atMs)
  switch (blow.do) {
    case 'stop':
      return stop(harness, blow)
    case 'kill': {
      const life = harness.node(blow.service).lives[0]
      if (life === undefined) return
      harness.history.add(life.incarnation.name, 'killed')
      life.incarnation.kill()
      return
    }
    case 'forget offsets':
      for (const group of harness.broker.groups().filter((name) => name.split('.')[0] === blow.service)) {
        harness.history.add('broker', `forgets the offsets of ${group}`)
        harness.broker.forgetOffsets(group)
      }
      return
    case 'cut the log':
      return cut(harness, blow.records, random)
  }
}

/** SIGSTOP, and SIGCONT later. Others may lead and read in the meantime; it then goes on where it was. */
async function stop(harness: Harness, { service, forMs, sessionEnds }: Extract<Blow, { do: 'stop' }>): Promise<void> {
  const node = harness.node(service)
  const incarnation = node.lives[0]?.incarnation
  if (incarnation === undefined) return
  harness.history.add(incarnation.name, 'stopped')
  incarnation.pause()
  if (sessionEnds) {
    harness.scheduler.after(Math.min(forMs, SESSION_MS) / 2, () => {
      if (incarnation.paused) node.releaseLeadership(incarnation)
    })
  }
  harness.scheduler.after(SESSION_MS, () => {
    if (incarnation.paused && incarnation.alive) for (const member of harness.faults.membersOf(incarnation)) member.expel()
  })
  await harness.scheduler.sleep(forMs)
  resume(harness, service)
}

export function resume(harness: Harness, service: Parameters<Harness['node']>[0]): void {
  for (const { incarnation } of harness.node(service).lives) {
    if (!incarnation.paused) continue
    harness.history.add(incarnation.name, 'goes on')
    incarnation.resume()
    for (const member of harness.faults.membersOf(incarnation)) member.rejoin()
  }
}

/** The broker comes back without the end of its log, acknowledged as it was. */
function cut(harness: Harness, records: number, random: Random): void {
  const { broker } = harness
  const topics = broker.names.filter((name) => broker.partitions(name).some((partition) => partition.length > 0))
  if (topics.length === 0) return
  const topic = random.pick(topics)
  for (const [partition, log] of broker.partitions(topic).entries()) {
    let length = log.length
    while (length > 0 && log.length - length < records && mayBeLost(harness, topic, partition, length - 1)) length--
    if (length === log.length) continue
    harness.history.add('broker', `loses ${topic} ${partition} from ${length} on, of ${log.length}`)
    broker.truncate(topic, partition, length)
  }
}

function mayBeLost({ broker }: Harness, topic: string, partition: number, offset: number): boolean {
  const { key, headers } = broker.partitions(topic)[partition]![offset]!
  return (
    mayComeLater({ topic, key: key!, source: headers['ce_source']!, keySeq: Number(headers['ce_keyseq']) }, broker) ||
    broker.wasReadByAll(topic, partition, offset)
  )
}
