import type { Refusal } from './row.js'

const LETTER = '01890a5d-ac96-774b-bcce-b302099a8057'
const DIGEST = `sha256:${'0'.repeat(64)}`

export const REFUSALS: Refusal[] = [
  ['policies list --url {canned}', 1, 'HMS_TEST_BROKEN'],

  ['polices list', 2, 'HMS_CLI_USAGE'],
  ['runs list --limit 0', 2, 'HMS_CLI_USAGE'],
  ['runs list --state GONE', 2, 'HMS_CLI_USAGE'],
  ['runs show x', 2, 'HMS_CLI_USAGE'],
  ['lint {own}', 2, 'HMS_FILE_UNREADABLE'],
  ['sign {own} CHIEF', 2, 'HMS_FILE_UNREADABLE'],
  ['break-glass {policy:glass-kept} CHIEF WHY', 2, 'HMS_CLI_USAGE'],
  ['freezes add {own} CHIEF', 2, 'HMS_FILE_UNREADABLE'],
  ['bots add {own} --id inspector-2', 2, 'HMS_FILE_UNREADABLE'],
  ['partners add {file:loopback.yaml}', 2, 'HMS_PARTNER_ADDRESS_REFUSED'],
  ['scenarios add {file:wrong.yaml}', 2, 'HMS_SCENARIO_INVALID'],
  ['webhooks listen --forward ftp://x', 2, 'HMS_CLI_USAGE'],
  ['webhooks trigger policy.none --forward {canned}/hook', 2, 'HMS_CLI_USAGE'],
  ['sidecar --write template', 2, 'HMS_CLI_USAGE'],
  ['serve', 2, 'HMS_CLI_USAGE'],
  ['topics apply', 2, 'HMS_CONFIG_INVALID'],
  ['topics diff', 2, 'HMS_CONFIG_INVALID'],
  ['topics republish --since 1h', 2, 'HMS_REPUBLISH_EMBEDDED'],

  ['approve {assets}/policies/pm25.yaml --sign Nobody', 3, 'HMS_KEY_NOT_FOUND'],

  ['get no-such-policy', 4, 'HMS_POLICY_NOT_FOUND'],
  ['runs show 999', 4, 'HMS_RUN_NOT_FOUND'],
  ['runs watch 999', 4, 'HMS_RUN_NOT_FOUND'],
  ['tickets show 999', 4, 'HMS_TICKET_NOT_FOUND'],
  [`approvals show ${DIGEST}`, 4, 'HMS_APPROVER_APPROVAL_UNKNOWN'],
  ['freezes lift no-such-freeze CHIEF WHY', 4, 'HMS_FREEZE_NOT_FOUND'],
  ['rollback no-such-policy@1.0.0 WHY', 4, 'HMS_ROLLOUT_NOTHING_LIVE'],
  ['partners test no-such-partner', 4, 'HMS_PARTNER_UNKNOWN'],
  ['topics tail weather', 4, 'HMS_TOPIC_UNKNOWN'],
  [`dlq show ${LETTER}`, 4, 'HMS_DEAD_LETTER_NOT_FOUND'],

  ['approve {assets}/policies/pm25-1.5.0.yaml CHIEF', 5, 'HMS_APPROVER_'],
  ['runs pause 1 CHIEF WHY', 5, 'HMS_RUN_'],
  ['tickets decide {ticket:glass-kept} --decision promote AIR WHY', 5, 'HMS_TICKET_DECISION_OTHER'],
  ['keys create --name CHIEF-NAME', 5, 'HMS_KEY_EXISTS'],
  ['demo', 5, 'HMS_PORT_IN_USE'],

  ['verify {file:tampered} --roster {file:roster.json}', 10, 'HMS_'],

  ['get epa-pm25-limit NOBODY', 11, 'HMS_UNREACHABLE'],
  ['runs watch 1 NOBODY', 11, 'HMS_UNREACHABLE'],
]

/** Each thing is refused by itself: with `--json` those that were not are still listed, none in this case. */
export const EACH_APART: Refusal[] = [
  [`dlq discard ${LETTER} WHY`, 4, 'HMS_DEAD_LETTER_NOT_FOUND'],
  ['partners redrive no-such-delivery WHY', 4, 'HMS_DELIVERY_UNKNOWN'],
]
