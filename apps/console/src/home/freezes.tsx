import type { FreezeView } from '#libs/contracts'
import type { JSX } from 'preact'
import { Moment } from '../layout/parts.js'

/** What holds everything back that would go forward. */
export function ActiveFreezes({ freezes }: { freezes: FreezeView[] }): JSX.Element | null {
  const active = freezes.filter(({ state }) => state === 'ACTIVE')
  if (active.length === 0) return null
  return (
    <ul>
      {active.map(({ id, scope, reason, by, next }) => (
        <li key={id}>
          Nothing goes forward {scope === 'global' ? 'anywhere' : `in ${scope}`}: <a href="/freezes">{id}</a> ({reason}), by {by}
          {next === null ? (
            ', until it is lifted.'
          ) : (
            <>
              , until <Moment at={next} />.
            </>
          )}
        </li>
      ))}
    </ul>
  )
}
