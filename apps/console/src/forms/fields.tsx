import type { ComponentChildren, JSX } from 'preact'

interface LabelProps {
  name: string
  label: string
  hint?: string | undefined
}

interface FieldProps extends LabelProps {
  /** Id of the input, by default `name`; needed if another form of the page has a field of the same name. */
  id?: string
  value?: string
  required?: boolean
  maxLength?: number
  rows?: number
}

/** Field for a text, with label and hint: of one line, or of `rows` lines. */
export function TextField({ name, id = name, label, hint, value = '', required = false, maxLength = 200, rows }: FieldProps): JSX.Element {
  const rest = { maxLength, required, 'aria-describedby': hint === undefined ? undefined : `${id}-hint` }
  return (
    <Field name={id} label={label} hint={hint}>
      {rows === undefined ? (
        <input class="usa-input" id={id} name={name} value={value} {...rest} />
      ) : (
        <textarea class="usa-textarea" id={id} name={name} rows={rows} {...rest}>
          {value}
        </textarea>
      )}
    </Field>
  )
}

export function LongTextField(props: FieldProps): JSX.Element {
  return <TextField rows={3} maxLength={1_000} {...props} />
}

/** An input with its label and hint. `name`: id of the input. */
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
      <LongTextField name="reason" label={label} hint="The log keeps it with your name. Partners do not get it." required />
      <LongTextField name="public-reason" label="Public reason" hint="Sent to partners; may be left out." rows={2} />
    </>
  )
}

/** Button that sends its form. `outline`: not the main action of the page. */
export function Submit({ outline = false, children }: { outline?: boolean; children: ComponentChildren }): JSX.Element {
  return (
    <button class={outline ? 'usa-button usa-button--outline' : 'usa-button'} type="submit">
      {children}
    </button>
  )
}

/** Form that opens the page `action` with the choices in its address. */
export function ChoiceForm(props: { action: string; verb?: string; outline?: boolean; children: ComponentChildren }): JSX.Element {
  const { action, verb = 'Show what would be signed', outline, children } = props
  return (
    <form class="usa-form usa-form--tall" method="get" action={action}>
      {children}
      <Submit outline={outline}>{verb}</Submit>
    </form>
  )
}
