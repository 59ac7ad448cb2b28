import { columns, documentTable } from '#libs/persistence'
import type { WindowedEvent } from './window.js'

/** Events that wait for their window to end; folding deletes them. */
export const WINDOWED = documentTable<WindowedEvent>({
  name: 'windowed_event',
  id: ({ event }) => event,
  keys: columns({ until: 'timestamptz' }),
  indexes: [['until']],
})

/** Input of an entry's digest, retained as long as the events themselves can be read. */
export interface WindowListing {
  event: string
  listing: string
  at: string
}

export const LISTINGS = documentTable<WindowListing>({
  name: 'window_listing',
  id: ({ event }) => event,
  keys: columns({ at: 'timestamptz' }),
  indexes: [['at']],
})
