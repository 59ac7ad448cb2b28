import type { Json, JsonObject, PolicyView } from '#libs/contracts'
import { displayUnits, POLICY_KNOWN_KEYS } from '#libs/policy'
import type { JSX } from 'preact'
import { None } from '../layout/absent.js'
import { Command, PolicyLink, RunLink, Table, valueText } from '../layout/parts.js'

/** Table of the policies in force with their rules; an empty list means that no policy is in force. */
export function PolicyTable({ policies }: { policies: readonly PolicyView[] }): JSX.Element {
  if (policies.length === 0)
    return (
      <None>
        No policy is in force yet. A person approves one: <Command>hms-svc approve FILE --sign NAME</Command>
      </None>
    )
  return (
    <Table
      caption="Policies in force"
      head={['Policy', 'Rule', 'Signed by', 'Run']}
      rows={policies.map(({ id, version, value, provenance }) => [
        <PolicyLink id={id} version={version} />,
        ruleSummary(value),
        provenance.approvedBy.join(', '),
        <RunLink run={provenance.run} />,
      ])}
    />
  )
}

/** Returns each member of a policy's rule as text: `limit 35 µg/m³`. */
export function ruleTexts(policy: JsonObject): string[] {
  return ruleOf(policy).map(([key, value]) =>
    `${key} ${valueText(value)}${typeof value === 'number' ? ` ${unitText(policy)}` : ''}`.trimEnd(),
  )
}

const [MAX_MEMBERS, MAX_TEXT] = [4, 100]

/** Returns the first members of a policy's rule, cut to a length that a line of a table takes, and how many more there are. */
export function ruleSummary(policy: JsonObject): string {
  const texts = ruleTexts(policy)
  const first = texts.slice(0, MAX_MEMBERS).map((text) => (text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text))
  return [...first, ...(texts.length > MAX_MEMBERS ? [`and ${texts.length - MAX_MEMBERS} more`] : [])].join(', ')
}

/** Returns the members of a policy's rule: all members except the known ones, which describe the policy. */
export function ruleOf(policy: JsonObject): [key: string, value: Json][] {
  const known: readonly string[] = POLICY_KNOWN_KEYS
  return Object.entries(policy).flatMap(([key, value]) => (value === undefined || known.includes(key) ? [] : [[key, value]]))
}

/** Returns a policy's unit as people write it, `µg/m³` for `ug_per_m3`; empty if the policy names no unit. */
export function unitText({ units }: JsonObject): string {
  return typeof units === 'string' ? displayUnits(units) : ''
}
