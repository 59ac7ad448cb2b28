import type { PreparedApproval, RunDecisionName, RunView, TicketDecision } from '#libs/contracts'
import { writeRunDecision } from '#libs/signing'
import { absentPage } from '../layout/absent.js'
import { placeIn, type PageContent, type PageRequest } from '../layout/page.js'
import { valueOf } from '../reading/answer.js'
import { predicatesOf, readPeople, whoMayNotSign, type People } from '../signing/people.js'
import { statementPage, wrongChoice, type StatementPage } from '../signing/statement-page.js'
import { chosenIn, DECISION_WORDS, type Chosen, decisionsOfRun, whyNoDecision } from './decisions-of-run.js'

export async function decideRunPage(request: PageRequest): Promise<PageContent> {
  const { read, params, query } = request
  const number = (params['number'] ?? '').slice(0, 40)
  const back = `/runs/${encodeURIComponent(number)}`
  const place = placeIn('Runs', `Decide about run ${number}`, { href: back, text: `Run ${number}` })
  const answer = await read<RunView>(`/v1/runs/${encodeURIComponent(number)}`)
  if (answer.kind !== 'loaded') return absentPage({ ...place, summary: 'The run cannot be shown.' }, answer, 'run')
  const run = answer.value
  const chosen = whyNoDecision(run) ?? chosenIn(query, decisionsOfRun(run))
  if (typeof chosen === 'string') return wrongChoice({ ...place, detail: chosen, back })
  return decisionPage(request, chosen, {
    place: { ...place, state: run.state, beside: back, title: `${DECISION_WORDS[chosen.decision].text} run ${run.run}` },
    of: run,
    act: { path: `/v1/runs/${run.run}/decisions`, done: back, mayNot: await whoMayNotDecide(request, run.digest, chosen.decision) },
    command: `hms-svc runs ${chosen.decision} ${run.run}`,
  })
}

interface DecisionOf {
  place: Pick<PageContent, 'title' | 'section' | 'trail' | 'state' | 'beside'>
  of: Pick<RunView, 'run' | 'attempt' | 'digest'>
  /** Ticket that the decision closes. */
  ticket?: number
  act: StatementPage['act']
  command: string
}

/** Page that shows a decision to sign. Its statement names the run, the attempt and the digest. */
export function decisionPage(
  request: PageRequest,
  chosen: Chosen<RunDecisionName | TicketDecision>,
  { place, of: { run, attempt, digest }, ticket, act, command }: DecisionOf,
): Promise<PageContent> {
  const { decision, reason } = chosen
  return statementPage(request, {
    ...place,
    summary: `${DECISION_WORDS[decision].hint} Reason: “${reason}”`,
    statement: writeRunDecision({ run, attempt, subject: digest, at: request.now, ...chosen, ...(ticket === undefined ? {} : { ticket }) }),
    act,
    verb: `Sign: ${decision}`,
    command: `${command}${decision === 'extend' ? ' --by DURATION' : ''} --reason TEXT --sign NAME`,
  })
}

/** Returns who may not decide, with why; no one if the releases or the roster cannot be read, because the service judges anyway. */
export function whoMayNotDecide(request: PageRequest, digest: string, decision: string): Promise<Record<string, string>> {
  return judgedBy(request, digest, (roster, predicates) => whoMayNotSign(roster, predicates, decision === 'abort' ? 'ender' : 'decider'))
}

/** Calls `judge` with the roster and the releases. If they cannot be read, returns no one: approver judges each signature anyway. */
export async function judgedBy(
  { read }: PageRequest,
  digest: string,
  judge: (roster: People['roster'], predicates: ReturnType<typeof predicatesOf>) => Record<string, string>,
): Promise<Record<string, string>> {
  const [approval, people] = await Promise.all([
    read<PreparedApproval>(`/v1/approvals/${encodeURIComponent(digest)}/prepared`),
    readPeople(read),
  ])
  const [prepared, known] = [valueOf(approval), valueOf(people)]
  if (prepared === undefined || known === undefined) return {}
  return judge(known.roster, predicatesOf(prepared))
}
