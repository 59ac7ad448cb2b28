import { describe, expect, it } from 'vitest'
import { commonInputs, DOSSIER, NOW, ORIGIN } from '../testing/samples.js'
import { drawStage } from '../testing/stage-diagram.js'
import { describeStage, transitionsOf, unsampled } from '../testing/transitions.js'
import { decideNotification, type Notification, type NotificationInput } from './decide.js'

const { dossier: _dossier, ...origin } = ORIGIN
const counts = { partners: [], unknown: [], rolledOutAt: NOW.toISOString(), completedAt: null, summary: null }
const inState = (state: Notification['state']): Notification => ({ run: 184, attempt: 1, ...origin, state, ...counts })
const when = (given: Notification, input: NotificationInput) => decideNotification(given, input, { now: NOW, deadlineMs: 20_000 })
const counted = (waiting: number, isOverdue = false, sent = 1, acknowledged = 0): NotificationInput => {
  return { type: 'counted', waiting, isOverdue, result: { summary: '1 sent', sent, retrying: 0, acknowledged } }
}

describe('given a new notification', () => {
  it('when its run arrives, then the deliveries are queued with a deadline', () => {
    const { state, effects } = when(inState('new'), { type: 'opened', dossier: DOSSIER, partners: ['va-deq'], unknown: [] })
    expect(state).toMatchObject({ state: 'open', partners: ['va-deq'] })
    expect(effects).toMatchObject([
      { do: 'schedule', timer: 'deadline', inMs: 20_000 },
      { do: 'emit', type: 'hms.notification.started.v1' },
      { do: 'deliver', partners: ['va-deq'] },
    ])
  })
})

describe('given a run that takes effect later', () => {
  const announced = when(inState('new'), { type: 'announced', dossier: DOSSIER, partners: ['va-deq'], unknown: [] })
  const opened: NotificationInput = { type: 'opened', dossier: DOSSIER, partners: ['va-deq', 'md-mde'], unknown: [] }

  it('when readers have received it, then partners are notified and counted before the stage begins', () => {
    const progressed = (sent: number, acknowledged = 0) => {
      const data = { run: 184, attempt: 1, sent, acknowledged, partners: 1 }
      return { do: 'emit', type: 'hms.notification.progressed.v1', data }
    }
    const deliver = { do: 'deliver', dossier: DOSSIER, partners: ['va-deq'] }
    expect([announced.state.state, announced.effects]).toEqual(['announced', [progressed(0), deliver]])
    const recounting = when(announced.state, { type: 'partnerReached' })
    expect(recounting.effects).toMatchObject([{ do: 'schedule', timer: 'recount' }])
    const counting = when(recounting.state, counted(0, false, 1, 1))
    expect([counting.state.state, counting.effects]).toEqual(['announced', [progressed(1, 1)]])
    const completed = when(when(counting.state, opened).state, counted(0, false, 1, 1))
    expect(completed.effects.flatMap((effect) => (effect.do === 'emit' ? effect.type : []))).toEqual(['hms.notification.completed.v1'])
    expect(when(completed.state, counted(0, false, 1, 1)).effects).toEqual([])
  })

  it('when its rollout is completed before a recount is due, then later notifications are still counted', () => {
    const { state } = when(when(when(announced.state, { type: 'partnerReached' }).state, opened).state, counted(0, false, 0))
    expect(when(state, { type: 'partnerReached' }).effects).toMatchObject([{ do: 'schedule', timer: 'recount' }])
  })

  it('when its rollout is completed, then no partner is notified again', () => {
    const { state, effects } = when(announced.state, opened)
    expect(state).toMatchObject({ state: 'open', partners: ['va-deq'] })
    expect(effects.filter((effect) => effect.do === 'deliver')).toEqual([])
    expect(when(state, { type: 'announced', dossier: DOSSIER, partners: ['va-deq'], unknown: [] }).effects).toEqual([])
  })

  it('when the run ends before the effective time, then nothing more is sent; the end of an older attempt changes nothing', () => {
    const ended = { type: 'ended', attempt: 1, reason: 'aborted' } as const
    expect(when({ ...announced.state, attempt: 2 }, ended).state.state).toBe('announced')
    const { state } = when(announced.state, ended)
    expect(state.state).toBe('dropped')
    expect(when(state, opened).effects).toEqual([])
  })
})

