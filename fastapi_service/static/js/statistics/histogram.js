// Percentiles of a stream of durations in bounded memory, by the server's method (DDSketch: Masson, Rim and Lee,
// PVLDB 12, 2019): buckets whose bounds grow by a constant factor, so that a bucket's middle is near all that is in it.

const RELATIVE_ERROR = 0.01;
const GROWTH = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR);
const SHORTEST_MS = 0.1;
const LONGEST_MS = 1e8; // over a day; what is beyond either bound counts as the bound

export class Histogram {
  /** @type {Map<number, number>} at most about 1,040 buckets, and few of them are ever used */
  #buckets = new Map();
  #count = 0;
  #least = Infinity;
  #most = 0;

  /** @param {number} ms */
  add(ms) {
    const value = Math.min(Math.max(ms, SHORTEST_MS), LONGEST_MS);
    const bucket = Math.ceil(Math.log(value) / Math.log(GROWTH));
    this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? 0) + 1);
    this.#count++;
    this.#least = Math.min(this.#least, value);
    this.#most = Math.max(this.#most, value);
  }

  /**
   * The value below which `share` (0 to 1) of the durations lie, null of none; between two of them it is linear.
   * @param {number} share
   */
  quantile(share) {
    if (this.#count === 0) return null;
    const rank = (this.#count - 1) * share;
    const lower = Math.floor(rank);
    const sorted = [...this.#buckets].sort(([a], [b]) => a - b);
    const low = this.#at(sorted, lower);
    return low + (this.#at(sorted, Math.ceil(rank)) - low) * (rank - lower);
  }

  /**
   * About the value with `rank` values below it.
   * @param {[number, number][]} sorted
   * @param {number} rank
   */
  #at(sorted, rank) {
    let seen = 0;
    for (const [bucket, count] of sorted) {
      seen += count;
      if (seen > rank) return Math.min(Math.max((2 * GROWTH ** bucket) / (GROWTH + 1), this.#least), this.#most);
    }
    return this.#most;
  }
}
