import { columns, documentTable } from '#libs/persistence'

/** Index row of an unsigned approval, for the limits per caller and policy. The content is in the approval with the same digest. */
export interface Preparation {
  digest: string
  /** Smallest policy id of the bundle. */
  policy: string
  /** Id of the person, operator or API token; `anyone` for anonymous callers of profile dev. */
  by: string
  preparedAt: string
}

export const PREPARATIONS = documentTable<Preparation>({
  name: 'preparation',
  id: (preparation) => preparation.digest,
  keys: columns({ policy: 'text', by: 'text', preparedAt: 'timestamptz' }),
  indexes: [['policy', 'by'], ['prepared_at']],
})

export const MAX_PREPARATIONS = { callerOfPolicy: 50, policy: 200, caller: 200, all: 500 } as const
