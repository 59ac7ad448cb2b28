import { describeChange, diffPolicies, type FieldChange, type PolicyDocument } from '#libs/policy'
import { readRelease } from '#libs/signing'
import { command, explain, withoutControls, type ReleaseDocument, type TicketState } from '#libs/contracts'
import type { DescribedNews } from './described-news.js'
import { contentsOf, type MessageContent } from '../channel-sender.js'

const OVERDUE = 'It does not end without an answer, and those who signed approve nothing if there is none'

const ENDS: Partial<Record<TicketState, string>> = { EXPIRED: 'it was not answered in time', MOOT: 'the run no longer asks' }

/** Describes the opening or closing of a ticket in words. */
function describeTicket({ ticket, version: step }: MessageContent): DescribedNews {
  if (ticket === undefined) throw new TypeError('a message of a ticket has no ticket')
  const { ticket: number, kind, run, state, reason, detail, policies, allowed, openedAt, expiresAt, decided } = ticket
  const name = `Ticket ${number}: ${kind} of run #${run}`
  const [show, decide] = [command('tickets.show', { ticket: number }), command('tickets.decide', { ticket: number })]
  const isOpen = step !== 'closed'
  const end = kind === 'UNDELIVERED' && state === 'MOOT' ? 'every partner was reached after all' : (ENDS[state] ?? state)
  const answer =
    decided === null ? end : `${decided.decision} by ${decided.by}${decided.publicReason === undefined ? '' : `: ${decided.publicReason}`}`
  return {
    subject: isOpen ? `${name} asks for an answer` : `${name} is closed (${decided?.decision ?? state})`,
    headline: name,
    sentences: isOpen
      ? [
          explain(reason, detail),
          `What may be decided: ${allowed.join(', ')}. See ${show}, and answer by ${decide}.`,
          `You are notified as ${step}. ${kind === 'BREAK_GLASS_REVIEW' ? OVERDUE : 'Without an answer it ends'} at ${expiresAt}.`,
        ]
      : [`It needs no answer any more: ${answer}.`],
    changesHeading: '',
    changes: [],
    facts: [
      ['Run', `#${run}`],
      ['Policies', policies.map(({ id, version }) => `${id}@${version}`).join(', ')],
      ['Opened', openedAt],
    ],
  }
}

const MAX_CHANGES = 50
const MAX_SUBJECT = 150
const UNDELIVERED = 'Your systems did not take this message on any channel that you registered: please hand it on, and look at why.'

/** Describes a message in words. `isLastResort`: no channel of the partner accepted the message. */
export function describeNews(content: MessageContent, isLastResort = false): DescribedNews {
  const news = DESCRIBE[content.type](content)
  return printed(isLastResort ? { ...news, subject: `Not delivered: ${news.subject}`, sentences: [UNDELIVERED, ...news.sentences] } : news)
}

const DESCRIBE: Record<MessageContent['type'], (content: MessageContent) => DescribedNews> = {
  'policy.updated': update,
  'policy.withdrawn': withdrawal,
  'partner.test': test,
  'partner.unsubscribed': describeUnsubscribed,
  'ticket.opened': describeTicket,
  'ticket.closed': describeTicket,
}

function update(content: MessageContent): DescribedNews {
  return content.others === undefined ? updateOfOne(content) : updateOfSeveral(content)
}

/** Describes a bundle: the changes of each policy under one heading. */
function updateOfSeveral(content: MessageContent): DescribedNews {
  const { at, supersedes, bundle } = content
  const all = contentsOf(content)
  const when = (effective: string): string => (Date.parse(effective) > Date.parse(at) ? `takes effect on ${effective}` : inForce(at))
  const isAhead = all.some(({ effective }) => Date.parse(effective) > Date.parse(at))
  const documents = all.map(({ release }) => documentOf(release))
  const changes = all.flatMap(({ policy, replaced }, index) => {
    const [before, document] = [documentOf(replaced), documents[index]]
    const lines = document === undefined ? [] : diffPolicies(before, document).map(before === undefined ? describeRule : describeChange)
    return lines.map((line) => `${policy}: ${line}`)
  })
  const breaking = documents.flatMap((document) =>
    typeof document?.breaking === 'string' ? [`What readers of ${String(document.id)} must look at: ${document.breaking}`] : [],
  )
  return {
    subject: `${all.length} policies ${isAhead ? 'take effect' : 'are in force'} together: ${bundle.join(', ')}`,
    headline: `${all.length} policies ${isAhead ? 'take effect' : 'are in force'} together`,
    sentences: [
      ...all.map(({ policy, version, effective }) => `Version ${version} of ${policy} ${when(effective)}.`),
      ...(supersedes.length > 0 ? [`They replace ${supersedes.join(', ')}.`] : []),
      ...breaking,
    ],
    changesHeading: 'What changes',
    changes: bounded(changes, 'the attached policies'),
    facts: all.flatMap(({ policy, version, effective, digest }): [string, string][] => [
      ['Policy', `${policy}@${version}`],
      ['Effective', effective],
      ['Digest', digest],
    ]),
  }
}

