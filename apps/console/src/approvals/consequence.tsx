import { numberText } from '#libs/contracts'
import type { JSX } from 'preact'
import { Alert } from '../layout/absent.js'
import { consequenceText, notVerifiedText } from '../signing/consequence-texts.js'
import type { Proof } from './proof.js'
import { Section } from '../layout/parts.js'

/** Shows one large sentence per scenario. Before the page's script signs, it checks the elements that are marked `data-` here. */
export function ConsequencePart({ proof, longer }: { proof: Proof; longer: string | undefined }): JSX.Element {
  return (
    <Section id="consequence" title="What it would have done">
      <div id="consequence" data-part aria-live="polite">
        {proof.kind === 'proven' ? <Proven proof={proof} /> : <Unproven proof={proof} longer={longer} />}
      </div>
    </Section>
  )
}

const LARGE = 'A large change: more than a tenth of all readings, or five times as many violations'

function Proven({ proof: { consequences, statement, keys } }: { proof: Proof & { kind: 'proven' } }): JSX.Element {
  return (
    <div data-trial={JSON.stringify(statement)} data-keys={JSON.stringify(keys)}>
      {consequences.map((each) => {
        const sentence = (
          <p class="consequence" data-consequence>
            {consequenceText(each)}
          </p>
        )
        return each.large ? <Alert kind="warning" title={LARGE} children={sentence} /> : sentence
      })}
      <p class="quiet">
        {consequences.length === 0
          ? 'No scenario judges recorded readings by these policies, so nothing tells what it would have done.'
          : 'Counted by simulator over recorded readings and signed; verified by this page, and once more before you sign.'}
      </p>
    </div>
  )
}

function Unproven({ proof, longer }: { proof: Proof & { kind: 'unproven' }; longer: string | undefined }): JSX.Element {
  const { why, isPending, progress } = proof
  if (!isPending)
    return (
      <div class="usa-alert usa-alert--error" data-trial="" data-why={why}>
        <p class="consequence" data-consequence>
          {notVerifiedText(why)}
        </p>
      </div>
    )
  const counted = progress && `Replaying recorded readings: ${numberText(progress.done)} of ${numberText(progress.total)} programs done. `
  return (
    <div class="usa-alert usa-alert--info" data-trial="" data-why={why} data-pending>
      {counted ?? `Not known yet: ${why}. `}
      {longer === undefined ? null : <a href={longer}>Wait for it, up to a minute</a>}
    </div>
  )
}
