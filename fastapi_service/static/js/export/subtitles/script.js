// What subtitles must know of characters. fastapi_service/subtitles/script.py is the same.

// East Asian Width W and F (Unicode Standard Annex 11).
const WIDE = new RegExp(
  '[\\u1100-\\u115f\\u231a\\u231b\\u2329\\u232a\\u23e9-\\u23ec\\u23f0\\u23f3\\u25fd\\u25fe\\u2614\\u2615\\u2648-\\u2653\\u267f\\u2693' +
    '\\u26a1\\u26aa\\u26ab\\u26bd\\u26be\\u26c4\\u26c5\\u26ce\\u26d4\\u26ea\\u26f2\\u26f3\\u26f5\\u26fa\\u26fd\\u2705\\u270a\\u270b' +
    '\\u2728\\u274c\\u274e\\u2753-\\u2755\\u2757\\u2795-\\u2797\\u27b0\\u27bf\\u2b1b\\u2b1c\\u2b50\\u2b55\\u2e80-\\u303e' +
    '\\u3041-\\u3247\\u3250-\\u4dbf\\u4e00-\\ua4cf\\ua960-\\ua97f\\uac00-\\ud7a3\\uf900-\\ufaff\\ufe10-\\ufe19\\ufe30-\\ufe6f' +
    '\\uff01-\\uff60\\uffe0-\\uffe6\\u{16fe0}-\\u{18d08}\\u{1aff0}-\\u{1b2fb}\\u{1f004}\\u{1f0cf}\\u{1f18e}' +
    '\\u{1f191}-\\u{1f19a}\\u{1f200}-\\u{1f320}\\u{1f32d}-\\u{1f335}\\u{1f337}-\\u{1f37c}\\u{1f37e}-\\u{1f393}' +
    '\\u{1f3a0}-\\u{1f3ca}\\u{1f3cf}-\\u{1f3d3}\\u{1f3e0}-\\u{1f3f0}\\u{1f3f4}\\u{1f3f8}-\\u{1f43e}\\u{1f440}' +
    '\\u{1f442}-\\u{1f4fc}\\u{1f4ff}-\\u{1f53d}\\u{1f54b}-\\u{1f54e}\\u{1f550}-\\u{1f567}\\u{1f57a}\\u{1f595}' +
    '\\u{1f596}\\u{1f5a4}\\u{1f5fb}-\\u{1f64f}\\u{1f680}-\\u{1f6c5}\\u{1f6cc}\\u{1f6d0}-\\u{1f6d2}' +
    '\\u{1f6d5}-\\u{1f6df}\\u{1f6eb}\\u{1f6ec}\\u{1f6f4}-\\u{1f6fc}\\u{1f7e0}-\\u{1f7f0}\\u{1f90c}-\\u{1f93a}' +
    '\\u{1f93c}-\\u{1f945}\\u{1f947}-\\u{1f9ff}\\u{1fa70}-\\u{1faff}\\u{20000}-\\u{3fffd}]',
  'u',
);
const HANGUL = /[\u1100-\u11ff\u3131-\u318e\ua960-\ua97f\uac00-\ud7ff\uffa0-\uffdc]/u;
export const HIRAGANA = /[\u3041-\u3096\u309d\u309e]/u;
export const KATAKANA = /[\u30a1-\u30ff\u31f0-\u31ff\uff66-\uff9d]/u;
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
const LANGUAGES_RIGHT_TO_LEFT = new Set(['ar', 'fa', 'he', 'iw', 'ps', 'sd', 'ug', 'ur', 'yi']);

// Beside what Unicode calls closing and opening. The last of each are vowels and marks of Thai and Lao.
const NO_START = new Set(
  ',.!?:;%\u2026\u2025\u3001\u3002\uff0c\uff0e\u30fb\uff1a\uff1b\uff1f\uff01\uff05\u309b\u309c\u30fd\u30fe\u309d' +
    '\u309e\u3005\u303b\u30fc\uff5e\u301c\u3041\u3043\u3045\u3047\u3049\u3063\u3083\u3085\u3087\u308e\u3095\u3096' +
    '\u30a1\u30a3\u30a5\u30a7\u30a9\u30c3\u30e3\u30e5\u30e7\u30ee\u30f5\u30f6\uff61\uff64\uff65\uff70\uff9e\uff9f' +
    '\uff67\uff68\uff69\uff6a\uff6b\uff6c\uff6d\uff6e\uff6f\u060c\u061b\u061f\u06d4\u0964\u0965' +
    '\u{1f3fb}\u{1f3fc}\u{1f3fd}\u{1f3fe}\u{1f3ff}\u0e30\u0e32\u0e33\u0e45\u0e46\u0e2f\u0eb0\u0eb2\u0eb3\u0ec6',
);
const NO_END = new Set('\u00a1\u00bf\uffe5\uff04\uffe1\uff03\u0e40\u0e41\u0e42\u0e43\u0e44\u0ec0\u0ec1\u0ec2\u0ec3\u0ec4');
export const SENTENCE_ENDS = new Set('.!?\u3002\uff0e\uff01\uff1f\uff61\u2026\u061f\u06d4\u0964\u0965\u055e');
export const CLAUSE_ENDS = new Set(',;:\u3001\uff0c\uff1b\uff1a\uff64\u060c\u061b\u2013\u2014');
export const JOINER = '\u200d';

/** The text without what ends a line, double spaces, spaces around, and controls of direction. @param {string} text */
export function plainLine(text) {
  const plain = text.replace(/[\u202a-\u202e\u2066-\u2069]/g, ''); // the writer sets its own
  return plain.replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ').trim();
}

/** In half widths: 2 for a wide character, 0 for a mark on the one before. @param {string} char */
export function width(char) {
  if (char >= ' ' && char <= '~') return 1;
  if (/[\p{Mn}\p{Me}\p{Cf}]/u.test(char)) return 0;
  return WIDE.test(char) ? 2 : 1;
}

/** Whether a line may end before and after it: wide, and not of Korean, which has spaces. @param {string} char */
export function unspaced(char) {
  return width(char) === 2 && !HANGUL.test(char);
}

/** Whether a line may begin with it. @param {string} char */
export function mayStart(char) {
  return !NO_START.has(char) && !/[\p{Pe}\p{Pf}\p{Mn}\p{Mc}\p{Me}\p{Cf}]/u.test(char);
}

/** Whether a line may end with it. @param {string} char */
export function mayEnd(char) {
  return !NO_END.has(char) && !/[\p{Ps}\p{Pi}]/u.test(char);
}

/** Whether it may follow the mark that ends a sentence. @param {string} char */
export function closes(char) {
  return /["'\p{Pe}\p{Pf}]/u.test(char);
}

/**
 * Whether it is of a language that is written so (or begins so), and not all Latin.
 * @param {string} text
 * @param {string} language
 */
export function readsRightToLeft(text, language) {
  const letters = text.match(/\p{L}/gu) ?? [];
  const said = LANGUAGES_RIGHT_TO_LEFT.has(language) ? letters : letters.slice(0, 1);
  return said.some((letter) => RIGHT_TO_LEFT.test(letter));
}
