import type { HeadPredicate } from '../head.js'

/** What a statement on all stable heads says of each. */
export type StableHead = Pick<HeadPredicate, 'policy' | 'seq' | 'current'>
