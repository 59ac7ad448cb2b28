import { parse } from 'yaml'

/** Whose host an overlay replaces: a link in a notification is opened outside the console, where a path alone leads nowhere. */
const PUBLIC_URL = 'https://policies.example.gov'

interface Rule {
  annotations: Record<string, string>
}

/** The rules of `alerts.yml` as the Prometheus operator takes them, with whole addresses of their pages. */
export function prometheusRule(alerts: string): object {
  const { groups } = parse(alerts) as { groups: { rules: Rule[] }[] }
  for (const { annotations } of groups.flatMap(({ rules }) => rules)) annotations['runbook_url'] = PUBLIC_URL + annotations['runbook_url']!
  return { apiVersion: 'monitoring.coreos.com/v1', kind: 'PrometheusRule', metadata: { name: 'hms-svc' }, spec: { groups } }
}
