import type { PageContent } from '../layout/page.js'
import { Command, Part } from '../layout/parts.js'

const TASKS = [
  ['Propose a policy or sign one:', '/approvals', 'Approvals', 'hms-svc approve FILE --sign NAME'],
  ['Take a policy back: open it under', '/policies', 'Policies', 'hms-svc rollback ID@VERSION'],
  ['Answer a question that automation asks:', '/reviews', 'Reviews', 'hms-svc tickets list'],
  ['Hold everything back:', '/freezes', 'Freezes', 'hms-svc stop-the-line on --reason TEXT --sign NAME'],
  ['See which bots are behind:', '/fleet', 'Fleet', 'hms-svc coverage ID'],
  ['See who did what, and check it:', '/audit', 'Audit', 'hms-svc audit log'],
] as const

/** Renders the help page, which every page links to in the same place. */
export async function helpPage(): Promise<PageContent> {
  return {
    title: 'Help',
    section: 'Help',
    summary: 'What you can do here, and where to ask.',
    still: true,
    body: (
      <>
        <Part still id="do" title="What do you want to do?">
          <ul>
            {TASKS.map(([task, href, section, command]) => (
              <li key={href}>
                {task} <a href={href}>{section}</a>. From a terminal: <Command>{command}</Command>
              </li>
            ))}
          </ul>
        </Part>
        <Part still id="sign" title="Signing with your key">
          <p>
            You need the encrypted key file that <Command>hms-svc keys create --name NAME</Command> made, and its passphrase. The key is
            opened in your browser and never sent. Pages show digests in groups of four characters: compare them with another signer by
            voice. For ten seconds after you sign you can cancel; then the signature is sent.
          </p>
          <p>
            If your browser cannot sign, or your key is elsewhere, sign with <Command>hms-svc sign FILE --sign NAME</Command> and paste what
            it prints. <a href="/docs/reference">All about it</a>
          </p>
        </Part>
        <Part still id="words" title="What pages say when they show nothing">
          <dl class="facts">
            <dt>There is none</dt>
            <dd>The service answered that nothing exists.</dd>
            <dt>Not allowed to see</dt>
            <dd>
              There may be something; the page was requested without a key that may read it. Ask the operator of this installation: the
              console needs a key of its own to read with, or a login proxy that adds one (<a href="/docs/reference/pages">how</a>). From a
              terminal a key with the scope read is enough.
            </dd>
            <dt>Could not be loaded</dt>
            <dd>
              A service did not respond, so it is not known whether anything exists; <a href="/status">Status</a> shows which services are
              up.
            </dd>
            <dt>None match these filters</dt>
            <dd>There is something, and the filters of the page leave it out.</dd>
          </dl>
        </Part>
        <Part still id="more" title="More">
          <ul>
            <li>
              <a href="/docs">Documentation</a>, with tutorials for officials, bot authors, operators, partners and auditors
            </li>
            <li>
              <a href="/docs/errors">Every error code</a>, with what to do about it
            </li>
            <li>
              <a href="/accessibility">Accessibility</a>, and <a href="/status">the state of the services</a>
            </li>
          </ul>
          <p>The operator of this installation helps with keys, roles and the roster; ask them when a page does not allow you something.</p>
        </Part>
      </>
    ),
  }
}
