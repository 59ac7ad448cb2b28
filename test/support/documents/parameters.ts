/**
 * Descriptions of parameters whose members have no comment of their own. Parameters of a path are named with the segment before them, because
 * an `id` is of a freeze in one path and of a token in another.
 */
const DESCRIPTIONS: Record<string, string> = {
  'approvals/{digest}': 'Digest of the approval: `sha256:` and 64 hexadecimal digits.',
  'canaries/{run}': 'Number of the run.',
  'dead-letters/{service}': 'Name of the service that abandoned the messages.',
  'deliveries/{id}': 'Id of the delivery.',
  'errors/{code}': 'Code of the error.',
  'flags/{key}': 'Id of a policy, or its id and a field: `ID.FIELD`.',
  'freezes/{id}': 'Id of the freeze.',
  'groups/{service}': 'Name of the service.',
  'partners/{id}': 'Id of the partner.',
  'policies/{id}': 'Id of the policy.',
  'proofs/{digest}': 'Digest of the release: `sha256:` and 64 hexadecimal digits.',
  'proposals/{digest}': 'Digest of the proposed roster.',
  'receipts/{token}': 'Token from the address in the message.',
  'runs/{number}': 'Number of the run.',
  'simulations/{run}': 'Number of the run.',
  'tickets/{number}': 'Number of the ticket.',
  'tile/{path}': 'Path of a tile or an entry bundle, as C2SP tlog-tiles defines it.',
  'tokens/{id}': 'Id of the token.',
  'unsubscribes/{token}': 'Token from the address in the mail.',
  'windows/{event}': 'Event id of the entry.',
  '{service}/{id}': 'Id of the dead letter.',
  'accept-encoding': 'Encodings that the caller accepts; large responses are compressed.',
  after: 'Position after which the page begins.',
  bot: 'Name of the bot that reads; the canary of a cohort depends on it.',
  cursor: 'Of the `Link` of the page before; without it the first page.',
  flagConfigEtag: 'Revision from a refetch notification; the response waits until the instance has it.',
  from: 'Index of the first entry.',
  'if-none-match': 'ETag of the response that the caller has; an unchanged response is 304.',
  'if-revision-at-least': 'Newest revision that the caller has seen. An instance that does not reach it responds `HMS_STORE_BEHIND`.',
  key: 'Key for this address in place of the Authorization header: from a bulk evaluation, or from `tokens calendar`.',
  'last-event-id': 'Id of the last event that the caller received; the stream resumes after it.',
  limit: 'Maximum number of items in the response.',
  only: '`true`: the other policies of the bundle stay unchanged.',
  open: '`yes`: only runs that have not ended; `no`: only ended runs.',
  order: '`index`: oldest first; `newest`: newest first.',
  partner: 'Id of the partner.',
  policy: 'Id of the policy.',
  region: 'Region of the reader.',
  revision: 'Revision that the bots should have reached.',
  run: 'Number of the run.',
  since: 'Earliest time, RFC 3339.',
  state: 'Only items in this state.',
  type: 'Type of the event, or its end: `rollout.reversed`.',
  until: 'Latest time, RFC 3339.',
  version: 'Version of the policy.',
  waitMs: 'Maximum wait in ms until no bot lags behind the revision.',
}

/** Indexed by names of parameters; throws for one that has no description. */
export function describedParameter(name: string, path: string, comment = ''): string {
  const inPath = new RegExp(`([^/]+)/\\{${name}\\}`).exec(path)
  const description = comment !== '' ? comment : (DESCRIPTIONS[inPath === null ? name : `${inPath[1]}/{${name}}`] ?? '')
  if (description === '') throw new TypeError(`${path}: the parameter ${name} has no description`)
  return description
}

/** Example of one operation: values of its parameters, the body it takes, and the body of its response. */
export interface Example {
  parameters?: Record<string, unknown>
  request?: unknown
  response?: unknown
}
