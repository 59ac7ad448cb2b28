import type { ComponentChildren, JSX } from 'preact'
import { Field, TextField, Submit } from '../forms/fields.js'

/** Filters of a list, kept in its address; folded where the window is narrow. */
export function FilterForm({ action, children }: { action: string; children: ComponentChildren }): JSX.Element {
  return (
    <details class="fold">
      <summary>Filters</summary>
      <form class="usa-form" method="get" action={action}>
        {children}
        <Submit>Filter</Submit>
      </form>
    </details>
  )
}

export function TextFilter({ name, label, value = '' }: { name: string; label: string; value: string | undefined }): JSX.Element {
  return <TextField name={name} label={label} value={value} maxLength={100} />
}

interface ChoiceProps {
  name: string
  label: string
  /** Text of the choice that does not filter. */
  any: string
  choices: readonly string[]
  /** Texts of the choices; without one a choice is shown as it is. */
  words?: Readonly<Record<string, { text: string }>>
  chosen: string | undefined
}

export function ChoiceFilter({ name, label, any, choices, words = {}, chosen }: ChoiceProps): JSX.Element {
  return (
    <Field name={name} label={label}>
      <select class="usa-select" id={name} name={name}>
        <option value="">{any}</option>
        {choices.map((value) => (
          <option key={value} value={value} selected={value === chosen}>
            {words[value]?.text ?? value}
          </option>
        ))}
      </select>
    </Field>
  )
}
