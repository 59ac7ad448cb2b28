import { BREAK_GLASS_GUARDS } from './break-glass.mjs'
import { CLI_GUARDS } from './cli.mjs'
import { DOOR_GUARDS } from './doors.mjs'
import { COST_GUARDS } from './costs.mjs'
import { DECISION_GUARDS } from './decisions.mjs'
import { APPROVER_GUARDS } from './approver.mjs'
import { AUDIT_GUARDS } from './audit.mjs'
import { EFFECTIVE_GUARDS } from './effective.mjs'
import { FREEZE_GUARDS } from './freezes.mjs'
import { GOING_BACK_GUARDS } from './going-back.mjs'
import { GROWTH_GUARDS } from './growth.mjs'
import { PARTNER_GUARDS } from './partners.mjs'
import { READER_GUARDS } from './readers.mjs'
import { RAMP_GUARDS } from './ramps.mjs'
import { REGION_GUARDS } from './regions.mjs'
import { SIMULATION_GUARDS } from './simulation.mjs'
import { SOCKET_GUARDS } from './sockets.mjs'
import { ROW_GUARDS } from './rows.mjs'
import { TICKET_GUARDS } from './tickets.mjs'
import { TRUST_GUARDS } from './trust.mjs'
import { ALERT_GUARDS } from './alerts.mjs'
import { CHANNEL_GUARDS } from './channels.mjs'
import { CONSOLE_GUARDS } from './console.mjs'

/**
 * List of all guards; the ones defined here are those of events, the outbox, timers, sessions, keys and guard rules. The code marks each
 * guard (`// guard: NAME`). `guard`: what it ensures; `without`: edit that removes it (see `removeMarked`); `spec` and `test`: test that
 * must then fail.
 */
