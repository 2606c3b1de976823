// The files of this page: a bounded list of which one at a time is worked on.

import { FileJob } from './job.js';

export const MAX_FILES = 20; // in all, those that are done included: each keeps its whole transcript

export class FileQueue {
  /** @type {FileJob[]} in the order in which they came */ jobs = [];
  /** @type {import('./job.js').JobTools} */ #tools;
  #starting = false;

  /** @param {import('./job.js').JobTools} tools `changed` is told after the next file has begun where one ended */
  constructor(tools) {
    this.#tools = {
      ...tools,
      changed: (job) => {
        this.#next();
        tools.changed(job);
      },
    };
  }

  /** The one that is worked on. */
  get active() {
    return this.jobs.find((job) => job.active);
  }

  /**
   * Take as many as there is room for.
   * @param {readonly File[]} files
   * @returns {FileJob[]} those taken, from the first on
   */
  add(files) {
    const taken = files.slice(0, Math.max(0, MAX_FILES - this.jobs.length)).map((file) => new FileJob(file, this.#tools));
    this.jobs.push(...taken);
    this.#next();
    return taken;
  }

  /** @param {FileJob} job */
  retry(job) {
    if (job.state.name === 'retrying') job.start();
    else if (job.ended && job.state.name !== 'done') job.queueAgain();
  }

  /** @param {FileJob} job */
  remove(job) {
    this.jobs.splice(this.jobs.indexOf(job), 1);
    job.discard();
    this.#next();
  }

  #next() {
    if (this.#starting || this.active !== undefined) return;
    this.#starting = true; // starting one tells of a change, too
    this.jobs.find(({ state }) => state.name === 'queued')?.start();
    this.#starting = false;
  }
}
