import type { Envelope } from '#libs/contracts'
import type { PreparedFrame } from '../copy/prepared-frame.js'
import type { StableHeads } from '../copy/stable-heads.js'
import type { Subset } from '../copy/subset.js'
import type { PartOf } from './fan-out.js'

/** Freshness statement as published. `standing`: the heads that it covers; missing while this instance does not have them. */
export interface Statement {
  envelope: Envelope
  standing?: StableHeads
}

interface Group {
  readers: number
  envelope?: Envelope
  /** Digest of the heads of the last sent proofs. */
  proven?: string
}

/**
 * Freshness that readers of a few policies received, grouped by their subset. A change of other policies costs them nothing immediately;
 * the next heartbeat contains its statement, with a proof for each of their policies.
 */
export class SubsetFreshness {
  private readonly groups = new Map<string, Group>()

  /** Adds the first statement for a new reader. */
  join(subset: Subset, frame: PreparedFrame, statement: Statement | undefined): PreparedFrame {
    const group = this.groups.get(subset.key) ?? record({ readers: 0 }, statement)
    group.readers++
    this.groups.set(subset.key, group)
    return frame.with(statement?.envelope, statement?.standing?.of(subset))
  }

  leave({ key }: Subset): void {
    const group = this.groups.get(key)
    if (group !== undefined && --group.readers === 0) this.groups.delete(key)
  }

  /** Adds the part of the statement that the group has not received. */
  with(subset: Subset, frame: PreparedFrame, statement: Statement | undefined): PreparedFrame {
    const group = this.groups.get(subset.key)
    if (group === undefined || statement === undefined || group.envelope === statement.envelope) return frame
    const { envelope, standing } = statement
    const isProven = standing === undefined || standing.digest === group.proven
    record(group, statement)
    return frame.with(envelope, isProven ? undefined : standing.of(subset))
  }
}

function record(group: Group, statement: Statement | undefined): Group {
  if (statement === undefined) return group
  group.envelope = statement.envelope
  if (statement.standing !== undefined) group.proven = statement.standing.digest
  return group
}

/** Caches one frame for all readers of the same policies, made when the first of them is served. */
export function oncePerSubset(partOf: PartOf): PartOf {
  const made = new Map<string, PreparedFrame | undefined>()
  return (subset) => {
    if (!made.has(subset.key)) made.set(subset.key, partOf(subset))
    return made.get(subset.key)
  }
}
