import type { CoverageView } from '#libs/contracts'
import type { JSX } from 'preact'
import { Tag } from '../layout/state-words.js'

/** Readers that hold the release keep it and are STALE, so coverage alone would show them as current. */
export function RefusedByReaders({ refused }: Pick<CoverageView, 'refused'>): JSX.Element | null {
  if (refused === undefined) return null
  return (
    <p>
      <Tag text="Refused by readers" tone="bad" /> {refused.version}, by the roster in force: {refused.detail}. Bots that hold it keep it
      and are STALE; new ones cannot read it.
    </p>
  )
}
