import ICAL from 'ical.js'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { writeCalendar, type CalendarEvent } from './i-calendar.js'

const EVENT: CalendarEvent = {
  uid: 'run-1-pm25',
  stamp: '2026-03-02T09:00:00.000Z',
  start: '2026-03-09T06:30:00Z',
  summary: 'pm25 2.0.0 takes effect',
  description: 'Run 1: WAITING',
}

function parsed(calendar: string): InstanceType<typeof ICAL.Event>[] {
  const component = new ICAL.Component(ICAL.parse(calendar) as never)
  return component.getAllSubcomponents('vevent').map((event) => new ICAL.Event(event))
}

it('is read by a library as it was written', () => {
  const calendar = writeCalendar('policies', 'a.hms-svc', [
    EVENT,
    { ...EVENT, uid: 'freeze-x', end: '2026-03-10T00:00:00+02:00', isTentative: true },
  ])
  const [first, second] = parsed(calendar)
  expect([first!.uid, first!.summary, first!.startDate.toString(), first!.component.getFirstPropertyValue('status')]).toEqual([
    'run-1-pm25@a.hms-svc',
    EVENT.summary,
    '2026-03-09T06:30:00Z',
    'CONFIRMED',
  ])
  expect([second!.uid, second!.endDate.toString(), second!.component.getFirstPropertyValue('status')]).toEqual([
    'freeze-x@a.hms-svc',
    '2026-03-09T22:00:00Z',
    'TENTATIVE',
  ])
  expect(calendar.startsWith('BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:')).toBe(true)
})

it('says when an event changed, by a sequence that grows with it', () => {
  const later = { ...EVENT, uid: 'run-2-pm25', stamp: '2026-03-02T09:00:01.000Z' }
  const properties = parsed(writeCalendar('policies', 'a.hms-svc', [EVENT, later])).map(({ component, sequence }) => [
    String(component.getFirstPropertyValue('last-modified')),
    String(component.getFirstPropertyValue('dtstamp')),
    sequence,
  ])
  expect(properties).toEqual([
    ['2026-03-02T09:00:00Z', '2026-03-02T09:00:00Z', 194_605_200],
    ['2026-03-02T09:00:01Z', '2026-03-02T09:00:01Z', 194_605_201],
  ])
})

it('has no events where nothing is scheduled', () => expect(parsed(writeCalendar('none', 'a', []))).toEqual([]))

it('keeps any text, in lines of at most 75 octets that end with CRLF', () => {
  // Control characters are replaced; line ends become LF.
  const words = fc.string({ unit: 'binary', maxLength: 300 }).map((text) => text.toWellFormed().replaceAll(/\p{Cc}|[\u2028\u2029]/gu, ' '))
  const special = fc
    .array(fc.constantFrom(';', ',', '\\', '\n', 'é', '漢', '👩‍🚒', 'BEGIN:VEVENT', ' '), { maxLength: 120 })
    .map((parts) => parts.join(''))
  fc.assert(
    fc.property(fc.oneof(words, special), (text) => {
      const calendar = writeCalendar(text, 'a.hms-svc', [{ ...EVENT, summary: text, description: text }])
      for (const line of calendar.split('\r\n')) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75)
      expect(calendar.replaceAll('\r\n', '')).not.toMatch(/[\r\n\uFFFD]/)
      const [event, ...others] = parsed(calendar)
      expect([event!.summary, event!.description, others]).toEqual([text, text, []])
    }),
  )
})
