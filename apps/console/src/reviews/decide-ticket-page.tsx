import type { Ticket } from '#libs/contracts'
import { decisionPage, judgedBy, whoMayNotDecide } from '../decisions/decide-run-page.js'
import { chosenIn, DECISION_WORDS } from '../decisions/decisions-of-run.js'
import { absentPage } from '../layout/absent.js'
import { placeIn, type PageContent, type PageRequest } from '../layout/page.js'
import { whoMayNotReview } from '../signing/people.js'
import { wrongChoice } from '../signing/statement-page.js'
import { TICKET_WORDS } from './reviews-page.js'

/** Page that shows a decision on a ticket to sign, bound to its run, attempt and release. */
export async function decideTicketPage(request: PageRequest): Promise<PageContent> {
  const { read, params, query } = request
  const number = (params['ticket'] ?? '').slice(0, 40)
  const back = `/reviews/${encodeURIComponent(number)}`
  const place = placeIn('Reviews', `Decide ticket ${number}`, { href: back, text: `Ticket ${number}` })
  const answer = await read<Ticket>(`/v1/tickets/${encodeURIComponent(number)}`)
  if (answer.kind !== 'loaded') return absentPage({ ...place, summary: 'The ticket cannot be shown.' }, answer, 'ticket')
  const { ticket, kind, state, run, digest, allowed, actors = [] } = answer.value
  const chosen = state === 'OPEN' ? chosenIn(query, allowed) : `Too late: ${TICKET_WORDS[state].text.toLowerCase()}.`
  if (typeof chosen === 'string') return wrongChoice({ ...place, detail: chosen, back })
  const { decision } = chosen
  const mayNot =
    kind === 'BREAK_GLASS_REVIEW'
      ? await judgedBy(request, digest, (roster, predicates) => whoMayNotReview(roster, predicates, actors))
      : await whoMayNotDecide(request, digest, decision)
  return decisionPage(request, chosen, {
    place: { ...place, state, beside: back, title: `${DECISION_WORDS[decision].text}: ticket ${ticket}, run ${run}` },
    of: answer.value,
    ...(decision === 'accept' ? { ticket } : {}),
    act: { path: `/v1/tickets/${ticket}/decisions`, done: back, mayNot },
    command: `hms-svc tickets decide ${ticket} --decision ${decision}`,
  })
}
