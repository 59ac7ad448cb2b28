import { Transform } from 'class-transformer'

/** Of a member that comes as text, from a query or the environment: digits become a number, and anything else stays for the next check to refuse. */
export const toNumber = Transform(({ value }: { value: unknown }) => (typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value))