describe('given pending deliveries', () => {
  it('when a first attempt has not ended, then it waits, unless the deadline has passed', () => {
    expect(when(inState('open'), counted(1)).effects).toEqual([])
    expect(when(inState('open'), counted(1, true)).state.state).toBe('completed')
  })

  it('when all first attempts have ended, then it completes once', () => {
    const { state, effects } = when(inState('open'), counted(0))
    expect(effects.at(-1)).toMatchObject({ type: 'hms.notification.completed.v1', data: { summary: '1 sent' } })
    expect(when(state, counted(0)).effects).toEqual([])
  })
})

describe('given a completed notification', () => {
  const { state: completed } = when(inState('open'), counted(0))

  it('when deliveries are reported, then one recount is scheduled for all of them', () => {
    const { state, effects } = when(completed, { type: 'partnerReached' })
    expect(effects).toEqual([{ do: 'schedule', timer: 'recount', inMs: 2_000 }])
    expect(when(state, { type: 'partnerReached' }).effects).toEqual([])
    const { state: recounted } = when(state, counted(0, false, 2))
    expect(when(recounted, { type: 'partnerReached' }).effects).toHaveLength(1)
  })

  it('when a partner is notified or acknowledges later, then the new numbers are published once', () => {
    const { state, effects } = when(completed, counted(0, false, 2, 1))
    expect(effects).toEqual([
      { do: 'emit', type: 'hms.notification.progressed.v1', data: { run: 184, attempt: 1, sent: 2, acknowledged: 1 } },
    ])
    expect(when(state, counted(0, false, 2, 1)).effects).toEqual([])
  })

  it('when a redelivery lowers the numbers, then nothing is published', () => {
    expect(when(completed, counted(1, false, 0, 0)).effects).toEqual([])
  })

  it('when a partner acknowledged before the end, then that number is published too', () => {
    const types = when(inState('open'), counted(0, false, 1, 1)).effects.map((effect) => (effect.do === 'emit' ? effect.type : effect.do))
    expect(types).toEqual(['cancel', 'hms.notification.completed.v1', 'hms.notification.progressed.v1'])
  })
})

describe('every state with every input', () => {
  const states = Object.fromEntries((['new', 'announced', 'open', 'completed', 'dropped'] as const).map((state) => [state, inState(state)]))
  const inputs: Record<string, NotificationInput> = {
    opened: { type: 'opened', dossier: DOSSIER, partners: ['va-deq'], unknown: [] },
    'announced ahead': { type: 'announced', dossier: DOSSIER, partners: ['va-deq'], unknown: [] },
    'first tries under way': counted(1),
    'first tries ended': counted(0),
    'further partners notified': counted(0, false, 2),
    'partner heard of': { type: 'partnerReached' },
    'deadline passed': counted(1, true),
    ...commonInputs(['deadline', 'recount'], 'notify'),
  }
  const transitions = transitionsOf(states, inputs, when)

  it('has a sample of each state and of each input', () => {
    const allStates: Record<Notification['state'], true> = { new: true, announced: true, open: true, completed: true, dropped: true }
    const allInputs: Record<NotificationInput['type'], true> = {
      opened: true,
      announced: true,
      counted: true,
      partnerReached: true,
      refused: true,
      due: true,
      ended: true,
      decisionReceived: true,
    }
    expect(unsampled({ states: allStates, inputs: allInputs }, states, inputs)).toEqual([])
  })

  it('has a defined result for each state and input, as docs/stages/notify shows', async () => {
    await expect(describeStage('Notify', transitions)).toMatchFileSnapshot('../../../../docs/stages/notify.md')
    await expect(drawStage('Notify', transitions, ['completed', 'dropped'])).toMatchFileSnapshot('../../../../docs/stages/notify.svg')
  })
})
