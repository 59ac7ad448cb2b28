import type { Row } from './row.js'

const RUN = 'run state stages policies'
const DATABASE = { HMS_DATABASE_URL: '{kept:database}' }

/** Verbs that change something. Each form has its own policy, run, freeze, key…, named after it, or may repeat what another one did. */
export const RESULTS: Row[] = [
  ['lint {assets}/policies/pm25.yaml', 0, 'epa-pm25-limit@2.0.0'],
  ['approve {policy:new-{form}} CHIEF --scope region:new-{form} --observe 30m', 0, 'queued for deployment', 'run state digest missing'],
  ['approvals reject {digest:seat-{form}} COUNSEL WHY', 0, 'Rejected by EPA Counsel', 'run state digest'],
  ['break-glass {policy:glass-{form}} CHIEF COUNSEL WHY', 0, 'run #', 'run state digest'],
  ['freezes add {file:freeze-{form}.yaml} CHIEF', 0, `drill-{form} begins`, 'id state scope'],
  ['freezes lift drill-{form} CHIEF WHY', 0, 'is lifted', 'id state scope'],
  ['rollback back-{form}@1.0.0 --only WHY', 0, '1.0.0 in', 'id version revision seconds acknowledged silent'],
  ['withdraw gone-{form} CHIEF WHY', 0, 'is withdrawn', 'id version state'],

  ['audit bundle epa-pm25-limit --out {own}', 0, 'prove epa-pm25-limit@1.5.0', 'file bytes digest'],
  ['export --out {own}', 0, 'more records', 'file records entries'],
  ['alert --bot inspector-1 --region NCR --kind Violation --value 30', 0, 'reported', 'id'],
  ['bots add {assets}/bots/inspector.js --id inspector-1', 0, 'Bot inspector-1 registered', 'id'],
  ['corpora add {file:corpus.csv} --id two-days --map at=date,pm25=pm25_ug_m3', 0, 'Corpus two-days registered', 'id readings'],
  ['scenarios add {file:scenario.yaml}', 0, 'registered', 'id'],
  ['schemas add {file:schema.json} --name limits', 0, 'Schema limits registered', 'name'],

  ['partners add {file:post.yaml}', 0, 'Partner post registered', 'id channels'],
  ['partners test here', 0, 'accepted the test message', 'ok channels', { alone: true }],
  ['partners test nowhere', 6, 'did not accept the test message', 'ok channels', { alone: true }],
  ['partners resubscribe post --address air@partner.example WHY', 0, 'is no longer unsubscribed at', 'id unsubscribed'],
  ['partners redrive {kept:delivery-{form}} WHY', 0, 'is queued to be sent again to', 'id partner messageId'],
  ['dlq replay {kept:replayed-{form}}', 0, 'replayed', 'id service state'],
  ['dlq discard {kept:discarded-{form}} WHY', 0, 'discarded', 'id service state'],
  ['roster propose {file:roster-{form}.json}', 0, 'proposed', 'digest version state progress'],
  ['roster sign {proposal:drill-{form}} COUNSEL', 0, 'Signature added', 'digest version state progress'],
  ['tokens revoke {kept:token-{form}} CHIEF', 0, 'revoked', 'id revokedAt'],
  ['keys create --name drill-{form}', 0, 'made', 'name keyid'],

  ['migrate', 0, 'approver: up to date', 'service migrations', { env: DATABASE }],
  ['recover --ahead 10', 0, 'counters advanced by 10', 'ahead services', { env: DATABASE, alone: true }],
]

/** Verbs that make a key, which is what they print. */
export const MAKERS: Row[] = [['tokens create --scope bot:inspector-1 CHIEF', 0, '', 'id token scopes expiresAt']]

/** Verbs that change something and print what it is now, but for `--quiet`. */
export const REPORTS: Row[] = [
  ['tickets decide {ticket:glass-{form}} --decision accept AIR WHY', 0, 'accept by Air Office', 'ticket run kind state'],
  ['approve {policy:quick-{form}} CHIEF --scope region:quick-{form} --observe 0s --bake 0s --watch', 0, 'DEPLOYMENT SUCCESSFUL', RUN],
]

/** Decisions about runs, one after the other about the same run. What it is doing meanwhile moves on by itself. */
export const DECISIONS: Row[] = [
  ['runs extend {run:held-{form}} --by 5m CHIEF WHY', 0, 'extend by EPA Chief, applied', RUN],
  ['runs pause {run:held-{form}} CHIEF WHY', 0, 'pause by EPA Chief, applied', RUN],
  ['runs resume {run:held-{form}} CHIEF WHY', 0, 'resume by EPA Chief, applied', RUN],
  ['runs promote {run:held-{form}} CHIEF WHY', 0, 'promote by EPA Chief, applied', RUN, { awaits: ['held-{form}', 'CANARY'] }],
  ['runs retry {run:stuck-{form}} CHIEF WHY', 0, 'retry by EPA Chief, applied', RUN],
  ['runs abort {run:stuck-{form}} CHIEF WHY', 0, 'abort by EPA Chief, applied', RUN],
]

/** There is one switch: the forms use it in turn. */
export const SWITCH: Row[] = [
  ['stop-the-line on CHIEF WHY', 0, 'holds everywhere', 'id state scope'],
  ['stop-the-line off CHIEF WHY', 0, 'is lifted', 'id state scope'],
]
