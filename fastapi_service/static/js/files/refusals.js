// What a refusal means for a file: that it has failed, or when to try again.

/**
 * `busy` and `lost` are retried automatically; the others are final.
 * @typedef {'busy' | 'lost'} Retried
 * @typedef {'not_allowed' | 'no_route' | 'too_large' | 'too_long' | 'not_media' | 'cancelled' | 'unreadable' | 'empty' |
 *   'server' | 'refused' | 'lost'} FailureCode
 */

const BY_CODE = /** @type {Readonly<Record<string, Retried | FailureCode>>} */ (
  Object.freeze({
    not_allowed: 'not_allowed',
    too_large: 'too_large',
    too_long: 'too_long',
    not_decodable: 'not_media',
    empty_file: 'empty',
    cancelled: 'cancelled',
    uploads_full: 'busy',
    unavailable: 'busy',
    too_many_attempts: 'busy',
    file_lost: 'lost',
    too_slow: 'lost',
    gave_up: 'server',
  })
);

const BY_STATUS = /** @type {Readonly<Record<number, Retried | FailureCode>>} */ (
  Object.freeze({
    0: 'lost',
    200: 'lost', // a stream that ended without its last event
    401: 'not_allowed',
    404: 'no_route',
    405: 'no_route',
    408: 'lost',
    409: 'cancelled',
    413: 'too_large',
    415: 'not_media',
    429: 'busy',
    502: 'busy', // a proxy whose gateway is just not there
    503: 'busy',
    504: 'busy',
  })
);

/**
 * @param {number} status of the answer; 0 for none, NaN for an error inside a stream
 * @param {string} code the server's own
 * @returns {Retried | FailureCode}
 */
export function meaningOf(status, code) {
  if (Object.hasOwn(BY_CODE, code)) return BY_CODE[code];
  if (Object.hasOwn(BY_STATUS, status)) return BY_STATUS[status];
  return Number.isNaN(status) || status >= 500 ? 'server' : 'refused';
}
