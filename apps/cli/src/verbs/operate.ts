import {
  AS_PERSON,
  CREATE_TOKEN,
  DECIDE_LETTER,
  DELIVERIES,
  LISTEN,
  PASSPHRASE_FILE,
  REASON_IN_TRAIL,
  REDRIVE,
  SIGN_ROSTER,
  needed,
} from './options.js'
import { area, under, verb } from './verb.js'

/** Id of a dead letter, for the examples. */
const LETTER = '01890a5d-ac96-774b-bcce-b302099a8057'

const SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const

const partners = area(
  'partners',
  'partners notified when a policy goes live',
  [
    verb('add <file>', 'register a partner; `env:NAME` and `file:PATH` secrets are read on this machine', {
      examples: ['va-deq.yaml'],
      run: async () => (await import('../partners/partners.js')).addPartner,
    }),
    verb('list', 'registered partners', { run: async () => (await import('../partners/partners.js')).listPartners }),
    verb('test <id>', 'send a test message by each channel of a partner, now', {
      options: {
        '--channel <name>': 'one channel, as `partners list` names it',
        '--explain': 'where a webhook refuses our signature, find out what its receiver gets wrong: id, time, body or secret',
      },
      examples: ['va-deq --explain'],
      complete: 'partner',
      run: async () => (await import('../partners/partners.js')).testPartner,
    }),
    verb('resubscribe <id>', 'send mail again to an address that unsubscribed', {
      options: { '--address <address>': needed('which one, as `partners list` names it'), ...REASON_IN_TRAIL },
      examples: ['va-deq --address air@va.example --reason "they asked for it"'],
      run: async () => (await import('../partners/partners.js')).resubscribePartner,
    }),
    verb('deliveries [id]', 'messages sent, to all partners or to one, the newest first', {
      options: DELIVERIES,
      examples: ['va-deq --state dead'],
      complete: 'partner',
      run: async () => (await import('../partners/deliveries.js')).listDeliveries,
    }),
    verb('delivery <id>', 'one delivery with each try and what it showed: answer, address, certificate, key', {
      examples: ['01J9ZK'],
      run: async () => (await import('../partners/deliveries.js')).showDelivery,
    }),
    verb('redrive [id...]', 'send deliveries again under the same message id: those named, or all that were given up', {
      options: REDRIVE,
      examples: ['--failed --since 2h --reason "their server is back"'],
      run: async () => (await import('../partners/deliveries.js')).redriveDeliveries,
    }),
  ],
  ['add', 'list', 'test', 'deliveries', 'delivery', 'resubscribe', 'redrive'],
)

