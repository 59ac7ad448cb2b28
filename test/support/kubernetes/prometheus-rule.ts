import { parse } from 'yaml'

/** The rules of `alerts.yml` as the Prometheus operator takes them. */
export function prometheusRule(alerts: string): object {
  const { groups } = parse(alerts) as { groups: object[] }
  return { apiVersion: 'monitoring.coreos.com/v1', kind: 'PrometheusRule', metadata: { name: 'hms-svc' }, spec: { groups } }
}
