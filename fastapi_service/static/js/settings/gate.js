// The settings' voice gate: its threshold, set by eye or by the room, and what ends an utterance.

import { asProblem } from '../audio/sources/capture-problem.js';
import { chosenGate } from '../audio/chosen-gate.js';
import { decibels, levelShare, meanSquareOf } from '../audio/level-scale.js';
import { CEILING } from '../audio/worklet/noise-floor.js';
import { TAB_SOUND } from '../audio/sources/tab-sound.js';
import { element } from '../base/dom.js';
import { DEFAULTS, preferences } from '../base/preferences.js';
import { LOCALE, words } from '../text/strings.js';
import { assessRoom, CALIBRATION_LEVELS, SETTLING_LEVELS } from './calibration.js';
import { section, slider, tick } from './fields.js';
import { MicrophoneTest } from './microphone-test.js';

const SLIDER_DB = /** @type {[number, number, number]} */ ([-60, -10, 1]);
const STALE_MS = 500; // a level older than this says nothing of now
const PATIENCE_MS = 6000; // for the levels of a calibration

export class GateSettings {
  /** @type {MicrophoneTest} */ #test;
  #threshold = slider({
    name: 'threshold',
    label: words('settings.threshold'),
    hint: words('settings.threshold.hint'),
    range: SLIDER_DB,
    toSlider: (threshold) => Math.round(decibels(threshold)),
    fromSlider: (db) => Number(meanSquareOf(db).toPrecision(3)),
    say: (db) => words('settings.db', { db }),
  });
  #hangover = slider({
    name: 'hangover_ms',
    label: words('settings.hangover'),
    hint: words('settings.hangover.hint'),
    range: [200, 2000, 100],
    toSlider: (ms) => ms,
    fromSlider: (ms) => ms,
    say: (ms) => words('settings.seconds', { seconds: (ms / 1000).toLocaleString(LOCALE) }),
  });
  #follow = tick('follow_noise', words('settings.follow'), words('settings.follow.hint', { ceiling: inDb(CEILING) }));
  #inForce = element('p', { class: 'hint', id: 'threshold-in-force', 'data-testid': 'threshold-in-force' });
  #sentences = tick('sentences', words('settings.sentences'), words('settings.sentences.hint'));
  #now = element('span', { class: 'level-now', 'data-testid': 'level-now' });
  #show = button('settings.test', 'level-test', () => void this.#toggle());
  #calibrate = button('settings.calibrate', 'calibrate', () => void this.#measure());
  #reset = button('settings.reset', 'threshold-reset', () => preferences.set('threshold', DEFAULTS.threshold));
  #said = element('p', { class: 'hint', role: 'status', 'data-testid': 'calibrate-said' });
  /** @type {number[] | null} */ #measured = null;
  #measuredEnough = () => {};
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #stale;
  /** @type {(() => void)[]} */ #forget;

  /** @param {import('../audio/recorder.js').Recorder} recorder */
  constructor(recorder) {
    this.#test = new MicrophoneTest(recorder, (meanSquare, threshold) => this.#heard(meanSquare, threshold));
    this.#forget = [
      preferences.onChange((name) => this.#changed(name)),
      chosenGate.onChange(() => this.#showEnd()),
    ];
    this.#show.hidden = recorder.hearing;
    if (recorder.hearing) void this.#test.start();
    const level = element('p', { class: 'level-line' }, element('span', { text: `${words('settings.level')}: ` }), this.#now);
    this.#threshold.field.append(level);
    this.#follow.append(this.#inForce);
    this.#follow.querySelector('input')?.setAttribute('aria-describedby', `hint-follow_noise ${this.#inForce.id}`);
    this.#silence();
    this.#showEnd();
    this.section = section(
      words('settings.gate'),
      this.#threshold.field,
      element('div', { class: 'buttons' }, this.#calibrate, this.#show, this.#reset),
      this.#said,
      this.#follow,
      this.#sentences,
      this.#hangover.field,
    );
  }

  /** Let go of the microphone. */
  end() {
    for (const forget of this.#forget) forget();
    this.#measured = null;
    clearTimeout(this.#stale);
    this.#test.stop();
  }

  /** @param {keyof import('../base/preferences.js').Values} name */
  #changed(name) {
    if (name === 'threshold') this.#threshold.set();
    if (name === 'threshold' || name === 'follow_noise') this.#showInForce(preferences.get('threshold'));
    const ofMicrophones = preferences.get('microphone') !== TAB_SOUND; // a tab would be asked for again
    const other = name === 'microphone' || ((name === 'echo_cancellation' || name === 'noise_suppression') && ofMicrophones);
    if (!other || this.#show.hidden || !this.#test.running) return;
    this.#test.stop();
    void this.#listen();
  }

  /** Offer what has an effect: sentences where the server looks for their ends, else the length of the quiet. */
  #showEnd() {
    this.#sentences.hidden = !chosenGate.offersSentences;
    this.#hangover.disable(chosenGate.keepsSentences ? words('settings.hangover.sentences') : null);
  }

  async #toggle() {
    if (this.#test.running) {
      this.#test.stop();
      this.#say('');
      this.#showTest();
    } else await this.#listen();
  }

  /** Resolves with whether the level is heard, and whether the microphone was opened for it. */
  async #listen() {
    try {
      const opening = this.#test.start();
      this.#showTest();
      const opened = await opening;
      this.#say(opened ? words('settings.test.hint') : '');
      return { heard: true, opened };
    } catch (thrown) {
      if (thrown !== null) this.#say(words('calibrate.failed', { reason: words(`control.stopped.${asProblem(thrown).code}`) }));
      return { heard: false, opened: false };
    } finally {
      this.#showTest();
    }
  }

  #showTest() {
    this.#show.textContent = words(this.#test.running ? 'settings.test.stop' : 'settings.test');
    if (!this.#test.running) this.#silence();
  }

  /** Measure the room, and set the threshold by it. */
  async #measure() {
    if (this.#measured !== null) return;
    const before = this.#test.running;
    this.#measured = [];
    this.#calibrate.disabled = true;
    this.#say(words('calibrate.asking'));
    const { heard, opened } = before ? { heard: true, opened: false } : await this.#listen();
    if (heard) {
      this.#say(words('calibrate.measuring'));
      const settling = opened ? SETTLING_LEVELS : 0;
      this.#measured = [];
      await this.#levels(settling + CALIBRATION_LEVELS);
      const room = assessRoom(this.#measured.slice(settling));
      if ('threshold' in room) preferences.set('threshold', Number(room.threshold.toPrecision(3)));
      this.#say(words(`calibrate.${room.verdict}`, 'threshold' in room ? roomInDb(room) : {}));
    }
    this.#measured = null;
    this.#calibrate.disabled = false;
    if (!before && heard) {
      this.#test.stop();
      this.#showTest();
    }
  }

  /** Resolves when so many levels have been heard, or none comes any more. @param {number} count */
  async #levels(count) {
    await new Promise((resolve) => {
      const patience = setTimeout(resolve, PATIENCE_MS);
      this.#measuredEnough = () => {
        if ((this.#measured?.length ?? 0) < count) return;
        clearTimeout(patience);
        resolve(undefined);
      };
    });
  }

  /**
   * @param {number} meanSquare
   * @param {number} threshold the one in force
   */
  #heard(meanSquare, threshold) {
    clearTimeout(this.#stale);
    this.#stale = setTimeout(() => this.#silence(), STALE_MS);
    this.#threshold.field.style.setProperty('--level', levelShare(meanSquare, SLIDER_DB[1]).toFixed(3));
    this.#threshold.field.toggleAttribute('data-loud', meanSquare >= threshold);
    this.#now.textContent = words('settings.db', { db: Math.max(-99, inDb(meanSquare)) });
    this.#showInForce(threshold);
    if (this.#measured === null) return;
    this.#measured.push(meanSquare);
    this.#measuredEnough();
  }

  #silence() {
    this.#threshold.field.style.setProperty('--level', '0');
    this.#now.textContent = words('stats.none');
    this.#showInForce(preferences.get('threshold'));
  }

  /** Where noise has put the threshold, as a mark on the slider and in words. @param {number} threshold */
  #showInForce(threshold) {
    const raised = inDb(threshold) > inDb(preferences.get('threshold'));
    this.#threshold.field.style.setProperty('--in-force', levelShare(threshold, SLIDER_DB[1]).toFixed(3));
    this.#threshold.field.toggleAttribute('data-raised', raised);
    const said = raised ? words('settings.follow.raised', { db: inDb(threshold) }) : '';
    if (this.#inForce.textContent !== said) this.#inForce.textContent = said;
  }

  /** @param {string} text */
  #say(text) {
    this.#said.textContent = text;
  }
}

/** @param {number} meanSquare */
function inDb(meanSquare) {
  return Math.round(decibels(meanSquare));
}

/** @param {{ noise: number, threshold: number }} room */
function roomInDb({ noise, threshold }) {
  return { noise: inDb(noise), threshold: inDb(threshold) };
}

/**
 * @param {import('../text/strings.js').StringKey} key
 * @param {string} testId
 * @param {() => void} press
 */
function button(key, testId, press) {
  const made = element('button', { type: 'button', class: 'quiet', text: words(key), 'data-testid': testId });
  made.addEventListener('click', press);
  return made;
}
