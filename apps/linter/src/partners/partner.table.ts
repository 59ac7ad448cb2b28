import { documentTable } from '#libs/persistence'

/** What lint needs to know of a registered partner. */
export interface KnownPartner {
  id: string
  groups: string[]
}

export const PARTNERS = documentTable<KnownPartner>({ name: 'partner', id: (partner) => partner.id, keys: {} })
