import type { PolicyView } from '#libs/contracts'
import type { PageContent, PageRequest } from '../layout/page.js'
import { Command, Part } from '../layout/parts.js'
import { AIR, OZONE, Pane, WATER } from './pane.js'
import { FRAME_PATH } from './pane-frame.js'

/** Example of a host of panes: one connection, three panes, one of them in a frame. */
export async function panesPage({ read }: PageRequest): Promise<PageContent> {
  const [air, ozone] = await Promise.all([AIR, OZONE].map(({ policy }) => read<PolicyView>(`/v1/policies/${policy}`)))
  return {
    title: 'Panes',
    section: 'Panes',
    summary: 'Three panes over one verified connection; a change draws only the pane that shows its rule.',
    script: 'panes',
    body: (
      <>
        <p>
          Readings are examples, limits are those in force. <span data-bridge role="status" />
        </p>
        <div class="panes">
          <Pane sample={AIR} answer={air!} mark="data-pane" />
          <Pane sample={OZONE} answer={ozone!} mark="data-pane" />
          <iframe class="pane-frame" src={FRAME_PATH} title={`${WATER.title}, a pane in a frame`} data-pane-frame={WATER.policy} />
        </div>
        <Part still id="try" title="Try it">
          <p>
            Air quality turns red sooner when the limit falls from 35 to 25:{' '}
            <Command>hms-svc approve apps/demo/assets/policies/pm25.yaml --sign "EPA Chief"</Command>, and back:{' '}
            <Command>hms-svc rollback epa-pm25-limit@1.5.0 --reason drill</Command>.
          </p>
        </Part>
      </>
    ),
  }
}