const webhooks = area('webhooks', 'for developers of a partner: try a receiver of webhooks', [
  verb('listen', 'forward notifications of partners to a receiver, until Ctrl-C; continues where the last `listen` ended', {
    options: LISTEN,
    examples: ['--forward http://127.0.0.1:8900/hms'],
    run: async () => (await import('../webhooks/listen.js')).listenForWebhooks,
  }),
  verb(
    'trigger <event>',
    'post a sample to a receiver, signed as a real one: `policy.announced`, `.updated`, `.rolled-back` or `.withdrawn`',
    {
      options: { '--forward <url>': needed('where it is posted'), '--secret <secret>': '`whsec_…` to sign with (HMS_WEBHOOK_SECRET)' },
      examples: ['policy.updated --forward http://127.0.0.1:8900/hms --secret whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
      run: async () => (await import('../webhooks/forward.js')).triggerWebhook,
    },
  ),
])

const dlq = area('dlq', 'dead letters: messages that a service gave up', [
  verb('list', 'waiting letters of every service, the newest first', {
    options: { '--service <name>': 'of one service', '--all': 'also ignored, replayed and discarded ones' },
    examples: ['--service rollout'],
    run: async () => (await import('../dead-letters/dead-letters.js')).listDeadLetters,
  }),
  verb('show <id>', 'one letter with the message that it holds; `ID` or `SERVICE/ID`', {
    examples: [LETTER],
    run: async () => (await import('../dead-letters/dead-letters.js')).showDeadLetter,
  }),
  verb('replay <id...>', 'hand letters to their services again; what cannot be handled still waits', {
    options: DECIDE_LETTER,
    examples: [`rollout/${LETTER}`, `rollout/${LETTER} --reason "bug fixed" --sign "EPA Chief"`],
    run: async () => (await import('../dead-letters/dead-letters.js')).replayDeadLetters,
  }),
  verb('discard <id...>', 'close letters without handling them; letter and reason are kept', {
    options: DECIDE_LETTER,
    examples: [`rollout/${LETTER} --reason "of a test" --sign "EPA Chief"`],
    run: async () => (await import('../dead-letters/dead-letters.js')).discardDeadLetters,
  }),
])

const roster = area('roster', 'who may approve what', [
  verb('show', 'the newest roster that follows from the pinned one: HMS_ROSTER, else the data folder’s', {
    options: { '--document': 'print a draft of the next roster: the newest one, with the next version' },
    examples: ['', '--document > next.yaml'],
    run: async () => (await import('../roster/show.js')).showRoster,
  }),
  verb('propose <file>', 'show what the next roster changes, and hand it over for signatures; FILE is the whole of it', {
    options: { '--accept-unreadable <id...>': 'accept that readers may refuse the live releases of these policies under this roster' },
    examples: ['next.yaml'],
    run: async () => (await import('../roster/proposals.js')).proposeRoster,
  }),
  verb(
    'sign [digest-or-file]',
    'show what the proposed roster changes, sign and submit; the last signature needed brings it into force. With FILE: ' +
      'sign the roster in that file, such as the first of an installation',
    { options: SIGN_ROSTER, examples: ['--sign "EPA Chief"'], run: async () => (await import('../roster/proposals.js')).signRoster },
  ),
])

const keys = area('keys', 'signing keys of people on this machine', [
  verb('create', 'make a key', {
    options: {
      '--name <name>': needed('whose it is, such as "EPA Chief"'),
      ...PASSPHRASE_FILE,
      '--agent [key]': 'use a dedicated key of the ssh-agent instead: the one with this fingerprint or comment; default: the name',
    },
    examples: ['--name "EPA Chief"', '--name "EPA Chief" --agent'],
    run: async () => (await import('../keys/keys.js')).createKey,
  }),
  verb('list', 'keys in the key folder', { run: async () => (await import('../keys/keys.js')).listKeys }),
  verb('export <name>', 'the public half, for a roster', {
    examples: ['"EPA Chief" --json'],
    complete: 'signer',
    run: async () => (await import('../keys/keys.js')).exportKey,
  }),
])

const tokens = area('tokens', 'access keys of programs, for HMS_TOKEN', [
  verb('create', 'make a key; it is printed this once, alone on stdout', {
    options: CREATE_TOKEN,
    examples: ['--scope bot:inspector-7 --region NCR --expires 90d --sign "EPA Chief"'],
    run: async () => (await import('../tokens/tokens.js')).createToken,
  }),
  verb('calendar', 'address of /v1/calendar.ics for subscribing a calendar, with a key derived from the one in HMS_TOKEN', {
    examples: [''],
    run: async () => (await import('../tokens/tokens.js')).showCalendar,
  }),
  verb('list', 'keys without their secrets, the newest first; revoked and expired ones too', {
    options: AS_PERSON,
    examples: ['--sign "EPA Chief"'],
    run: async () => (await import('../tokens/tokens.js')).listTokens,
  }),
  verb('revoke <id>', 'revoke a key everywhere; its open connections are closed', {
    options: AS_PERSON,
    examples: ['01J9ZK --sign "EPA Chief"'],
    run: async () => (await import('../tokens/tokens.js')).revokeToken,
  }),
])

export const OPERATE = [
  ...under('Operate', [partners]),
  ...under('Build', [webhooks]),
  ...under('Operate', [
    dlq,
    roster,
    keys,
    tokens,
    verb('completion <shell>', 'a script that completes verbs, options, policies, runs and signers in a shell', {
      argument: { about: 'which shell', choices: SHELLS },
      examples: [
        'bash > /etc/bash_completion.d/hms-svc',
        'zsh > "${fpath[1]}/_hms-svc"',
        'fish > ~/.config/fish/completions/hms-svc.fish',
        'powershell >> $PROFILE',
      ],
      run: async () => (await import('../completion/scripts.js')).printScript,
    }),
  ]),
  verb('__complete <line>', 'what fits at the end of a line; the scripts of `completion` call it', {
    hidden: true,
    run: async () => (await import('../completion/complete.js')).completeLine,
  }),
  ...under('Operate', [
    verb('version', 'version of this program; also --version', {
      examples: ['', '--json'],
      run: async () => (await import('../help/help.js')).showVersion,
    }),
    verb('help [topic]', 'help on a verb, or on one of: exit-codes, environment, output', {
      examples: ['exit-codes', 'environment', 'approve'],
      run: async () => (await import('../help/help.js')).showHelp,
    }),
  ]),
]
