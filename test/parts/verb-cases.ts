/** One call of the command line, how it ends, and what it says: on success on stdout as text, on failure the error's code. */
type Case = [argv: string[], code: number, says: string]

/** Words in braces are filled in by the test: files of the repository and of its scratch folder, digests, addresses. `{own}`: a file of each call. */
const NOBODY = ['--url', 'http://127.0.0.1:9']
const CHIEF = ['--sign', 'EPA Chief']
const WHY = ['--reason', 'a drill']
const LETTER = '01890a5d-ac96-774b-bcce-b302099a8057'

/** Done as asked, as often as they are called. */
export const DONE: Case[] = [
  [['version'], 0, 'hms-svc '],
  [['help', 'exit-codes'], 0, '130'],
  [['whoami'], 0, ''],
  [['types'], 0, 'epa-pm25-limit'],

  [['lint', '{policies}/pm25.yaml'], 0, ''],
  [['plan', '{policies}/pm25.yaml'], 0, '25'],
  [['simulations', 'show', '1'], 0, ''],
  [['approvals', 'list'], 0, ''],
  [['approvals', 'show', '{waiting}'], 0, 'both-seats'],
  [['runs', 'list'], 0, 'epa-pm25-limit@1.5.0'],
  [['runs', 'show', '1'], 0, 'DEPLOYMENT SUCCESSFUL'],
  [['runs', 'watch', '1'], 0, 'DEPLOYMENT SUCCESSFUL'],
  [['tickets', 'list'], 0, ''],
  [['freezes', 'list'], 0, ''],

  [['get', 'epa-pm25-limit.limit'], 0, '35'],
  [['policies', 'list'], 0, 'epa-pm25-limit'],
  [['history', 'epa-pm25-limit'], 0, '1.5.0'],
  [['coverage'], 0, ''],
  [['alert', '--bot', 'inspector-1', '--region', 'NCR', '--kind', 'Violation', '--value', '30'], 0, 'reported'],

  [['audit', 'log', '--run', '1'], 0, 'hms.approval.approved.v1'],
  [['audit', 'verify'], 0, ''],
  [['audit', 'proof', 'epa-pm25-limit@1.5.0'], 0, ''],
  [['audit', 'bundle', 'epa-pm25-limit', '--out', '{own}'], 0, ''],
  [['verify', '{bundle}', '--roster', '{roster}'], 0, ''],
  [['export', '--out', '{own}'], 0, 'more records'],

  [['bots', 'add', '{assets}/bots/inspector.js', '--id', 'inspector-1'], 0, 'inspector-1'],
  [['bots', 'list'], 0, ''],
  [['corpora', 'add', '{corpus}', '--id', 'two-days', '--map', 'at=date,pm25=pm25_ug_m3'], 0, 'two-days'],
  [['corpora', 'list'], 0, ''],
  [['scenarios', 'add', '{scenario}'], 0, ''],
  [['scenarios', 'list'], 0, ''],
  [['schemas', 'add', '{schema}', '--name', 'limits'], 0, 'limits'],
  [['schemas', 'list'], 0, ''],
  [['partners', 'add', '{partner}'], 0, 'far-away'],
  [['partners', 'list'], 0, ''],
  [['partners', 'deliveries'], 0, ''],

  [['topics', 'list'], 0, 'hms.approval.v1'],
  [['dlq', 'list'], 0, ''],
  [['roster', 'show'], 0, 'EPA Chief'],
  [['keys', 'list'], 0, 'EPA Chief'],
  [['keys', 'export', 'EPA Chief'], 0, 'PUBLIC KEY'],
  [['tokens', 'create', '--scope', 'bot:inspector-1', ...CHIEF], 0, ''],
  [['tokens', 'list'], 0, ''],
]

/** Verbs that only ever print what another program reads: the same text with and without --json. */
export const SCRIPTS: Case[] = [[['completion', 'bash'], 0, '__complete']]

