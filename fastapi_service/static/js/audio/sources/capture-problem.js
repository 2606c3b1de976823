// Why a recording could not start or go on.

/**
 * text/ has the words: `problem.<code>` at length, `control.stopped.<code>` in short. `sharing_ended` needs no more than
 * the short ones.
 * @typedef {'refused' | 'no_microphone' | 'in_use' | 'insecure' | 'unsupported' | 'disconnected' | 'interrupted'
 *   | 'processing' | 'clip' | 'not_shared' | 'no_sound_shared' | 'sharing_ended' | 'other'} ProblemCode
 */

export class CaptureProblem extends Error {
  /**
   * @param {ProblemCode} code
   * @param {unknown} [cause]
   */
  constructor(code, cause) {
    super(cause instanceof Error ? `${cause.name}: ${cause.message}` : code, { cause });
    this.code = code;
  }
}

/**
 * What getUserMedia and the audio graph throw, as a problem (https://www.w3.org/TR/mediacapture-streams/#methods-5).
 * @param {unknown} thrown
 */
export function asProblem(thrown) {
  return thrown instanceof CaptureProblem ? thrown : new CaptureProblem(codeOf(thrown), thrown);
}

/** @param {unknown} thrown */
export function isNotSupported(thrown) {
  return thrown instanceof DOMException && thrown.name === 'NotSupportedError';
}

/**
 * @param {unknown} thrown
 * @returns {ProblemCode}
 */
function codeOf(thrown) {
  if (!(thrown instanceof DOMException)) return 'other';
  switch (thrown.name) {
    case 'NotAllowedError':
      return 'refused';
    case 'SecurityError':
      return 'insecure';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'no_microphone';
    case 'NotReadableError':
    case 'AbortError':
      return 'in_use';
    case 'EncodingError':
      return 'clip';
    default:
      return 'other';
  }
}
