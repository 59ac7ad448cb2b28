import { HmsError, readingProblem, type JsonObject } from '#libs/contracts'

/** Rejects a reading locally by the server's rule, before it is sent. */
export function requireReading(reading: JsonObject | null): void {
  const problem = readingProblem(reading)
  if (problem === undefined) return
  throw new HmsError('HMS_ALERT_READING', `${problem}; tell only the facts that the alert was raised on`, {
    status: 400,
    next: ['hms-svc alert --help'],
  })
}
