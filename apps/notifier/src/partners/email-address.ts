import { MAX_EMAIL_ADDRESS } from '#libs/contracts'

/** Local part without quotes (RFC 5321 §4.1.2), and a domain of at least two labels. */
const ADDRESS = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$/i
const MAX_LOCAL_PART = 64

/** Whether a text is one plain ASCII address, without a name, list, comment, quote or line end. */
export function isEmailAddress(text: string): boolean {
  return text.length <= MAX_EMAIL_ADDRESS && text.indexOf('@') <= MAX_LOCAL_PART && ADDRESS.test(text)
}
