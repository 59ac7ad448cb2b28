import type { RunDecisionName, TicketDecision } from '#libs/contracts'
import type { JSX } from 'preact'
import { ChoiceForm, RadioField, ReasonFields, TextField } from '../forms/fields.js'
import { DECISION_WORDS } from './decisions-of-run.js'

/** Chooses a decision; the next page shows what is signed. */
export function DecideForm({ action, allowed }: { action: string; allowed: readonly (RunDecisionName | TicketDecision)[] }): JSX.Element {
  const choices = allowed.map((value) => ({ value, ...DECISION_WORDS[value] }))
  return (
    <ChoiceForm action={action}>
      <RadioField name="decision" legend="What to do" choices={choices} chosen={allowed.length === 1 ? allowed[0] : undefined} />
      {allowed.includes('extend') ? <TextField name="by" label="Extend by" hint="For extend alone, such as 10m." maxLength={20} /> : null}
      <ReasonFields />
    </ChoiceForm>
  )
}
