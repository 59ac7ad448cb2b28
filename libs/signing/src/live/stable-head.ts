import type { HeadPredicate } from '../head.js'

/** Content of each row in a statement on all stable heads. */
export type StableHead = Pick<HeadPredicate, 'policy' | 'seq' | 'current'>
