import type { PolicyView } from '#libs/contracts'
import type { JSX } from 'preact'
import { PolicyLink, RunLink, Table, valueText } from '../layout/parts.js'
import { ruleOf, unitText } from './rule-of.js'

export function PolicyTable({ policies }: { policies: readonly PolicyView[] }): JSX.Element {
  return (
    <Table caption="Policies in force" head={['Policy', 'Rule', 'Signed by', 'Run']}>
      {policies.map(({ id, version, value, provenance }) => (
        <tr key={id}>
          <th scope="row">
            <PolicyLink id={id} version={version} />
          </th>
          <td>{ruleLine(value)}</td>
          <td>{provenance.approvedBy.join(', ')}</td>
          <td>
            <RunLink run={provenance.run} />
          </td>
        </tr>
      ))}
    </Table>
  )
}

/** `limit 35 µg/m³`. */
function ruleLine(value: PolicyView['value']): string {
  const rule = ruleOf(value).map(([key, each]) => `${key} ${valueText(each)}${typeof each === 'number' ? ` ${unitText(value)}` : ''}`)
  return rule.join(', ')
}
