// Loudness as the page shows it: in decibels below full scale, which is how the ear takes it.

const FLOOR_DB = -60;

/** @param {number} meanSquare full scale is 1 */
export function decibels(meanSquare) {
  return 10 * Math.log10(Math.max(meanSquare, 1e-12));
}

/** @param {number} db */
export function meanSquareOf(db) {
  return 10 ** (db / 10);
}

/**
 * Where a level stands between what counts as nothing and full scale, 0 to 1.
 * @param {number} meanSquare full scale is 1
 * @param {number} [topDb] what counts as full
 */
export function levelShare(meanSquare, topDb = 0) {
  return Math.max(0, Math.min(1, (decibels(meanSquare) - FLOOR_DB) / (topDb - FLOOR_DB)));
}
