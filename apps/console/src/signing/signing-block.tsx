import type { JSX } from 'preact'
import { Alert } from '../layout/absent.js'
import { Command } from '../layout/parts.js'
import { Field, LongTextField, TextField, Submit } from '../forms/fields.js'
import type { PlacedAct } from './act.js'
import type { TypedAgain } from './consequence-texts.js'

export interface SigningProps {
  act: PlacedAct
  /** Text of the button: `Sign`. */
  verb: string
  command: string
  /** Base64 of each statement, for people who sign elsewhere; empty if a signature cannot be pasted. */
  payloads: readonly string[]
  /** An approval takes a reason with the signature. */
  asksReason?: boolean
  /** Value that is typed again for a large change. */
  again?: TypedAgain | undefined
}

const AGAIN = 'It is a large change: the page signs only with it.'

/** Part of a page in which a person signs: with a key file that stays in the page, or by a signature made elsewhere. */
export function SigningBlock({ act, verb, command, payloads, asksReason = false, again }: SigningProps): JSX.Element {
  return (
    <section id="sign" aria-labelledby="sign-title" data-signing={JSON.stringify(act)}>
      <h2 id="sign-title">{verb}</h2>
      <div data-without-script>
        <Alert kind="info" title="Signing in this page takes JavaScript">
          <p>
            Without it, sign from a terminal: <Command>{command}</Command>
            {payloads.length === 0 ? '' : ', or paste a signature below.'}
          </p>
        </Alert>
      </div>
      <form class="usa-form usa-form--tall" data-key-form hidden>
        {asksReason ? (
          <LongTextField name="reason-signing" label="Reason" hint="The log keeps it with your name. Partners do not get it." />
        ) : null}
        <KeyFields />
        <div id="again" data-part>
          {again === undefined ? null : <TextField name="typed-again" label={`Type the new ${again.field} again`} hint={AGAIN} required />}
        </div>
        <Submit>{verb}</Submit>
      </form>
      <p class="usa-alert usa-alert--error" role="alert" tabIndex={-1} data-refused hidden />
      <div data-window hidden>
        <p>
          It is sent in <strong data-left role="timer" /> seconds. Until then you can take it back.
        </p>
        <p class="buttons">
          <button type="button" class="usa-button" data-send>
            Send now
          </button>{' '}
          <button type="button" class="usa-button usa-button--outline" data-cancel>
            Cancel
          </button>{' '}
          <button type="button" class="usa-button usa-button--outline" data-more>
            One more minute
          </button>
        </p>
      </div>
      <p role="status" tabIndex={-1} data-outcome />
      {act.done === undefined ? null : (
        <p>
          Another person may have been first: <a href={act.done}>how it stands now</a>
        </p>
      )}
      <p>
        The same from a terminal: <Command>{command}</Command>
      </p>
      {payloads.length === 0 ? null : <PasteForm act={act} payloads={payloads} />}
    </section>
  )
}

function KeyFields(): JSX.Element {
  return (
    <>
      <Field name="key-file" label="Your key file" hint="An encrypted .key.pem file. It is opened in this page and never sent.">
        <input class="usa-file-input" type="file" id="key-file" accept=".pem" aria-describedby="key-file-hint" data-key required />
      </Field>
      <Field name="key-passphrase" label="Its passphrase">
        <input class="usa-input" type="password" id="key-passphrase" autocomplete="current-password" data-passphrase required />
      </Field>
    </>
  )
}

/** Form for a signature by a key that stays elsewhere: in an agent, a token or another machine. Works without scripts. */
function PasteForm({ act, payloads }: { act: PlacedAct; payloads: readonly string[] }): JSX.Element {
  const files = payloads.map((_payload, index) => `statement${payloads.length === 1 ? '' : `-${index + 1}`}.json`)
  return (
    <details>
      <summary>Paste a signature instead</summary>
      <ol>
        <li>
          Save what is signed:{' '}
          {payloads.map((payload, index) => (
            <span key={files[index]}>
              <a href={`data:application/json;base64,${payload}`} download={files[index]}>
                {files[index]}
              </a>{' '}
            </span>
          ))}
        </li>
        <li>
          Sign {payloads.length === 1 ? 'it' : 'each'} where your key is:{' '}
          {files.map((file) => (
            <Command key={file}>{`hms-svc sign ${file} --sign NAME`}</Command>
          ))}
        </li>
        <li>Paste what it prints{payloads.length === 1 ? '' : ', one after the other'}.</li>
      </ol>
      <form class="usa-form usa-form--tall" method="post" action="/signatures">
        <input type="hidden" name="path" value={act.path} />
        <input type="hidden" name="body" value={JSON.stringify(act.body)} />
        {act.done === undefined ? null : <input type="hidden" name="done" value={act.done} />}
        <LongTextField name="envelopes" label="Signature" rows={5} maxLength={2_000_000} required />
        <Submit outline>Send the signature</Submit>
      </form>
    </details>
  )
}
