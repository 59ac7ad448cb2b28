import type { PolicyView } from '#libs/contracts'
import type { JSX } from 'preact'
import type { Answer } from '../reading/answer.js'

/** Readings are examples; the rules are those in force. */
export const AIR = { id: 'air', title: 'Air quality', policy: 'epa-pm25-limit', reading: 30, unit: 'µg/m³', of: 'PM 2.5' }
export const OZONE = { id: 'ozone', title: 'Ozone', policy: 'ozone-limit', reading: 61, unit: 'ppb', of: 'O₃' }
export type PaneSample = typeof AIR
export const WATER = { id: 'water', title: 'Drinking water', policy: 'lead-limit', reading: 4, unit: 'µg/L', of: 'lead' }

/** Shows a pane with the rule that the server has read; where scripts run, the bridge updates the pane. `mark`: for the script. */
export function Pane(props: { sample: PaneSample; answer: Answer<PolicyView>; mark: 'data-pane' | 'data-pane-in-frame' }): JSX.Element {
  const { sample, answer, mark } = props
  const { id, title, policy, reading, unit, of } = sample
  // In a frame the pane is a document of its own, and this heading is its only one.
  const Heading = mark === 'data-pane-in-frame' ? 'h1' : 'h2'
  const rule = ruleOf(answer)
  return (
    <section
      id={id}
      class="pane"
      aria-labelledby={`${id}-title`}
      {...{ [mark]: '' }}
      data-policy={policy}
      data-reading={reading}
      data-unit={unit}
      data-state={rule === undefined ? 'none' : reading > rule.limit ? 'over' : 'within'}
    >
      <Heading id={`${id}-title`}>{title}</Heading>
      <p class="value">
        {reading} <span class="pane-unit">{`${unit} ${of}`}</span>
      </p>
      <p class="pane-verdict" data-verdict aria-live="polite">
        {verdictOf(sample, rule)}
      </p>
      <p class="quiet">
        <span data-version>{rule === undefined ? '' : `${policy}@${rule.version}`}</span>
        <span class="pane-draws">
          {' '}
          Draws by its script: <span data-draws>0</span>
        </span>
      </p>
    </section>
  )
}

function ruleOf(answer: Answer<PolicyView>): { version: string; limit: number } | undefined {
  if (answer.kind !== 'loaded') return undefined
  const { version, value } = answer.value
  return typeof value['limit'] === 'number' ? { version, limit: value['limit'] } : undefined
}

/** Returns the verdict, in the words of `pane-view.js`. */
function verdictOf({ reading, unit }: PaneSample, rule: { limit: number } | undefined): string {
  if (rule === undefined) return '– No rule in force'
  return reading > rule.limit ? `✗ Over the limit of ${rule.limit} ${unit}` : `✓ Within the limit of ${rule.limit} ${unit}`
}
