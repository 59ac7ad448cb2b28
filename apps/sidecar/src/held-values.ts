import type { HeldDocumentSource, HmsConnection } from '#libs/client'

/** What the side-car takes from its connection. Everything in it was verified there: nothing here judges a value. */
export type HeldValues = Pick<HmsConnection, 'state' | 'revision' | 'ids' | 'explain' | 'on'> & { readonly documents: HeldDocumentSource }

/** As whom it reads. */
export interface LocalReader {
  bot?: string
  region?: string
}
