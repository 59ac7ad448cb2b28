import { describeChange, diffPolicies, type PolicyDocument } from '#libs/policy'
import { readRelease } from '#libs/signing'
import { policyRefs, command, explain, withoutControls, type ReleaseDocument, type TicketState } from '#libs/contracts'
import { contentsOf, type MessageContent, type PolicyContent } from '../channel-sender.js'

/** Message in words, before it is rendered as text or HTML. Every string is one line. */
export interface DescribedNews {
  subject: string
  headline: string
  sentences: string[]
  changesHeading: string
  changes: string[]
  facts: [label: string, value: string][]
}

type Described = Pick<DescribedNews, 'subject' | 'headline' | 'sentences' | 'facts'> & Partial<DescribedNews>

const OVERDUE =
  'It stays open until a person who did not sign the break-glass closes it. While it is open, its signers cannot approve after'

const ENDS: Partial<Record<TicketState, string>> = { EXPIRED: 'it was not answered in time', MOOT: 'the run no longer needs an answer' }

function describeTicket({ ticket, version: step }: MessageContent): Described {
  if (ticket === undefined) throw new TypeError('a message of a ticket has no ticket')
  const { ticket: number, kind, run, state, reason, detail, policies, allowed, openedAt, expiresAt, decided } = ticket
  const name = `Ticket ${number}: ${kind} of run #${run}`
  const [show, decide] = [command('tickets.show', { ticket: number }), command('tickets.decide', { ticket: number })]
  const isOpen = step !== 'closed'
  const end = kind === 'UNDELIVERED' && state === 'MOOT' ? 'every partner was reached after all' : (ENDS[state] ?? state)
  const answer =
    decided === null ? end : `${decided.decision} by ${decided.by}${decided.publicReason === undefined ? '' : `: ${decided.publicReason}`}`
  return {
    subject: isOpen ? `${name} needs an answer` : `${name} is closed (${decided?.decision ?? state})`,
    headline: name,
    sentences: isOpen
      ? [
          explain(reason, detail),
          `What may be decided: ${allowed.join(', ')}. See ${show}, and answer by ${decide}.`,
          `You are notified as ${step}. ${kind === 'BREAK_GLASS_REVIEW' ? OVERDUE : 'Without an answer it ends at'} ${expiresAt}.`,
        ]
      : [`It no longer needs an answer: ${answer}.`],
    facts: [
      ['Run', `#${run}`],
      ['Policies', policyRefs(policies)],
      ['Opened', openedAt],
    ],
  }
}

const MAX_CHANGES = 50
const MAX_SUBJECT = 150
const UNDELIVERED = 'Your systems did not accept this message on any channel that you registered: please forward it, and find out why.'

/** Describes a message in words. `isLastResort`: no channel of the partner accepted the message. */
export function describeNews(content: MessageContent, isLastResort = false): DescribedNews {
  const news = DESCRIBE[content.type](content)
  return printed(isLastResort ? { ...news, subject: `Not delivered: ${news.subject}`, sentences: [UNDELIVERED, ...news.sentences] } : news)
}

const DESCRIBE: Record<MessageContent['type'], (content: MessageContent) => Described> = {
  'policy.announced': (content) => announcement(DESCRIBE['policy.updated'](content), content),
  'policy.updated': (content) => (content.others === undefined ? updateOfOne(content) : updateOfSeveral(content)),
  'policy.rolled-back': updateOfOne,
  'policy.withdrawn': withdrawal,
  'partner.test': test,
  'partner.unsubscribed': describeUnsubscribed,
  'ticket.opened': describeTicket,
  'ticket.closed': describeTicket,
}

/** Describes a bundle: the changes of each policy under one heading. */
function updateOfSeveral(content: MessageContent): Described {
  const { at, supersedes, bundle } = content
  const all = contentsOf(content)
  const isAhead = all.some(({ effective }) => Date.parse(effective) > Date.parse(at))
  const changes = all.flatMap((each) => changesOf(each).map((line) => `${each.policy}: ${line}`))
  const breaking = all.flatMap(({ release }) => {
    const document = documentOf(release)
    return typeof document?.breaking === 'string' ? [`What readers of ${String(document.id)} must look at: ${document.breaking}`] : []
  })
  return {
    subject: `${all.length} policies ${isAhead ? 'take effect' : 'are in force'} together: ${bundle.join(', ')}`,
    headline: `${all.length} policies ${isAhead ? 'take effect' : 'are in force'} together`,
    sentences: [
      ...all.map(({ policy, version, effective }) => `Version ${version} of ${policy} ${whenOf(effective, at)}.`),
      ...(supersedes.length > 0 ? [`They replace ${supersedes.join(', ')}.`] : []),
      ...breaking,
    ],
    changesHeading: 'What changes',
    changes: bounded(changes, 'the attached policies'),
    facts: all.flatMap((each) => factsOf(each, ['Effective', each.effective])),
  }
}

