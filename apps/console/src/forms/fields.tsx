import type { ComponentChildren, JSX } from 'preact'

interface LabelProps {
  name: string
  label: string
  hint?: string | undefined
}

interface FieldProps extends LabelProps {
  /** Where another form of the page has a field of this name. */
  id?: string
  value?: string
  required?: boolean
  maxLength?: number
}

/** One line of text with its label and hint. */
export function TextField({ name, id = name, label, hint, value = '', required = false, maxLength = 200 }: FieldProps): JSX.Element {
  return (
    <Field name={id} label={label} hint={hint}>
      <input
        class="usa-input"
        id={id}
        name={name}
        value={value}
        maxLength={maxLength}
        required={required}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
      />
    </Field>
  )
}

export function LongTextField({
  name,
  id = name,
  label,
  hint,
  value = '',
  required = false,
  maxLength = 1_000,
  rows = 3,
}: FieldProps & { rows?: number }): JSX.Element {
  return (
    <Field name={id} label={label} hint={hint}>
      <textarea
        class="usa-textarea"
        id={id}
        name={name}
        rows={rows}
        maxLength={maxLength}
        required={required}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
      >
        {value}
      </textarea>
    </Field>
  )
}

/** `name`: id of the input. */
export function Field({ name, label, hint, children }: LabelProps & { children: ComponentChildren }): JSX.Element {
  return (
    <div>
      <label class="usa-label" for={name}>
        {label}
      </label>
      {hint === undefined ? null : (
        <span class="usa-hint" id={`${name}-hint`}>
          {hint}
        </span>
      )}
      {children}
    </div>
  )
}

interface RadioProps {
  name: string
  legend: string
  choices: readonly { value: string; text: string; hint?: ComponentChildren }[]
  chosen: string | undefined
}

export function RadioField({ name, legend, choices, chosen }: RadioProps): JSX.Element {
  return (
    <fieldset class="usa-fieldset">
      <legend>{legend}</legend>
      {choices.map(({ value, text, hint }) => (
        <div class="usa-radio" key={value}>
          <input type="radio" id={`${name}-${value}`} name={name} value={value} checked={value === chosen} required />
          <label for={`${name}-${value}`}>
            {text}
            {hint === undefined ? null : <span class="usa-hint">{hint}</span>}
          </label>
        </div>
      ))}
    </fieldset>
  )
}

/** Reasons of a decision: one for the people of the installation, one for partners. */
export function ReasonFields({ label = 'Reason' }: { label?: string }): JSX.Element {
  return (
    <>
      <LongTextField name="reason" label={label} hint="It stands in the log, beside your name. Partners do not get it." required />
      <LongTextField name="public-reason" label="Public reason" hint="Sent to partners; may be left out." rows={2} />
    </>
  )
}

const SHOW = 'Show what would be signed'

/** Form that shows the page of what was chosen. */
export function ChoiceForm({ action, verb = SHOW, children }: { action: string; verb?: string; children: ComponentChildren }): JSX.Element {
  return (
    <form class="usa-form usa-form--tall" method="get" action={action}>
      {children}
      <button class="usa-button" type="submit">
        {verb}
      </button>
    </form>
  )
}
