import type { JSX } from 'preact'
import { Field, LongTextField, TextField, Submit } from '../forms/fields.js'

/** Values of the form's fields, so that a refused form can be shown again with them. */
export type Proposed = Partial<Record<'text' | 'author' | 'canary' | 'observe' | 'bake', string>>

/** Form for a policy, as a file or as text. Sending the form prepares what people sign; it makes nothing live. */
export function ProposeForm({ proposed = {} }: { proposed?: Proposed }): JSX.Element {
  const { text, author, canary, observe, bake } = proposed
  return (
    <form class="usa-form usa-form--tall" method="post" action="/approvals" encType="multipart/form-data">
      <Field name="files" label="Policy files (YAML or JSON)" hint="Several files are one release: all go live together, or none.">
        <input
          class="usa-file-input"
          type="file"
          id="files"
          name="files"
          multiple
          accept=".yaml,.yml,.json"
          aria-describedby="files-hint"
        />
      </Field>
      <LongTextField name="text" label="Or paste one policy" rows={10} maxLength={262_144} value={text} />
      <TextField name="author" label="Who wrote it" hint="Their signature does not count as an approval." value={author} />
      <details>
        <summary>How it is tried out</summary>
        <TextField
          name="canary"
          label="Share of the canary"
          hint="5% unless you say otherwise; 1 is everyone of the region."
          value={canary}
          maxLength={20}
        />
        <TextField name="observe" label="Observe for" hint="Such as 5m or 90s." value={observe} maxLength={20} />
        <TextField
          name="bake"
          label="Watch after the rollout for"
          hint="As long as observed unless you say otherwise."
          value={bake}
          maxLength={20}
        />
      </details>
      <p>The next page shows what changes and what it would do. Nothing is signed or live before a person signs there.</p>
      <Submit>Show what would be signed</Submit>
    </form>
  )
}