export const GUARDS = [
  {
    name: 'position-check',
    guard: 'a position advances only from n−1 to n',
    without: ['stream_position.last_key_seq = EXCLUDED.last_key_seq - 1 OR', 'TRUE OR'],
    spec: 'test/contracts/event-consumer.spec.ts',
    test: 'handles each event once and in order',
  },
  {
    name: 'lost-announcement',
    guard: 'readers of the embedded log read what was marked as sent without an announcement',
    without: 'false',
    spec: 'test/contracts/relay.spec.ts',
    test: 'lets readers read what was marked as sent by a statement whose response was lost',
  },
  {
    name: 'blind-next',
    guard: 'an event is handled without reading only if it is the next of its stream',
    without: ['1 / count(*)', 'count(*)'],
    spec: 'test/contracts/event-consumer.spec.ts',
    test: 'are events whose handler only writes: each once and in order, whatever comes early or again',
  },
  {
    name: 'blind-next-simulated',
    guard: 'an event is handled without reading only if it is the next of its stream, in memory too',
    without: '',
    spec: 'test/contracts/event-consumer.spec.ts',
    test: 'are events whose handler only writes: each once and in order, whatever comes early or again',
  },
  {
    name: 'session-not-had',
    guard: 'a session that is not established in time is closed',
    without: '',
    spec: 'test/regressions/session-leaves-nothing.spec.ts',
    test: 'leaves no connection behind when it is not had in time',
  },
  {
    name: 'session-of-the-stopped',
    guard: 'a stopped service keeps no session',
    without: '',
    spec: 'test/regressions/session-leaves-nothing.spec.ts',
    test: 'is closed when the service stops while it is opened',
  },
  {
    name: 'wake-ups-kept',
    guard: 'a wake-up queued without a session is sent with the next session',
    without: '',
    spec: 'test/regressions/session-leaves-nothing.spec.ts',
    test: 'sends what it was to tell while it was away',
  },
  {
    name: 'replay-refused-late',
    guard: 'a replay whose commit is refused is recorded as failed',
    without: 'true',
    spec: 'test/contracts/event-consumer.spec.ts',
    test: 'waits on when what the handler wrote is refused, as late as that may be',
  },
  {
    name: 'read-once-bytes',
    guard: 'the cache of verified events stays within its size limit',
    without: '$1',
    spec: 'test/contracts/read-once.spec.ts',
    test: 'is dropped where others need the room, by number or by size',
  },
  {
    name: 'refused-parked',
    guard: 'a parked event that is refused when it is reopened is deleted',
    without: '',
    spec: 'test/contracts/event-consumer.spec.ts',
    test: 'a parked event whose key was revoked meanwhile does not block its stream',
  },
  {
    name: 'late-beginning',
    guard: 'an event that a restored log delivers after newer ones enters the audit log',
    without: '$1',
    spec: 'test/contracts/event-consumer.spec.ts',
    test: 'of a log that got back what it had lost takes what came first late: the reader of every type alone',
  },
  {
    name: 'late-beginning-alone',
    guard: 'a consumer that acts on events never receives an older one after a newer one',
    without: 'this.subscribers.get(topic) !== undefined',
    spec: 'test/contracts/event-consumer.spec.ts',
    test: 'of a log that got back what it had lost takes what came first late: the reader of every type alone',
  },
  {
    name: 'position-check-simulated',
    guard: 'a position advances only from n−1 to n, under every simulated fault',
    without: '',
    spec: 'test/simulation/simulation.spec.ts',
    test: 'keep every promise, whatever fails when',
  },
  {
    name: 'row-lock',
    guard: 'the aggregate is locked before anything is read',
    without: ['FOR UPDATE', ''],
    spec: 'test/contracts/relay.spec.ts',
    test: 'loses nothing and keeps the order of commits per key, with any writers and any leader',
  },
  {
    name: 'outbox',
    guard: 'events are written in the transaction of their cause and published after its commit',
    without: [
      'stores.outbox,',
      'Object.assign(Object.create(Object.getPrototypeOf(stores.outbox)), stores.outbox, {\n        append: async (_tx: never, event: Parameters<typeof bus.publish>[0][number]) => {\n          const placed = await bus.publish([event])\n          bus.announce(source, [{ event, offset: placed.get(event.id)?.offset ?? 0 }])\n        },\n      }),',
    ],
    spec: 'test/simulation/simulation.spec.ts',
    test: 'keep every promise, whatever fails when',
  },
  {
    name: 'advisory-lock',
    guard: 'only one relay leads, by a session advisory lock',
    without: 'result.rows.length > 0',
    spec: 'test/regressions/black-hole.spec.ts',
    test: 'a leader notices that it leads no longer, and another that is not cut off leads within 5 s',
  },
  {
    name: 'read-once-payload',
    guard: 'a cached verification applies only to the same payload',
    without: '$2 && $3',
    spec: 'test/contracts/read-once.spec.ts',
    test: 'does not vouch for another payload under its signature',
  },
  {
    name: 'read-once-key',
    guard: 'a cached verification applies only under the same key',
    without: '$1 && $2',
    spec: 'test/contracts/read-once.spec.ts',
    test: 'is refused by a reader whose roster has no such key any more, or another under its name',
  },
  {
    name: 'seq-order',
    guard: 'unsent rows are read in seq order',
    without: ['ORDER BY outbox.seq', 'ORDER BY outbox.seq DESC'],
    spec: 'test/contracts/stores.spec.ts',
    test: 'returns unsent rows oldest first, up to the limit, and no sent ones',
  },
  {
    name: 'marked-by-the-bus',
    guard: 'the relay marks as sent only rows that the bus confirmed',
    without: ['tx, markable', 'tx, new Map(rows.map(({ id }) => [id, markable.get(id)]))'],
    spec: 'test/simulation/simulation.spec.ts',
    test: 'keep every promise, whatever fails when',
  },
  {
    name: 'reconciler',
    guard: 'events that were acknowledged but are missing from the log are sent again',
    without: '[] as LostPosition[]',
    spec: 'test/contracts/reconciler.spec.ts',
    test: 'are the same again within a minute when the log lost its tail',
  },
  {
    name: 'timer-epoch',
    guard: 'a timer is taken only by the holder of its current lease',
    without: ['lease_epoch = $2', '$2::bigint IS NOT NULL'],
    spec: 'test/contracts/timer-store.spec.ts',
    test: 'fails after the id was scheduled again, also when the new wait is due and claimed',
  },
  {
    name: 'deadline-row',
    guard: 'every open run has a timer row',
    without: '',
    spec: 'test/scenarios/stuck.spec.ts',
    test: 'simulator: the run fails within 5 s of the deadline, and names the stage',
  },
  {
    name: 'token-scope',
    guard: 'a key may do only what its scopes cover',
    without: '!isOpen && Math.random() > 2',
    spec: 'test/attacks/tokens.spec.ts',
    test: 'reports as its own bot and as no other, and rolls nothing back',
  },
  {
    name: 'token-statement',
    guard: 'a key cannot create or revoke keys',
    without: 'what === $2 && Math.random() > 2',
    spec: 'test/attacks/tokens.spec.ts',
    test: 'operates makes and revokes no key',
  },
  {
    name: 'access-by-default',
    guard: 'a route without a declared scope requires a key in production',
    without: 'undefined',
    spec: 'test/attacks/tokens.spec.ts',
    test: 'every route but the public ones refuses an anonymous client',
  },
  {
    name: 'token-release',
    guard: 'streams opened with a revoked key are closed',
    without: '',
    spec: 'test/attacks/tokens.spec.ts',
    test: 'streams of the key, and no others',
  },
  {
    name: 'guard-signature',
    guard: 'a signature that the guard denied does not count',
    without: '',
    spec: 'test/scenarios/guard.spec.ts',
    test: 'refuse a signature with rule and sentence, and leave what was signed unchanged',
  },
  {
    name: 'guard-stage',
    guard: 'a stage that the guard denied does not start',
    without: ['return', '{}'],
    spec: 'test/scenarios/guard.spec.ts',
    test: 'end a run before its stage canary, and nothing of it stays half done',
  },
  {
    name: 'guard-lets-go',
    guard: 'the releases that a denied run published are rolled back',
    without: '',
    spec: 'test/scenarios/guard.spec.ts',
    test: 'end a run before its stage rollout, and nothing of it stays half done',
  },
  {
    name: 'guard-rollback',
    guard: 'a rollback that the guard denied is not carried out',
    without: '',
    spec: 'test/scenarios/guard.spec.ts',
    test: 'judge rollbacks too, and the verdict is published',
  },
  ...ALERT_GUARDS,
  ...CHANNEL_GUARDS,
  ...TRUST_GUARDS,
  ...READER_GUARDS,
  ...RAMP_GUARDS,
  ...REGION_GUARDS,
  ...SIMULATION_GUARDS,
  ...SOCKET_GUARDS,
  ...DOOR_GUARDS,
  ...CLI_GUARDS,
  ...DECISION_GUARDS,
  ...EFFECTIVE_GUARDS,
  ...FREEZE_GUARDS,
  ...BREAK_GLASS_GUARDS,
  ...GOING_BACK_GUARDS,
  ...ROW_GUARDS,
  ...TICKET_GUARDS,
  ...APPROVER_GUARDS,
  ...AUDIT_GUARDS,
  ...GROWTH_GUARDS,
  ...PARTNER_GUARDS,
  ...COST_GUARDS,
  ...CONSOLE_GUARDS,
]
