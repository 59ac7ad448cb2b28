import { documentTable } from '#libs/persistence'

/** An approval that nobody has signed yet: who asked for it and what it is about. Its content lies in the approval of the same digest. */
export interface Preparation {
  digest: string
  /** Smallest policy id of the bundle. */
  policy: string
  /** Id of the person, operator or key for programs; `anyone` where profile dev asks nobody. */
  by: string
  preparedAt: string
}

export const PREPARATIONS = documentTable<Preparation>({
  name: 'preparation',
  id: (preparation) => preparation.digest,
  keys: {
    policy: { type: 'text', of: (preparation) => preparation.policy },
    by: { type: 'text', of: (preparation) => preparation.by },
    prepared_at: { type: 'timestamptz', of: (preparation) => preparation.preparedAt },
  },
  indexes: [['policy', 'by'], ['prepared_at']],
})

/** Unsigned preparations of one caller for one policy, of a policy, of a caller, and in all. */
export const MOST_PREPARATIONS = { callerOfPolicy: 50, policy: 200, caller: 200, all: 500 } as const
