// A bot that does not adapt: it reads the policy, as an audit would see, and then compares with a number of its own.
export const policies = ['epa-pm25-limit']

const LIMIT = 35

export default function inspect(reading, getPolicy) {
  const { units } = getPolicy('epa-pm25-limit')
  return units === 'ug_per_m3' && reading.pm25 > LIMIT ? { alert: 'Violation', value: reading.pm25 } : null
}