/** Describes an announcement: the changes of an update, with sentences that do not report it as in force. */
function announcement(update: Described, { bundle }: MessageContent): Described {
  return {
    ...update,
    subject: `Announced: ${bundle.join(', ')}`,
    sentences: [`The canary of ${bundle.join(', ')} has passed. A message follows when it is in force, or if it will not be.`],
  }
}

function updateOfOne(content: MessageContent): Described {
  const { policy, version, effective, at, supersedes, bundle, release, replaced, publicReason } = content
  const document = documentOf(release)
  const before = documentOf(replaced)
  const isAhead = Date.parse(effective) > Date.parse(at)
  const title = typeof document?.title === 'string' ? document.title : undefined
  const others = bundle.filter((each) => each !== `${policy}@${version}`)
  return {
    subject: `${policy} ${version} ${isAhead ? `takes effect on ${effective}` : 'is in force'}${title === undefined ? '' : `: ${title}`}`,
    headline: title ?? `${policy} ${version}`,
    sentences: [
      `Version ${version} of ${policy} ${whenOf(effective, at)}.`,
      ...(supersedes.length > 0 ? [`It replaces ${supersedes.join(', ')}.`] : []),
      ...(publicReason === undefined ? [] : [`Reason: ${publicReason}`]),
      // Queued messages of earlier builds contain only one policy of a bundle.
      ...(others.length > 0 ? [`It goes together with ${others.join(', ')}.`] : []),
      ...(typeof document?.breaking === 'string' ? [`What readers must look at: ${document.breaking}`] : []),
    ],
    changesHeading: before === undefined ? 'What it says' : `What changes from ${before.version}`,
    changes: bounded(changesOf(content)),
    facts: factsOf(content, ['Effective', effective]),
  }
}

/**
 * Describes when a policy takes effect or since when it is known to be in force. The message is composed after the bake and may be read
 * after a rollback, so `at` is neither the time when the policy came into force nor the time of reading.
 */
function whenOf(effective: string, at: string): string {
  return Date.parse(effective) > Date.parse(at) ? `takes effect on ${effective}` : `is in force, as of ${at}`
}

function changesOf({ replaced, release }: PolicyContent): string[] {
  const [before, document] = [documentOf(replaced), documentOf(release)]
  if (document === undefined) return []
  const lines = diffPolicies(before, document).map(describeChange)
  return before === undefined ? lines.map((line) => line.replace(/ added /, ' ')) : lines
}

function withdrawal(content: MessageContent): Described {
  const { policy, version, at, publicReason } = content
  return {
    subject: `${policy} ${version} is withdrawn`,
    headline: `${policy} is withdrawn`,
    sentences: [
      `Version ${version} of ${policy} is no longer in force since ${at}, and nothing is in its place.`,
      ...(publicReason === undefined ? [] : [`Reason: ${publicReason}`]),
    ],
    facts: factsOf(content, ['Withdrawn', at]),
  }
}

function test({ at }: MessageContent): Described {
  return {
    subject: 'A test of this address: nothing is to be done',
    headline: 'A test of this address',
    sentences: [
      'A person at the agency tested whether messages about policies reach this address. This one did.',
      'It reports no change of a policy.',
    ],
    facts: [['Sent', at]],
  }
}

function factsOf({ policy, version, digest }: PolicyContent, time: [label: string, at: string]): DescribedNews['facts'] {
  return [['Policy', `${policy}@${version}`], time, ['Digest', digest]]
}

/** Parses the policy of a release without verifying it: the message came in a signed event, and earlier stages verified the release. */
function documentOf(release: ReleaseDocument | null): PolicyDocument | undefined {
  return release === null ? undefined : (readRelease(release.envelope).predicate.policy as PolicyDocument)
}

function bounded(lines: readonly string[], where = 'the attached policy'): string[] {
  const more = lines.length - MAX_CHANGES
  return more > 0 ? [...lines.slice(0, MAX_CHANGES), `and ${more} more: see ${where}`] : [...lines]
}

/** Replaces control, direction and line separator characters of policy texts, so that none can forge a line or a header. */
function printed({ subject, headline, sentences, changesHeading = '', changes = [], facts }: Described): DescribedNews {
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
function describeUnsubscribed({ unsubscribed, at }: MessageContent): Described {
  if (unsubscribed === undefined) throw new TypeError('a message of an address that unsubscribed has no address')
  const { partner, address, otherChannels } = unsubscribed
  const rest =
    otherChannels.length > 0
      ? `The partner is still notified by ${otherChannels.join(', ')}.`
      : 'The partner has no other channel: each message to it opens a ticket.'
  return {
    subject: `${partner.id} no longer accepts mail at ${address}`,
    headline: `${partner.name} unsubscribed ${address}`,
    sentences: [
      `The link in a mail was followed. The partner stays bound by every policy. ${rest}`,
      `Speak with the partner. To send mail to the address again: ${command('partners.resubscribe', { partner: partner.id, address })}`,
    ],
    facts: [
      ['Partner', partner.id],
      ['Address', address],
      ['Unsubscribed', at],
    ],
  }
}
