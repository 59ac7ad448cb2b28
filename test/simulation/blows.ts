import { mayComeLater } from './faults.js'
import type { Blow } from './plan.js'
import type { Random } from './random.js'
import type { World } from './world.js'

/** A session without a response for this time has expired: locks and partitions go to other instances. */
const SESSION_MS = 10_000

export async function strike(world: World, blow: Blow, random: Random): Promise<void> {
  await world.scheduler.sleep(blow.atMs)
  switch (blow.do) {
    case 'stop':
      return stop(world, blow)
    case 'kill': {
      const life = world.node(blow.service).lives[0]
      if (life === undefined) return
      world.history.add(life.incarnation.name, 'killed')
      life.incarnation.kill()
      return
    }
    case 'forget offsets':
      for (const group of world.broker.groups().filter((name) => name.split('.')[0] === blow.service)) {
        world.history.add('broker', `forgets the offsets of ${group}`)
        world.broker.forgetOffsets(group)
      }
      return
    case 'cut the log':
      return cut(world, blow.records, random)
  }
}

/** SIGSTOP, and SIGCONT later. Others may lead and read in the meantime; it then goes on where it was. */
async function stop(world: World, { service, forMs, sessionEnds }: Extract<Blow, { do: 'stop' }>): Promise<void> {
  const node = world.node(service)
  const incarnation = node.lives[0]?.incarnation
  if (incarnation === undefined) return
  world.history.add(incarnation.name, 'stopped')
  incarnation.pause()
  if (sessionEnds) {
    world.scheduler.after(Math.min(forMs, SESSION_MS) / 2, () => {
      if (incarnation.paused) node.releaseLeadership(incarnation)
    })
  }
  world.scheduler.after(SESSION_MS, () => {
    if (incarnation.paused && incarnation.alive) for (const member of world.faults.membersOf(incarnation)) member.expel()
  })
  await world.scheduler.sleep(forMs)
  resume(world, service)
}

export function resume(world: World, service: Parameters<World['node']>[0]): void {
  for (const { incarnation } of world.node(service).lives) {
    if (!incarnation.paused) continue
    world.history.add(incarnation.name, 'goes on')
    incarnation.resume()
    for (const member of world.faults.membersOf(incarnation)) member.rejoin()
  }
}

/** The broker comes back without the end of its log, acknowledged as it was. */
function cut(world: World, records: number, random: Random): void {
  const { broker } = world
  const topics = broker.names.filter((name) => broker.partitions(name).some((partition) => partition.length > 0))
  if (topics.length === 0) return
  const topic = random.pick(topics)
  for (const [partition, log] of broker.partitions(topic).entries()) {
    let length = log.length
    while (length > 0 && log.length - length < records && mayBeLost(world, topic, partition, length - 1)) length--
    if (length === log.length) continue
    world.history.add('broker', `loses ${topic} ${partition} from ${length} on, of ${log.length}`)
    broker.truncate(topic, partition, length)
  }
}

function mayBeLost({ broker }: World, topic: string, partition: number, offset: number): boolean {
  const { key, headers } = broker.partitions(topic)[partition]![offset]!
  return (
    mayComeLater({ topic, key: key!, source: headers['ce_source']!, keySeq: Number(headers['ce_keyseq']) }, broker) ||
    broker.wasReadByAll(topic, partition, offset)
  )
}
