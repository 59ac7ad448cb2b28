import type { HeldDocumentSource, HmsConnection } from '#libs/client'

/** Parts of the connection that the side-car uses. The connection verified all values: nothing here verifies one. */
export type HeldValues = Pick<HmsConnection, 'state' | 'revision' | 'ids' | 'explain' | 'on'> & { readonly documents: HeldDocumentSource }

/** Identity with which it reads. */
export interface LocalReader {
  bot?: string
  region?: string
}
