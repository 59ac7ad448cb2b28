/** What a partner of the demo found, and that it checked. */
export interface Receipt {
  partner: string
  /** `epa-pm25-limit@2.0.0` or a file's name. */
  what: string
  /** How it knew that it was genuine. */
  proof: string
}
