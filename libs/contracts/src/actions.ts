/** Name of the product, and of its command line program. */
export const PRODUCT = 'hms-svc'

/** Commands by action code. `{name}`: an argument; words in capitals: filled in by the user. Environment variables precede the verb. */
export const ACTIONS = {
  'approvals.list': 'approvals list',
  'approvals.show': 'approvals show {digest}',
  approve: 'approve FILE --sign NAME',
  'approve.author': 'approve FILE --sign NAME --author NAME',
  'approve.option': 'approve FILE --sign NAME {option}',
  'approve.queue': 'approve FILE --sign NAME --queue',
  'audit.log': 'audit log',
  'audit.log.run': 'audit log --run {run}',
  'audit.verify': 'audit verify',
  'bots.add': 'bots add FILE --id {bot}',
  'bots.list': 'bots list',
  'break-glass': 'break-glass FILE --sign NAME --sign NAME --reason TEXT',
  'corpora.add': 'corpora add FILE --id {corpus}',
  dev: 'dev',
  'dev.reset': 'dev --reset',
  'dlq.discard': 'dlq discard {letter} --reason TEXT',
  'dlq.list': 'dlq list',
  'dlq.list.all': 'dlq list --all',
  'dlq.show': 'dlq show {letter}',
  doctor: 'doctor',
  'freezes.add.help': 'freezes add --help',
  'freezes.list': 'freezes list',
  get: 'get {policy}',
  'help.approve': 'help approve',
  'help.environment': 'help environment',
  history: 'history {policy}',
  'keys.list': 'keys list',
  lint: 'lint FILE',
  migrate: 'migrate',
  'migrate.create': 'migrate --create',
  'partners.add': 'partners add FILE',
  'partners.add.verb': 'partners add',
  'partners.deliveries': 'partners deliveries',
  'partners.list': 'partners list',
  'partners.list.json': 'partners list --json',
  'partners.resubscribe': 'partners resubscribe {partner} --address {address} --reason TEXT',
  'partners.test': 'partners test {partner}',
  plan: 'plan FILE',
  'policies.list': 'policies list',
  'policies.restore': 'policies restore {policy}',
  recover: 'recover',
  rollback: 'rollback {policy}@{version} --sign NAME',
  'rollback.choose': 'rollback {policy}@VERSION',
  'rollback.only': 'rollback {policy}@{version} --only',
  'rollback.unsigned': 'rollback {policy}@{version}',
  'rollback.verb': 'rollback',
  'roster.document': 'roster show --document',
  'roster.propose.unreadable': 'roster propose FILE --accept-unreadable {releases}',
  'roster.propose.verb': 'roster propose',
  'roster.show': 'roster show',
  'runs.decide': 'runs {decision} {run} --reason TEXT --sign NAME',
  'runs.help': 'runs --help',
  'runs.list': 'runs list',
  'runs.show': 'runs show {run}',
  'runs.watch': 'runs watch {run}',
  'scenarios.add': 'scenarios add FILE',
  'schemas.add': 'schemas add FILE --name {name}',
  'serve.kafka': 'HMS_BUS=kafka serve SERVICE',
  'serve.log-key': 'HMS_TRANSPARENCY_LOG_KEY_FILE=FILE serve {service}',
  'serve.secrets-key': 'HMS_NOTIFIER_SECRETS_KEY_FILE=FILE serve {service}',
  'serve.witnesses': 'HMS_AUDIT_WITNESS_URLS=URL serve {service}',
  'tickets.accept': 'tickets decide {ticket} --decision accept --reason TEXT --sign NAME',
  'tickets.decide': 'tickets decide {ticket}',
  'tickets.decide.one': 'tickets decide {ticket} --decision {decision} --reason TEXT --sign NAME',
  'tickets.list': 'tickets list',
  'tickets.show': 'tickets show {ticket}',
  'tokens.create': 'tokens create --scope {scope} --sign NAME',
  'tokens.help': 'tokens --help',
  'tokens.list': 'tokens list',
  'topics.apply': 'topics apply',
  'topics.diff': 'topics diff',
  'topics.list': 'topics list',
  'topics.republish': 'topics republish --since TIME',
  'topics.tail': 'topics tail',
  withdraw: 'withdraw {policy} --reason TEXT --sign NAME',
} as const

export type ActionCode = keyof typeof ACTIONS

type NamesIn<Template extends string> = Template extends `${string}{${infer Name}}${infer Rest}` ? Name | NamesIn<Rest> : never
type Names<Code extends ActionCode> = NamesIn<(typeof ACTIONS)[Code]>
type Values<Code extends ActionCode> = [Names<Code>] extends [never] ? [] : [values: Record<Names<Code>, string | number>]

/** Next step as data: a key of `ACTIONS`, and the values for its placeholders. */
export interface Action {
  action: ActionCode
  arguments: Record<string, string>
}

export function action<Code extends ActionCode>(code: Code, ...[values]: Values<Code>): Action {
  return { action: code, arguments: Object.fromEntries(Object.entries(values ?? {}).map(([name, value]) => [name, String(value)])) }
}

export function commandOf({ action: code, arguments: values }: Action): string {
  const [, variables = '', words = ''] = /^((?:[A-Z_]+=\S+ )?)(.*)$/.exec(ACTIONS[code])!
  return `${variables}${PRODUCT} ${words.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name]!)}`
}

/** Whether the text is one command of this program to a shell, or a path to read. A server, or one in its place, may send any next step. */
export function isOwnCommand(text: unknown): text is string {
  return typeof text === 'string' && /^(?:HMS_[A-Z_]+=[\w./:,-]+ )?hms-svc(?: [^`$;&|<>()\\\p{Cc}]*)?$|^GET \/[\w./?=]*$/u.test(text)
}

/** Returns the command line of an action, for texts and records. */
export function command<Code extends ActionCode>(code: Code, ...values: Values<Code>): string {
  return commandOf(action(code, ...values))
}
