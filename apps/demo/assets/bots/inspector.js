// A bot that adapts: it asks for the limit at every reading.
export const policies = ['epa-pm25-limit']

export default function inspect(reading, getPolicy) {
  return reading.pm25 > getPolicy('epa-pm25-limit').limit ? { alert: 'Violation', value: reading.pm25 } : null
}
