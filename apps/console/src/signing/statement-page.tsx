import { toBase64 } from '#libs/contracts'
import type { PageContent, PageRequest } from '../layout/page.js'
import type { Answer } from '../reading/answer.js'
import { Alert } from '../layout/absent.js'
import type { PlacedAct } from './act.js'
import { readPeople, type People } from './people.js'
import { SigningBlock } from './signing-block.js'
import { Statement } from './statement-view.js'
import { Part } from '../layout/parts.js'

type Heading = Pick<PageContent, 'title' | 'section' | 'trail' | 'state' | 'beside'>

export interface StatementPage extends Heading {
  /** Effect of signing, in a sentence. */
  summary: string
  /** The bytes that a person signs, made for this page. */
  statement: { payload: Uint8Array; digest: string }
  act: Pick<PlacedAct, 'path' | 'done'> & Partial<Pick<PlacedAct, 'body' | 'mayNot'>>
  verb: string
  command: string
  /** People of the roster, if the caller has read them already for the statement. */
  people?: Answer<People>
}

/** Page on which a person signs one statement: what it says and does, then the key. All choices are in the page's address. */
export async function statementPage({ read }: PageRequest, page: StatementPage): Promise<PageContent> {
  const { statement, act, verb, command, people: known, ...heading } = page
  const people = known ?? (await readPeople(read))
  const payload = toBase64(statement.payload)
  return {
    ...heading,
    still: true,
    script: 'sign',
    body: (
      <div class="columns">
        <Part still id="signed" title="What is signed">
          <p>It counts for ten minutes from now. Load the page again for a later one.</p>
          <Statement payload={payload} digest={statement.digest} />
        </Part>
        {people.kind === 'loaded' ? (
          <SigningBlock
            verb={verb}
            command={command}
            payloads={[payload]}
            act={{ kind: 'statement', body: {}, mayNot: {}, people: people.value.names, ...act }}
          />
        ) : (
          <p>Signing needs the people of the roster, which cannot be shown now. Load the page again.</p>
        )}
      </div>
    ),
  }
}

/** Page for choices that are incomplete or invalid: says what is wrong, and links to the page where to choose again. */
export function wrongChoice({ detail, back, ...heading }: Heading & { detail: string; back: string }): PageContent {
  return {
    ...heading,
    summary: detail,
    still: true,
    body: (
      <Alert kind="error" title="Nothing to sign here">
        <p>
          {detail} <a href={back}>Go back</a>
        </p>
      </Alert>
    ),
  }
}
