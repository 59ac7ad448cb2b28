/** Longest id of a policy, partner, freeze, scenario, bot or schema. */
export const MAX_ID = 100
/** Longest key of a policy, which is a field of its flags. */
export const MAX_POLICY_KEY = 256
/** Longest recipient address of a mail (RFC 5321 §4.5.3.1.3, without the angle brackets). */
export const MAX_EMAIL_ADDRESS = 254

/** `ID.FIELD` of an OFREP flag. */
const MAX_FLAG = MAX_ID + '.'.length + MAX_POLICY_KEY
/** `CAUSE.POLICY.PARTNER.CHANNEL` of a delivery. A cause names a run, a head or a ticket; a channel is its kind with a number. */
const MAX_CAUSE = 64
const MAX_CHANNEL_NAME = 32
const MAX_DELIVERY_ID = [MAX_CAUSE, MAX_ID, MAX_ID, MAX_CHANNEL_NAME].reduce((sum, length) => sum + '.'.length + length)
/** `sealed.v1.KEY.BASE64URL` of an unsubscribe link: nonce, tag and `["PARTNER","ADDRESS"]`. */
const SEALED_PREFIX = 'sealed.v1.0123456789abcdef.'
const NONCE_AND_TAG_BYTES = 28
const MAX_ADDRESSEE_BYTES = MAX_ID + MAX_EMAIL_ADDRESS + '["",""]'.length
export const MAX_UNSUBSCRIBE_TOKEN = SEALED_PREFIX.length + Math.ceil(((NONCE_AND_TAG_BYTES + MAX_ADDRESSEE_BYTES) * 4) / 3)

/** Longest path parameter, in decoded characters: the longest id in a link or list of an installation. */
export const MAX_PATH_PARAMETER = Math.max(MAX_FLAG, MAX_DELIVERY_ID, MAX_UNSUBSCRIBE_TOKEN)