/** Watches that come to an end of their own: the run is printed whatever it ended as. */
export const RESTED: Case[] = [
  [['runs', 'watch', '{paused}'], 7, 'PAUSED'],
  [['runs', 'watch', '{unsigned}', '--timeout', '3s'], 7, 'both-seats'],
  [['runs', 'watch', '{observing}', '--timeout', '3s'], 8, 'far-limit'],
  [['runs', 'watch', '{aborted}'], 9, 'ABORTED'],
]

/** Judged, and found wrong: said on stdout. */
export const JUDGED: Case[] = [
  [['lint', '{wrong}'], 6, ''],
  [['plan', '{wrong}'], 6, ''],
]

/** Verbs that go on until somebody presses Ctrl-C, once they have said this. */
export const UNTIL_INTERRUPTED: Case[] = [
  [['watch', 'epa-pm25-limit'], 130, '1.5.0'],
  [['topics', 'tail', '--from', '1h', '--run', '1'], 130, '{epa}'],
]

export const REFUSED: Case[] = [
  [['policies', 'list', '--url', '{broken}'], 1, 'HMS_TEST_BROKEN'],

  [['polices'], 2, 'HMS_CLI_USAGE'],
  [['runs', 'show', 'x'], 2, 'HMS_CLI_USAGE'],
  [['lint', '{policies}/no-such-file.yaml'], 2, 'HMS_FILE_UNREADABLE'],
  [['sign', '{policies}/no-such-file.yaml', ...CHIEF], 2, 'HMS_FILE_UNREADABLE'],
  [['break-glass', '{policies}/pm25.yaml', ...CHIEF, ...WHY], 2, 'HMS_CLI_USAGE'],
  [['freezes', 'add', '{policies}/no-such-file.yaml', ...CHIEF], 2, 'HMS_FILE_UNREADABLE'],
  [['roster', 'propose', '{policies}/no-such-file.yaml'], 2, 'HMS_FILE_UNREADABLE'],
  [['partners', 'add', '{loopback}'], 2, 'HMS_PARTNER_ADDRESS_REFUSED'],
  [['partners', 'redrive', ...WHY], 2, 'HMS_CLI_USAGE'],
  [['webhooks', 'listen', '--forward', 'ftp://x'], 2, 'HMS_CLI_USAGE'],
  [['webhooks', 'trigger', 'policy.none', '--forward', 'http://127.0.0.1:9'], 2, 'HMS_CLI_USAGE'],
  [['sidecar', '--write', 'template'], 2, 'HMS_CLI_USAGE'],
  [['serve'], 2, 'HMS_CLI_USAGE'],
  [['serve', 'linter'], 2, 'HMS_BUS_EMBEDDED'],
  [['migrate'], 2, 'HMS_CONFIG_INVALID'],
  [['recover', '--ahead', '0'], 2, 'HMS_CLI_USAGE'],
  [['topics', 'apply'], 2, 'HMS_CONFIG_INVALID'],
  [['topics', 'diff'], 2, 'HMS_CONFIG_INVALID'],
  [['topics', 'republish', '--since', '1h'], 2, 'HMS_REPUBLISH_EMBEDDED'],

  [['approve', '{policies}/pm25-1.5.0.yaml', '--sign', 'Nobody'], 3, 'HMS_KEY_NOT_FOUND'],
  [['tokens', 'create', '--scope', 'operate', '--sign', 'Nobody'], 3, 'HMS_KEY_NOT_FOUND'],

  [['get', 'no-such-policy'], 4, 'HMS_POLICY_NOT_FOUND'],
  [['runs', 'show', '99'], 4, 'HMS_RUN_NOT_FOUND'],
  [['runs', 'pause', '99', ...WHY, ...CHIEF], 4, 'HMS_RUN_NOT_FOUND'],
  [['runs', 'resume', '99', ...WHY, ...CHIEF], 4, 'HMS_RUN_NOT_FOUND'],
  [['runs', 'promote', '99', ...WHY, ...CHIEF], 4, 'HMS_RUN_NOT_FOUND'],
  [['runs', 'extend', '99', '--by', '5m', ...WHY, ...CHIEF], 4, 'HMS_RUN_NOT_FOUND'],
  [['runs', 'retry', '99', ...WHY, ...CHIEF], 4, 'HMS_RUN_NOT_FOUND'],
  [['runs', 'abort', '99', ...WHY, ...CHIEF], 4, 'HMS_RUN_NOT_FOUND'],
  [['tickets', 'show', '99'], 4, 'HMS_TICKET'],
  [['tickets', 'decide', '99', '--decision', 'abort', ...WHY, ...CHIEF], 4, 'HMS_TICKET'],
  [['approvals', 'reject', `sha256:${'0'.repeat(64)}`, ...WHY, ...CHIEF], 4, 'HMS_APPROVER_APPROVAL_UNKNOWN'],
  [['freezes', 'lift', 'no-such-freeze', ...WHY, ...CHIEF], 4, 'HMS_FREEZE'],
  [['stop-the-line', 'off', ...WHY, ...CHIEF], 4, 'HMS_FREEZE'],
  [['rollback', 'no-such-policy@1.0.0', ...WHY], 4, 'HMS_ROLLOUT'],
  [['withdraw', 'no-such-policy', ...WHY, ...CHIEF], 4, 'HMS_ROLLOUT_NOTHING_LIVE'],
  [['partners', 'test', 'no-such-partner'], 4, 'HMS_PARTNER_UNKNOWN'],
  [['partners', 'resubscribe', 'no-such-partner', '--address', 'a@b.example', ...WHY], 4, 'HMS_PARTNER_UNKNOWN'],
  [['partners', 'delivery', 'no-such-delivery'], 4, 'HMS_DELIVERY_UNKNOWN'],
  [['dlq', 'show', LETTER], 4, 'HMS_DEAD_LETTER_NOT_FOUND'],
  [['roster', 'sign', ...CHIEF], 4, 'HMS_ROSTER_PROPOSAL_UNKNOWN'],
  [['tokens', 'revoke', 'no-such-key', ...CHIEF], 4, 'HMS_TOKEN_NOT_FOUND'],
  [['topics', 'tail', 'weather'], 4, 'HMS_TOPIC_UNKNOWN'],

  [['approve', '{policies}/pm25-1.5.0.yaml', ...CHIEF], 5, 'HMS_'],
  [['runs', 'pause', '1', ...WHY, ...CHIEF], 5, 'HMS_RUN'],
  [['keys', 'create', '--name', 'EPA Chief'], 5, 'HMS_KEY_EXISTS'],
  [['dev'], 5, 'HMS_PORT_IN_USE'],
  [['demo'], 5, 'HMS_PORT_IN_USE'],

  [['verify', '{tampered}', '--roster', '{roster}'], 10, 'HMS_'],

  [['get', 'epa-pm25-limit', ...NOBODY], 11, 'HMS_UNREACHABLE'],
  [['runs', 'watch', '1', ...NOBODY], 11, 'HMS_UNREACHABLE'],
  [['stop-the-line', 'on', ...WHY, ...CHIEF, ...NOBODY], 11, 'HMS_UNREACHABLE'],
]

/** Each thing fails by itself: with --json what was done comes on stdout too, nothing in this case. */
export const EACH_APART: Case[] = [
  [['dlq', 'replay', LETTER], 4, 'HMS_DEAD_LETTER_NOT_FOUND'],
  [['dlq', 'discard', LETTER, ...WHY], 4, 'HMS_DEAD_LETTER_NOT_FOUND'],
]

/** `doctor` judges the machine too, which is not the same everywhere: without services it says so, whatever else it finds. */
export const DOCTOR: Case[] = [[['doctor', ...NOBODY], 11, 'nobody answers']]

export const CASES: readonly Case[] = [
  ...DONE,
  ...SCRIPTS,
  ...RESTED,
  ...JUDGED,
  ...UNTIL_INTERRUPTED,
  ...REFUSED,
  ...EACH_APART,
  ...DOCTOR,
]
