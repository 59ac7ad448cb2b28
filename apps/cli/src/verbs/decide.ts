import { TICKET_DECISIONS } from '#libs/contracts'
import {
  APPROVE,
  BREAK_GLASS,
  EXPECT_DIGEST,
  PASSPHRASE_FILE,
  PUBLIC_REASON,
  REASON,
  REPORT,
  SIGN,
  SIGNED_DECISION,
  SIGN_SUCH_AS,
  WHY,
} from './options.js'
import { area, under, verb } from './verb.js'

const freezes = area('freezes', 'time windows in which no run proceeds; rollbacks remain possible', [
  verb('add <file>', 'declare a freeze; a known id is replaced', {
    options: { ...SIGN, ...PASSPHRASE_FILE },
    examples: ['election-week.yaml --sign "EPA Chief"'],
    run: async () => (await import('../freezes/freezes.js')).addFreeze,
  }),
  verb('list', 'freezes, the newest first', { run: async () => (await import('../freezes/freezes.js')).listFreezes }),
  verb('lift <id>', 'end a freeze before its time', {
    options: { ...SIGN, ...PASSPHRASE_FILE, ...WHY },
    examples: ['election-week --reason "counted" --sign "EPA Chief"'],
    complete: 'freeze',
    run: async () => (await import('../freezes/freezes.js')).liftFreeze,
  }),
])

const stopTheLine = area('stop-the-line', 'the stop switch: only break-glass advances until it is off', [
  verb('on', 'stop', {
    options: { ...SIGN, ...PASSPHRASE_FILE, ...WHY },
    examples: ['--reason "readings are wrong" --sign "EPA Chief"'],
    run: async () => (await import('../freezes/freezes.js')).stopTheLine,
  }),
  verb('off', 'go on', {
    options: { ...SIGN, ...PASSPHRASE_FILE, ...WHY },
    examples: ['--reason "readings are right again" --sign "EPA Chief"'],
    run: async () => (await import('../freezes/freezes.js')).releaseTheLine,
  }),
])

export const DECIDE = under('Decide', [
  verb('plan <files...>', 'what approving these files, or a folder of policies, would do: difference, lint, replay, bots; signs nothing', {
    options: { ...REPORT, '--format <format>': { about: 'markdown is for a comment', choices: ['text', 'markdown'] } },
    examples: ['policies/pm25.yaml --report impact.html', 'pm25.yaml ozone.yaml --json', 'policies/ --format markdown'],
    run: async () => (await import('../plan/plan.js')).planFiles,
  }),
  verb(
    'approve [files...]',
    'show difference and digest, sign and submit; several files are one bundle; with a digest: add a signature to its approval',
    {
      usage: '<files...|digest> --sign <name> [options]',
      options: APPROVE,
      examples: [
        'policies/pm25.yaml --sign "EPA Chief" --watch',
        'pm25.yaml ozone.yaml --sign "EPA Chief" --canary 5% --scope region:NCR --observe 10m',
        'sha256:9f2c… --sign "EPA Counsel"',
      ],
      run: async () => (await import('../approvals/approve.js')).approve,
    },
  ),
  area('approvals', 'what waits for signatures', [
    verb('list', 'all approvals that wait or have an active run', {
      run: async () => (await import('../approvals/waiting.js')).listApprovals,
    }),
    verb('show <digest>', 'one approval by its release digest', {
      examples: ['sha256:9f2c…'],
      run: async () => (await import('../approvals/waiting.js')).showApproval,
    }),
    verb('reject <digest>', 'reject a waiting approval, signed; the run ends ABORTED (REJECTED)', {
      options: SIGNED_DECISION,
      examples: ['sha256:9f2c… --reason "units are wrong" --sign "EPA Counsel"'],
      run: async () => (await import('../approvals/waiting.js')).rejectApproval,
    }),
  ]),
  verb('break-glass [files...]', 'two people together go past simulation, canary, freezes and waiting; reviewed within a day', {
    usage: '<files...> --sign <name> --sign <name> --reason <text> [options]',
    options: BREAK_GLASS,
    examples: [
      'policies/pm25.yaml --sign "EPA Chief" --sign "EPA Counsel" --reason "bots alert on clean air" --watch',
      'pm25.yaml ozone.yaml --sign "EPA Chief" --sign "EPA Counsel" --reason "wrong units since the release"',
    ],
    run: async () => (await import('../break-glass/break-glass.js')).breakGlass,
  }),
  verb('sign <file>', 'sign the statement in a file, and print the envelope; sends nothing', {
    options: { ...SIGN_SUCH_AS, ...EXPECT_DIGEST, ...PASSPHRASE_FILE },
    examples: ['statement.json --sign "EPA Chief"', 'statement.json --sign "EPA Chief" --expect-digest sha256:9f2c… > envelope.json'],
    run: async () => (await import('../sign/sign.js')).signStatementFile,
  }),
  area('tickets', 'questions to people: what automation stopped or took back', [
    verb('list', 'tickets, the newest first', {
      options: { '--all': 'also closed ones' },
      run: async () => (await import('../tickets/tickets.js')).listTickets,
    }),
    verb('show <number>', 'one ticket with its evidence and the notified partners', {
      examples: ['12'],
      complete: 'ticket',
      run: async () => (await import('../tickets/tickets.js')).showTicket,
    }),
    verb('decide <number>', 'answer a ticket; the first answer wins', {
      options: {
        '--decision <decision>': { about: 'what is decided', choices: TICKET_DECISIONS, needed: true },
        ...REASON,
        ...PUBLIC_REASON,
        ...SIGN,
        '--by <duration>': 'with extend: how much longer, such as 10m',
        ...PASSPHRASE_FILE,
      },
      examples: ['12 --decision promote --reason "sensor replaced" --sign "EPA Chief"'],
      complete: 'ticket',
      run: async () => (await import('../tickets/tickets.js')).decideTicket,
    }),
  ]),
  freezes,
  stopTheLine,
])
