import { documentTable, type Transaction } from '#libs/persistence'

/** Registered partner, with the members that lint needs. */
export interface KnownPartner {
  id: string
  groups: string[]
}

export const PARTNERS = documentTable<KnownPartner>({ name: 'partner', id: (partner) => partner.id, keys: {} })

/** Returns the ids and groups that a policy may name. */
export async function knownPartners(tx: Transaction): Promise<{ ids: string[]; groups: string[] }> {
  const partners = await tx.documents(PARTNERS).find({ limit: 10_000 })
  return { ids: partners.map(({ id }) => id), groups: partners.flatMap(({ groups }) => groups) }
}
