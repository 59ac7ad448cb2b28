// Runs in the page: opens a key file, compares the shown texts with the bytes, signs, waits, and sends to the same origin's API.
import { fromBase64, type Envelope } from '#libs/contracts'
import { signEnvelope } from '#libs/signing'
import type { PlacedAct } from '../act.js'
import { CancelWindow, type WindowClock } from './cancel-window.js'
import { checkConsequence, checkTyped, type ShownConsequence } from './check-consequence.js'
import { checkConsent, checkShown, type Shown } from './check-shown.js'
import { MAX_KEY_FILE_BYTES, openKey, type OpenKey } from './open-key.js'
import { KeyRefused, REFUSALS } from './key-refused.js'
import { post, type Posted } from './post.js'
import { rollBackNow } from './roll-back.js'

const block = document.querySelector<HTMLElement>('[data-signing]')
const clock: WindowClock = {
  now: () => performance.now(),
  after(ms, task) {
    const timer = setTimeout(task, ms)
    return () => clearTimeout(timer)
  },
}

function part<T extends HTMLElement = HTMLElement>(name: string): T {
  return block!.querySelector<T>(`[data-${name}]`)!
}

/** Reads the releases from the page as it is now: an extension or a script may have changed what the server sent. */
function shownReleases(): Shown[] {
  return [...document.querySelectorAll<HTMLElement>('[data-statement]')].map((element) => ({
    digest: element.querySelector('[data-digest]')?.textContent ?? '',
    bytes: element.dataset['statement'] ?? '',
    lines: rows(element, 'data-said').map(([field, value]) => ({ field: field!, value: value! })),
    live: element.dataset['live'],
    why: element.dataset['why'],
  }))
}

function shownConsequences(): ShownConsequence[] {
  const parts = [...document.querySelectorAll<HTMLElement>('[data-trial]')]
  return parts.map((part) => ({ trial: '', ...part.dataset, texts: textsOf(part, 'data-consequence') }))
}

function textsOf(within: ParentNode, mark: string): string[] {
  return [...within.querySelectorAll(`[${mark}]`)].map(({ textContent }) => textContent)
}

function rows(element: HTMLElement, mark: string): string[][] {
  return [...element.querySelectorAll(`[${mark}]`)].map((row) =>
    [...row.querySelectorAll('[data-cell]')].map((cell) => cell.textContent ?? ''),
  )
}

function say(text: string): void {
  part('outcome').textContent = text
}

function refuse(text: string): void {
  const refused = part('refused')
  refused.textContent = text
  refused.hidden = false
  refused.focus()
}

function fail(error: unknown): void {
  say('')
  refuse((error as Error).message)
}

async function keyOf(): Promise<OpenKey> {
  const file = part<HTMLInputElement>('key').files?.[0]
  if (file === undefined) throw new KeyRefused(REFUSALS.notAKey)
  if (file.size > MAX_KEY_FILE_BYTES) throw new KeyRefused(REFUSALS.tooLarge)
  const passphrase = part<HTMLInputElement>('passphrase')
  const key = await openKey(await file.text(), passphrase.value)
  passphrase.value = ''
  return key
}

/** Returns the name of the key's holder. Throws `KeyRefused` if the holder is unknown, or may not sign this. */
function holderOf({ keyid }: OpenKey, { people, mayNot }: PlacedAct): string {
  const name = Object.hasOwn(people, keyid) ? people[keyid]! : undefined
  if (name === undefined) throw new KeyRefused(`The roster names no one with the key ${keyid}. Nothing was signed.`)
  if (Object.hasOwn(mayNot, name)) throw new KeyRefused(`${name} cannot sign this: ${mayNot[name]}. Nothing was signed.`)
  return name
}

async function sign(act: PlacedAct): Promise<void> {
  const shown = shownReleases()
  for (const each of shown) await checkShown(each, act.kind)
  if (act.kind === 'approval') {
    const consent = await checkConsent(shown, textsOf(document, 'data-consent'))
    // A release that brings an earlier version back has no trial, so the page shows no consequence.
    const isLarge = !consent.isRollback && checkConsequence(shown, shownConsequences())
    checkTyped(isLarge, consent, document.querySelector<HTMLInputElement>('#typed-again')?.value.trim())
  }
  say('Opening the key; this takes a second.')
  const key = await keyOf()
  const name = holderOf(key, act)
  if (act.kind === 'rollback') return rollBackNow({ act, key, name, say, outcome: part('outcome') })
  const signed = await Promise.all(shown.map(({ bytes }) => signEnvelope(fromBase64(bytes), [key])))
  offerToCancel(name, () => void send(act, signed, shown).catch(fail))
}

function offerToCancel(name: string, over: () => void): void {
  const offered = part('window')
  const form = part<HTMLFormElement>('key-form')
  form.hidden = true
  offered.hidden = false
  say(`Signed as ${name}. Nothing was sent yet.`)
  const buttons = new AbortController()
  const close = (): void => {
    buttons.abort()
    offered.hidden = true
  }
  const open = new CancelWindow(clock, {
    left: (seconds) => (part('left').textContent = String(seconds)),
    over: () => {
      close()
      over()
    },
  })
  const onClick = (button: string, act: () => void): void => part(button).addEventListener('click', act, { signal: buttons.signal })
  onClick('send', () => open.sendNow())
  onClick('more', () => open.more())
  onClick('cancel', () => {
    open.cancel()
    close()
    form.hidden = false
    say('Cancelled. Nothing was sent, and the signature was thrown away.')
    part('passphrase').focus()
  })
  // The focus is on Cancel, so that a second Return after the passphrase cancels and does not send.
  part('cancel').focus()
}

async function send(act: PlacedAct, signed: Envelope[], shown: Shown[]): Promise<void> {
  say('Sending…')
  const posted = await post(act.path, JSON.stringify(bodyOf(act, signed, shown)))
  if (posted.ok) return arrive(act, posted)
  part<HTMLFormElement>('key-form').hidden = false
  say('')
  refuse(`${posted.refusal.detail} [${posted.refusal.code}]`)
}

function bodyOf(act: PlacedAct, signed: Envelope[], shown: Shown[]): object {
  if (act.kind === 'statement') return { ...act.body, statement: signed[0] }
  const reason = block!.querySelector('textarea')!.value.trim()
  const signatures = signed.map(({ signatures: [made] }, index) => ({ release: shown[index]!.digest.replaceAll(/\s/g, ''), ...made! }))
  return { ...act.body, signatures, ...(reason === '' ? {} : { reason }) }
}

function arrive({ done }: PlacedAct, { value }: Posted & { ok: true }): void {
  const { run } = value as { run?: unknown }
  location.assign(done ?? (typeof run === 'number' ? `/runs/${run}` : location.pathname))
}

if (block !== null) {
  const act = JSON.parse(block.dataset['signing']!) as PlacedAct
  const form = part<HTMLFormElement>('key-form')
  form.hidden = false
  part('without-script').hidden = true
  let busy = false
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    if (busy) return
    busy = true
    part('refused').hidden = true
    sign(act)
      .catch(fail)
      .finally(() => (busy = false))
  })
}
