import { expect, it } from 'vitest'
import { silentLogger, type Logger } from '#libs/platform'
import { VirtualClock } from '#libs/platform/testing'
import { clientIdOf, type GroupCoordinators, GroupMemberEviction } from './group-member-eviction.js'

it.each([
  ['was evicted', async () => {}, ['a member of a dead instance was removed from its group']],
  ['could not be evicted', () => Promise.reject(new Error('not the coordinator')), []],
])('an eviction is logged only if it succeeded: a dead instance that %s', async (_how, remove, expected) => {
  const clock = new VirtualClock()
  const logged: string[] = []
  const log: Logger = { ...silentLogger, warn: (_fields, text) => void logged.push(text) }
  const tried: string[] = []
  const members = ['own', 'dead'].map((name) => ({ memberId: name, clientId: clientIdOf('hms', name) }))
  const coordinators = {
    members: async () => members,
    remove: async (_group: string, member: string) => {
      tried.push(member)
      await remove()
    },
  } as unknown as GroupCoordinators
  const eviction = new GroupMemberEviction('linter', 'own', coordinators, async () => ['dead'], clock, log)
  eviction.polls.start()
  for (let looks = 0; tried.length === 0 && looks < 100; looks++) {
    clock.advanceTo(clock.now().getTime() + 500)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await eviction.polls.stop()
  await new Promise((resolve) => setImmediate(resolve))
  expect([tried, logged]).toEqual([['dead'], expected])
})
