// Opens the microphone for its level alone: nothing is sent. During a recording, its level is used instead.

import { Capture } from '../audio/capture.js';
import { chosenGate } from '../audio/chosen-gate.js';
import { chosenSound } from '../audio/recorder.js';

export class MicrophoneTest {
  /** @type {import('../audio/recorder.js').Recorder} */ #recorder;
  /** @type {import('../audio/recorder.js').LevelListener} */ #level;
  /** @type {Capture | null} */ #own = null;
  /** @type {(() => void) | null} */ #leave = null;

  /**
   * @param {import('../audio/recorder.js').Recorder} recorder
   * @param {import('../audio/recorder.js').LevelListener} level 20 times a second
   */
  constructor(recorder, level) {
    this.#recorder = recorder;
    this.#level = level;
  }

  get running() {
    return this.#own !== null || this.#leave !== null;
  }

  /**
   * Resolves when sound comes, with whether the microphone was opened for it.
   * @returns {Promise<boolean>} rejects with a CaptureProblem
   */
  start() {
    if (this.#recorder.hearing) {
      this.#leave ??= this.#recorder.listen(this.#level);
      return Promise.resolve(false);
    }
    return new Promise((resolve, reject) => {
      const capture = new Capture(chosenSound(), chosenGate.settings, {
        chunk: () => {},
        pause: () => {},
        utteranceEnd: () => {},
        held: () => {},
        level: (meanSquare, _open, threshold) => this.#level(meanSquare, threshold),
        started: () => resolve(true),
        stopped: (problem) => {
          if (this.#own === capture) this.#own = null;
          reject(problem);
        },
      });
      this.#own = capture;
      void capture.start();
    });
  }

  stop() {
    this.#leave?.();
    this.#leave = null;
    void this.#own?.stop();
    this.#own = null;
  }
}
