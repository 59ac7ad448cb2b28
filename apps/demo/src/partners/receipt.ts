/** Record of a message that a partner of the demo found and verified. */
export interface Receipt {
  partner: string
  /** `epa-pm25-limit@2.0.0` or a file's name. */
  what: string
  /** Method by which the partner verified the message. */
  proof: string
}
