import { letterDecision, writeDecision } from '#libs/signing'
import { chosenIn } from '../decisions/decisions-of-run.js'
import { placeIn, type PageContent, type PageRequest } from '../layout/page.js'
import { statementPage, wrongChoice } from '../signing/statement-page.js'
import { absentLetter, decisionsOfLetter, LETTER_WORDS, readLetter, sinceText } from './letter-page.js'

/** Page on which a person signs the replay or the discarding of a dead letter. The statement is bound to its content and tries. */
export async function decideLetterPage(request: PageRequest): Promise<PageContent> {
  const { read, query, now, params } = request
  const answer = await readLetter(read, params['id'] ?? '')
  if (answer.kind !== 'loaded') return absentLetter(answer)
  const { service, id, topic, state } = answer.value
  const back = `/dead-letters/${id}`
  const place = { ...placeIn('Topics', 'Decide a dead letter', { href: back, text: 'Dead letter' }), state, beside: back }
  const decisions = decisionsOfLetter(answer.value)
  const chosen = decisions.length === 0 ? sinceText(answer.value) : chosenIn(query, decisions)
  if (typeof chosen === 'string') return wrongChoice({ ...place, detail: chosen, back })
  const { decision, reason } = chosen
  const { text, hint } = LETTER_WORDS[decision]
  return statementPage(request, {
    ...place,
    title: `${text} a dead letter of ${service}`,
    summary: `It came from ${topic}. ${hint} Reason: “${reason}”`,
    statement: writeDecision({ ...letterDecision(decision, answer.value), reason, at: now }),
    act: { path: `/v1/dead-letters/${service}/${id}/decisions`, done: back },
    verb: `Sign: ${decision}`,
    command: `hms-svc dlq ${decision} ${service}/${id} --reason TEXT --sign NAME`,
  })
}
