import { HmsError } from '#libs/contracts'
import { fastPathSafe, isForeignHost } from '#libs/platform'
import type { FastifyInstance } from 'fastify'
import type { JSX } from 'preact'
import { takeForms } from '../forms/take-forms.js'
import { Commands, Part } from '../layout/parts.js'

const TEXTS: Record<string, { button: string; about: string }> = {
  sign: { button: 'Sign the new limit', about: 'The limit falls from 35 to 25. A signature of EPA Chief starts the run.' },
  canary: { button: 'Watch the ten', about: 'Ten bots of the National Capital Region get it first.' },
  wave: { button: 'Watch the wave', about: 'If the ten stay quiet, the other bots follow: each dot turns.' },
  complain: {
    button: 'Make two bots complain',
    about: 'Two alerts that no limit explains end the run: every bot returns to 35 by itself.',
  },
  decide: { button: 'Decide the ticket', about: 'After an automatic rollback, a ticket asks a person what follows.' },
  back: { button: 'Take it back', about: 'EPA Chief returns every bot to 1.5.0, in less than ten seconds.' },
  proof: { button: 'Check the proof', about: 'The log of all events is computed again and compared with what its witness signed.' },
}

/** Step of the demo: something that a person would do, and the command that does it. */
interface WalkthroughStep {
  name: string
  commands: readonly string[]
  /** Page to look at instead of something to do. */
  href?: string
  /** Why the button is disabled. */
  why?: string
  /** Output of the commands when the button was pressed last. */
  output?: string
}

/** The demo in its own process, which has the keys. Absent everywhere else. Its steps are untyped `WalkthroughStep`s. */
export interface Walkthrough {
  steps(): Promise<readonly unknown[]>
  /** Does a step; nothing if the step does not fit the present state. */
  press(name: string): Promise<void>
}

const LOOPBACK = /^(?:::1|(?:::ffff:)?127(?:\.\d{1,3}){3})$/

/** `POST /walkthrough/:step`: presses a button of the demo, from this machine and console only. Throws outside dev: it signs as people. */
export function addWalkthrough(server: FastifyInstance, walkthrough: Walkthrough, environment: string | undefined): void {
  if (environment !== 'dev') throw new Error('The walkthrough of the demo exists in profile dev only.') // guard: walkthrough-dev-only
  takeForms(server, (scope) => {
    fastPathSafe(scope).addHook('onRequest', (request, _reply, done) => {
      const isLocal = LOOPBACK.test(request.socket.remoteAddress ?? '') && !isForeignHost(request.headers.host)
      done(isLocal ? undefined : notLocal()) // guard: walkthrough-local-only
    })
    scope.post('/walkthrough/:step', { config: { page: true } }, async (request, reply) => {
      await walkthrough.press((request.params as { step: string }).step)
      return reply.redirect('/', 303)
    })
  })
}

function notLocal(): HmsError {
  return new HmsError('HMS_HTTP_FOREIGN', 'The buttons of the demo work on its own machine only.', { status: 403 })
}

/** The steps of the demo in order. Plain forms, so that they work without scripts. */
export function WalkthroughPart({ steps }: { steps: readonly unknown[] }): JSX.Element {
  return (
    <Part id="walkthrough" title="The demo, step by step">
      <ol class="walkthrough">
        {(steps as readonly WalkthroughStep[]).map(({ name, commands, href, why, output }) => (
          <li key={name}>
            <form method={href === undefined ? 'post' : 'get'} action={href ?? `/walkthrough/${name}`}>
              <button class="usa-button" type="submit" disabled={why !== undefined} aria-describedby={`walkthrough-${name}`}>
                {TEXTS[name]?.button ?? name}
              </button>
            </form>
            <p id={`walkthrough-${name}`}>
              {TEXTS[name]?.about} {why === undefined ? null : <span class="quiet">{why}</span>}
            </p>
            <Commands commands={commands} />
            {output === undefined ? null : <pre>{output}</pre>}
          </li>
        ))}
      </ol>
    </Part>
  )
}
