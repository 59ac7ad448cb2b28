import type { Row } from './row.js'

const RUN = 'run state stages policies'

/** Verbs that only look. They print data, with `--quiet` too. */
export const VALUES: Row[] = [
  ['version', 0, 'hms-svc ', 'name version node'],
  ['help exit-codes', 0, '130', 'topic lines'],
  ['help version', 0, 'Usage: hms-svc version', 'topic lines'],
  ['completion bash', 0, '__complete', 'shell script'],
  ['whoami', 0, 'EPA Chief', 'services keys signer caller roster'],
  ['types', 0, 'epa-pm25-limit', 'policies declarations'],

  ['lint {file:wrong.yaml}', 6, 'version-format', 'file line column rule severity message'],
  ['plan {assets}/policies/pm25.yaml', 0, '35 → 25', 'verdict policies findings simulation', { alone: true }],
  ['plan {file:wrong.yaml}', 6, 'version-format', 'verdict policies findings simulation'],
  ['approvals list', 0, 'seat-kept', 'run state digest policies missing signedBy'],
  ['approvals show {digest:seat-kept}', 0, 'Waits for', 'run state digest policies missing signedBy', { alone: true }],
  ['tickets list', 0, 'glass-kept', 'ticket run kind state openedAt expiresAt'],
  ['tickets show {ticket:glass-kept}', 0, 'BREAK_GLASS_REVIEW', 'ticket run kind state openedAt expiresAt'],
  ['freezes list', 0, 'winter', 'id state scope'],
  ['sign {file:statement.json} COUNSEL', 0, 'payload', 'payload payloadType signatures'],

  ['runs list', 0, 'epa-pm25-limit@1.5.0', RUN],
  ['runs list --open --limit 2', 0, '@1.0.0', RUN],
  ['runs list --state PAUSED --before 999', 0, 'rest-paused@1.0.0', RUN],
  ['runs show 1', 0, 'DEPLOYMENT SUCCESSFUL', `${RUN} clock attempt createdAt endedAt`],
  ['simulations show 1', 0, 'Run #1', 'run state'],
  ['get epa-pm25-limit.limit', 0, '35'],
  ['get epa-pm25-limit', 0, 'Approved by EPA Chief', 'id version revision source scope value provenance'],
  ['get epa-pm25-limit --version 1.5.0', 0, 'recorded at', 'id version revision source scope value provenance'],
  ['policies list', 0, 'epa-pm25-limit', 'id version scope since'],
  ['policies restore epa-pm25-limit', 0, 'database', 'place seq from'],
  ['history epa-pm25-limit', 0, '1.5.0', 'version state run digest from until approvedBy'],
  ['coverage', 0, 'epa-pm25-limit', 'policy revision total current lagging'],
  ['coverage epa-pm25-limit', 0, 'no named bot is connected', 'policy revision total current lagging'],

  ['audit log --run 1', 0, 'hms.approval.approved.v1', 'index at run source type'],
  ['audit verify', 0, 'it continues', 'origin size root runs live'],
  ['audit proof epa-pm25-limit@1.5.0', 0, 'is entry', 'digest index size proof'],
  ['verify {file:bundle} --roster {file:roster.json}', 0, 'was approved by epa-chief', 'policy release proof'],
  ['doctor NOBODY', 11, 'no server responds', 'healthy checks'],

  ['bots list', 0, 'inspector-1', 'id critical policies'],
  ['corpora list', 0, 'two-days', 'id readings digest'],
  ['scenarios list', 0, 'limit-kept', 'id corpus policies alert'],
  ['schemas list', 0, 'limits', 'name'],
  ['partners list', 0, 'here', 'id name lane channels'],
  ['partners deliveries', 0, 'epa-pm25-limit@1.5.0', 'id partner run state'],
  ['partners delivery {kept:delivery-kept}', 0, 'DELIVERY', 'id partner run state tries'],
  ['webhooks trigger policy.updated --forward {canned}/hook', 0, 'policy.updated → 200', 'message event ok answer'],

  ['topics list', 0, 'hms.approval.v1', 'name purpose partitions messages perMinute lag letters'],
  ['dlq list', 0, 'linter/', 'id service topic code state'],
  ['dlq show {kept:letter-kept}', 0, 'DEAD LETTER', 'id service topic code state headers value'],
  ['roster show', 0, 'EPA Chief', 'payload payloadType signatures'],
  ['keys list', 0, 'EPA Chief', 'name keyid createdAt'],
  ['keys export CHIEF-NAME', 0, 'PUBLIC KEY', 'name keyid spki'],
  ['tokens list', 0, 'bot:inspector-1', 'id scopes expiresAt createdBy'],
  ['tokens calendar', 0, '/v1/calendar.ics', 'url'],
]

/** Watches of runs that rest, or until the time is up: the block is printed however it ended, and not with `--quiet`. */
export const WATCHES: Row[] = [
  ['runs watch 1', 0, 'DEPLOYMENT SUCCESSFUL', RUN],
  ['runs watch {run:rest-paused}', 7, 'PAUSED (MANUAL)', RUN],
  ['runs watch {run:seat-kept} --timeout 10s', 7, 'AWAITING APPROVAL', RUN],
  ['runs watch {run:rest-observed} --timeout 1s', 8, 'CANARY', RUN],
  ['runs watch {run:rest-aborted}', 9, 'ABORTED', RUN],
]

/** Everything as NDJSON, however it is called. */
export const LINES: Row[] = [['export', 0, '"type":"checkpoint"']]

/** Verbs that go on until Ctrl-C, a line for each event. */
export const STREAMS: Row[] = [
  ['watch epa-pm25-limit', 130, 'epa-pm25-limit 1.5.0', 'id from to revision value'],
  ['topics tail approval --from 1h --run 1', 130, 'epa-pm25-limit', 'topic type run key'],
  ['webhooks listen --forward {canned}/hook --partner here --from 1h', 130, 'epa-pm25-limit@1.5.0', 'message partner policy ok answer'],
]

/** Verbs that serve until Ctrl-C, and say once where. */
export const SERVERS: Row[] = [
  ['sidecar --port {port}', 0, 'Ctrl-C stops it.', 'address upstream state revision policies'],
  ['dev --port {port} --data {own}', 0, 'Ctrl-C stops everything.', 'url dataDir version'],
]
