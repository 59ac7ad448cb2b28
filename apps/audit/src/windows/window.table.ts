import { documentTable } from '#libs/persistence'
import type { WindowedEvent } from './window.js'

/** Emptied as windows end. */
export const WINDOWED = documentTable<WindowedEvent>({
  name: 'windowed_event',
  id: ({ event }) => event,
  keys: { until: { type: 'timestamptz', of: ({ until }) => until } },
  indexes: [['until']],
})

/** What the digest of an entry was made over, for as long as the events themselves can be read. */
export interface WindowListing {
  /** Id of the entry. */
  event: string
  listing: string
  at: string
}

export const LISTINGS = documentTable<WindowListing>({
  name: 'window_listing',
  id: ({ event }) => event,
  keys: { at: { type: 'timestamptz', of: ({ at }) => at } },
  indexes: [['at']],
})
