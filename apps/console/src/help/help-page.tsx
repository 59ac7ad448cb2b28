import type { PageContent } from '../layout/page.js'
import { Command, Section } from '../layout/parts.js'

const TASKS = [
  ['Propose a policy or sign one:', '/approvals', 'Approvals', 'hms-svc approve FILE --sign NAME'],
  ['Take a policy back: open it under', '/policies', 'Policies', 'hms-svc rollback ID@VERSION'],
  ['Answer a question that automation asks:', '/reviews', 'Reviews', 'hms-svc tickets list'],
  ['Hold everything back:', '/freezes', 'Freezes', 'hms-svc stop-the-line on --reason TEXT --sign NAME'],
  ['See which bots are behind:', '/bots', 'Fleet', 'hms-svc coverage ID'],
  ['See who did what, and check it:', '/audit', 'Audit', 'hms-svc audit log'],
] as const

/** Where a person finds help, in one place on every page. */
export async function helpPage(): Promise<PageContent> {
  return {
    title: 'Help',
    section: 'Help',
    summary: 'What you can do here, and where to ask.',
    still: true,
    body: (
      <>
        <Section id="do" title="What do you want to do?">
          <ul>
            {TASKS.map(([task, href, section, command]) => (
              <li key={href}>
                {task} <a href={href}>{section}</a>. From a terminal: <Command>{command}</Command>
              </li>
            ))}
          </ul>
        </Section>
        <Section id="sign" title="Signing with your key">
          <p>
            You need the encrypted key file that <Command>hms-svc keys create --name NAME</Command> made, and its passphrase. The page opens
            it and never sends it. The digest stands in groups of four: compare it with another signer by voice. After you sign, nothing is
            sent for ten seconds.
          </p>
          <p>
            If your browser cannot sign, or your key is elsewhere, sign with <Command>hms-svc sign FILE --sign NAME</Command> and paste what
            it prints. <a href="/docs/reference">All about it</a>
          </p>
        </Section>
        <Section id="words" title="What pages say when they show nothing">
          <dl class="facts">
            <dt>There is none</dt>
            <dd>It was asked, and there is nothing.</dd>
            <dt>Not allowed to see</dt>
            <dd>
              There may be something; the page was asked without a key that may see it. Ask who operates this installation: either the
              console has a key of its own to read with, or a login in front brings one (<a href="/docs/reference/pages">how</a>). From a
              terminal a key with the scope read is enough.
            </dd>
            <dt>Could not be loaded</dt>
            <dd>
              A service did not answer. It says nothing about whether there is any; <a href="/status">Status</a> shows which services are
              up.
            </dd>
            <dt>None match these filters</dt>
            <dd>There is something, and the filters of the page leave it out.</dd>
          </dl>
        </Section>
        <Section id="more" title="More">
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
          <p>
            Who operates this installation helps with keys, roles and the roster: ask there when a page says that you may not do something.
          </p>
        </Section>
      </>
    ),
  }
}
