import { numberText, type WhatIf } from '#libs/contracts'
import type { FieldChange } from '#libs/policy'
import type { JSX } from 'preact'
import { TextField, Submit } from '../forms/fields.js'
import { unitText } from '../policies/policy-table.js'

interface WhatIfProps {
  whatIf: WhatIf
  /** Value of `?whatif=`. */
  asked: string | null
  /** Change of the field; `undefined` if it was not verified, or does not change. */
  change: FieldChange | undefined
}

/** Form that shows the violations at another value of a field. The page's script turns the text field into a slider. */
export function WhatIfForm({ whatIf, asked, change }: WhatIfProps): JSX.Element {
  const { scenario, field, values, violations, readings, sites } = whatIf
  const wanted = asked === null || Number.isNaN(Number.parseFloat(asked)) ? change?.to : Number.parseFloat(asked)
  const at = nearest(values, typeof wanted === 'number' ? wanted : values[0]!)
  const base = values.findIndex((value) => value === change?.from)
  return (
    <section id="what-if" aria-labelledby="what-if-title" data-what-if={JSON.stringify({ values, violations, base, sites })}>
      <h2 id="what-if-title">What if?</h2>
      <form class="usa-form" method="get" action="#what-if">
        <div class="what-if-field">
          <TextField name="whatif" label={`What if ${field} were …`} value={String(values[at])} />
        </div>
        <Submit outline>Show</Submit>
      </form>
      <p>
        <output for="whatif">
          At <strong data-at>{values[at]}</strong> {unitText({ units: change?.units ?? null })}:{' '}
          <strong data-violations>{numberText(violations[at]!)}</strong> of {numberText(readings)} readings would have been violations
          {base < 0 ? '' : ', '}
          <span data-difference>{base < 0 ? '' : differenceText(violations[at]! - violations[base]!)}</span>
          {base < 0 ? '' : ` at ${values[base]}, in force now`}.
        </output>
      </p>
      <ul data-sites hidden />
      <p class="quiet">By the scenario {scenario}, unsigned: simulator counted it, and no one signs it.</p>
    </section>
  )
}

/** `317 more than`; the page's script has the same words. */
function differenceText(change: number): string {
  return change === 0 ? 'as many as' : `${numberText(Math.abs(change))} ${change > 0 ? 'more' : 'fewer'} than`
}

/** Index of the value that is nearest. */
function nearest(values: readonly number[], wanted: number): number {
  return values.reduce((best, value, index) => (Math.abs(value - wanted) < Math.abs(values[best]! - wanted) ? index : best), 0)
}