function updateOfOne(content: MessageContent): DescribedNews {
  const { policy, version, effective, at, supersedes, bundle, digest, release, replaced, publicReason } = content
  const document = documentOf(release)
  const before = documentOf(replaced)
  const isAhead = Date.parse(effective) > Date.parse(at)
  const title = typeof document?.title === 'string' ? document.title : undefined
  const when = isAhead ? `takes effect on ${effective}` : inForce(at)
  const others = bundle.filter((each) => each !== `${policy}@${version}`)
  const changes = document === undefined ? [] : diffPolicies(before, document)
  return {
    subject: `${policy} ${version} ${isAhead ? `takes effect on ${effective}` : 'is in force'}${title === undefined ? '' : `: ${title}`}`,
    headline: title ?? `${policy} ${version}`,
    sentences: [
      `Version ${version} of ${policy} ${when}.`,
      ...(supersedes.length > 0 ? [`It replaces ${supersedes.join(', ')}.`] : []),
      ...(publicReason === undefined ? [] : [`Reason: ${publicReason}`]),
      // Waiting messages of earlier builds contain one policy of a bundle.
      ...(others.length > 0 ? [`It goes together with ${others.join(', ')}.`] : []),
      ...(typeof document?.breaking === 'string' ? [`What readers must look at: ${document.breaking}`] : []),
    ],
    changesHeading: before === undefined ? 'What it says' : `What changes from ${before.version}`,
    changes: bounded(changes.map(before === undefined ? describeRule : describeChange)),
    facts: [
      ['Policy', `${policy}@${version}`],
      ['Effective', effective],
      ['Digest', digest],
    ],
  }
}

/** The message is made after the bake, and may be read after a rollback: `at` is neither when the rule came into force nor now. */
function inForce(at: string): string {
  return `is in force, as of ${at}`
}

function withdrawal({ policy, version, at, digest, publicReason }: MessageContent): DescribedNews {
  return {
    subject: `${policy} ${version} is withdrawn`,
    headline: `${policy} is withdrawn`,
    sentences: [
      `Version ${version} of ${policy} is no longer in force since ${at}, and nothing is in its place.`,
      ...(publicReason === undefined ? [] : [`Reason: ${publicReason}`]),
    ],
    changesHeading: '',
    changes: [],
    facts: [
      ['Policy', `${policy}@${version}`],
      ['Withdrawn', at],
      ['Digest', digest],
    ],
  }
}

function test({ at }: MessageContent): DescribedNews {
  return {
    subject: 'A test of this address: nothing is to be done',
    headline: 'A test of this address',
    sentences: [
      'A person at the agency tested whether messages about policies reach this address. This one did.',
      'It reports no change of a policy.',
    ],
    changesHeading: '',
    changes: [],
    facts: [['Sent', at]],
  }
}

/** Parses the policy of a release without verifying it: the message came in a signed event, and earlier stages verified the release. */
function documentOf(release: ReleaseDocument | null): PolicyDocument | undefined {
  return release === null ? undefined : (readRelease(release.envelope).predicate.policy as PolicyDocument)
}

function describeRule(change: FieldChange): string {
  return describeChange(change).replace(/ added /, ' ')
}

function bounded(lines: readonly string[], where = 'the attached policy'): string[] {
  const more = lines.length - MAX_CHANGES
  return more > 0 ? [...lines.slice(0, MAX_CHANGES), `and ${more} more: see ${where}`] : [...lines]
}

/** Replaces control, direction and line separator characters of policy texts, so that none can forge a line or a header. */
function printed({ subject, headline, sentences, changesHeading, changes, facts }: DescribedNews): DescribedNews {
  return {
    subject: [...withoutControls(subject)].slice(0, MAX_SUBJECT).join(''),
    headline: withoutControls(headline),
    sentences: sentences.map(withoutControls),
    changesHeading: withoutControls(changesHeading),
    changes: changes.map(withoutControls),
    facts: facts.map(([label, value]) => [label, withoutControls(value)]),
  }
}

/** Describes for people on call that an address of a partner no longer accepts mail. */
function describeUnsubscribed({ unsubscribed, at }: MessageContent): DescribedNews {
  if (unsubscribed === undefined) throw new TypeError('a message of an address that unsubscribed has no address')
  const { partner, address, otherChannels } = unsubscribed
  const rest =
    otherChannels.length > 0
      ? `The partner is still notified by ${otherChannels.join(', ')}.`
      : 'Nothing else tells the partner: each message that would go there opens a ticket.'
  return {
    subject: `${partner.id} takes no more mail at ${address}`,
    headline: `${partner.name} unsubscribed ${address}`,
    sentences: [
      `The link in a mail was followed. The partner stays bound by every policy. ${rest}`,
      `Speak with the partner. ${command('partners.resubscribe', { partner: partner.id, address })} takes it back.`,
    ],
    changesHeading: '',
    changes: [],
    facts: [
      ['Partner', partner.id],
      ['Address', address],
      ['Unsubscribed', at],
    ],
  }
}
