import { documentTable } from '#libs/persistence'

/** Registered partner, with the members that lint needs. */
export interface KnownPartner {
  id: string
  groups: string[]
}

export const PARTNERS = documentTable<KnownPartner>({ name: 'partner', id: (partner) => partner.id, keys: {} })
