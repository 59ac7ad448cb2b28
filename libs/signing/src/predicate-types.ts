const PREFIX = 'https://hms-svc.dev/attestation/'

/** Predicate types of statements. Each read function accepts exactly one. */
export const PREDICATE_TYPES = {
  release: `${PREFIX}release/v1`,
  roster: `${PREFIX}roster/v1`,
  head: `${PREFIX}head/v1`,
  freshness: `${PREFIX}freshness/v1`,
  event: `${PREFIX}event/v1`,
  arrival: `${PREFIX}arrival/v1`,
  decision: `${PREFIX}decision/v1`,
  freeze: `${PREFIX}freeze/v1`,
  request: `${PREFIX}request/v1`,
  change: `${PREFIX}change/v1`,
  trial: `${PREFIX}trial/v1`,
} as const
