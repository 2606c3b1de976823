// The fields of the settings: each shows one preference and changes it.

import { element } from '../base/dom.js';
import { preferences } from '../base/preferences.js';

/** @typedef {import('../base/preferences.js').Values} Values */

/** @param {string} title @param {...Node} fields */
export function section(title, ...fields) {
  return element('section', { class: 'settings-section' }, element('h3', { text: title }), ...fields);
}

/**
 * A box to tick.
 * @param {'echo_cancellation' | 'noise_suppression' | 'keep_speech' | 'follow_noise' | 'sentences' | 'partials' | 'word_times' | 'speakers'} name
 * @param {string} label
 * @param {string} hint
 */
export function tick(name, label, hint) {
  const box = element('input', { type: 'checkbox', id: `setting-${name}`, 'aria-describedby': `hint-${name}` });
  box.checked = preferences.get(name);
  box.addEventListener('change', () => preferences.set(name, box.checked));
  const words = element('label', { for: box.id, text: label });
  return element('div', { class: 'field tick' }, box, words, hintOf(name, hint));
}

/**
 * A line of text. What it holds counts when it is left.
 * @param {'hints'} name
 * @param {string} label
 * @param {string} hint
 */
export function line(name, label, hint) {
  const attributes = { type: 'text', id: `setting-${name}`, maxlength: '400', 'aria-describedby': `hint-${name}` };
  const input = element('input', { ...attributes, autocomplete: 'off', spellcheck: 'false' });
  input.value = preferences.get(name);
  input.addEventListener('change', () => preferences.set(name, input.value.trim()));
  return element('div', { class: 'field' }, element('label', { for: input.id, text: label }), input, hintOf(name, hint));
}

/**
 * A list to choose from.
 * @template {'language' | 'theme' | 'microphone' | 'spoken_language'} K
 * @param {K} name
 * @param {string} label
 * @param {[value: string, text: string][]} options
 * @param {string} [hint]
 */
export function choice(name, label, options, hint = '') {
  const list = element('select', { id: `setting-${name}`, 'aria-describedby': hint === '' ? null : `hint-${name}` });
  fill(list, options, preferences.get(name));
  list.addEventListener('change', () => preferences.set(name, /** @type {Values[K]} */ (list.value)));
  const field = element('div', { class: 'field' }, element('label', { for: list.id, text: label }), list);
  if (hint !== '') field.append(hintOf(name, hint));
  return field;
}

/**
 * @param {HTMLSelectElement} list
 * @param {[value: string, text: string][]} options
 * @param {string} chosen
 */
export function fill(list, options, chosen) {
  list.replaceChildren(...options.map(([value, text]) => element('option', { value, text })));
  list.value = chosen;
}

/**
 * A slider. The words of its value stand beside it and are what a screen reader says. `disable` says in its hint why it
 * is of no use for now; with null it is again.
 * @param {object} is
 * @param {'threshold' | 'hangover_ms'} is.name
 * @param {string} is.label
 * @param {string} is.hint
 * @param {[low: number, high: number, step: number]} is.range of the slider
 * @param {(value: number) => number} is.toSlider from the preference
 * @param {(position: number) => number} is.fromSlider
 * @param {(position: number) => string} is.say
 */
export function slider({ name, label, hint, range, toSlider, fromSlider, say }) {
  const [min, max, step] = range.map(String);
  const attributes = { type: 'range', min, max, step, id: `setting-${name}`, 'aria-describedby': `hint-${name}` };
  const input = element('input', attributes);
  const value = element('output', { for: input.id });
  const show = () => {
    value.textContent = say(input.valueAsNumber);
    input.setAttribute('aria-valuetext', value.textContent);
  };
  input.addEventListener('input', () => {
    preferences.set(name, fromSlider(input.valueAsNumber));
    show();
  });
  const set = () => {
    input.value = String(toSlider(preferences.get(name)));
    show();
  };
  set();
  const words = element('label', { for: input.id, text: label });
  const help = hintOf(name, hint);
  const disable = (/** @type {string | null} */ why) => {
    input.disabled = why !== null;
    help.textContent = why ?? hint;
  };
  return { field: element('div', { class: 'field slider' }, words, value, input, help), set, disable };
}

/** @param {string} name @param {string} text */
function hintOf(name, text) {
  return element('p', { class: 'hint', id: `hint-${name}`, text });
}
