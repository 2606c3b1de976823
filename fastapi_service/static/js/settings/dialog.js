// The settings dialog. It is built anew each time it opens, and goes when it closes.

import { listMicrophones } from '../audio/sources/microphone.js';
import { offersTabSound, TAB_SOUND } from '../audio/sources/tab-sound.js';
import { element, icon } from '../base/dom.js';
import { preferences } from '../base/preferences.js';
import { LOCALE, words } from '../text/strings.js';
import { choice, fill, line, section, tick } from './fields.js';
import { GateSettings } from './gate.js';
import { speakerSection } from './speakers.js';

// What Whisper hears best of its languages (the appendix of its paper), and those of the page.
const SPOKEN = 'ar cs da de el en es fa fi fr he hi hu id it ja ko ms nl no pl pt ro ru sv ta th tr uk ur vi zh'.split(' ');

/** What only a new connection tells the server. @type {ReadonlySet<string>} */
const OF_A_CONNECTION = new Set(['spoken_language', 'hints', 'partials', 'word_times', 'sentences', 'speakers']);

/** @param {import('./button.js').SettingsContext} context */
export function openSettings({ recorder, reconnect, session }) {
  const gate = new GateSettings(recorder);
  const microphone = choice('microphone', words('settings.device'), [], ' ');
  const showDevices = () => void showMicrophones(microphone);
  const close = element('button', { type: 'button', class: 'close', 'aria-label': words('settings.close') }, icon('close'));
  const title = element('h2', { id: 'settings-title', text: words('settings.title') });
  const dialog = element(
    'dialog',
    { class: 'settings', 'aria-labelledby': title.id, 'data-testid': 'settings', closedby: 'any' },
    element('header', { class: 'settings-head' }, title, close),
    element(
      'div',
      { class: 'settings-body' },
      section(
        words('settings.microphone'),
        microphone,
        tick('echo_cancellation', words('settings.echo'), words('settings.echo.hint')),
        tick('noise_suppression', words('settings.noise'), words('settings.noise.hint')),
      ),
      gate.section,
      section(
        words('settings.recognition'),
        choice('spoken_language', words('settings.spoken'), spokenLanguages()),
        line('hints', words('settings.hints'), words('settings.hints.hint')),
        tick('partials', words('settings.partials'), words('settings.partials.hint')),
        tick('word_times', words('settings.words'), words('settings.words.hint')),
      ),
      speakerSection(session),
      section(
        words('settings.page'),
        tick('keep_speech', words('settings.keep'), words('settings.keep.hint')),
        choice(
          'language',
          words('settings.language'),
          [
            ['auto', words('settings.language.auto')],
            ['en', 'English'],
            ['ko', '한국어'],
          ],
          words('settings.language.hint'),
        ),
        choice('theme', words('settings.theme'), [
          ['auto', words('settings.theme.auto')],
          ['light', words('settings.theme.light')],
          ['dark', words('settings.theme.dark')],
        ]),
      ),
    ),
  );
  const forget = preferences.onChange((name) => {
    if (OF_A_CONNECTION.has(name)) reconnect();
    if (name === 'language') void recorder.end().then(() => location.reload());
    if (name === 'microphone') showDevices();
  });
  navigator.mediaDevices?.addEventListener('devicechange', showDevices);
  close.addEventListener('click', () => dialog.close());
  dialog.addEventListener('close', () => {
    forget();
    gate.end();
    navigator.mediaDevices?.removeEventListener('devicechange', showDevices);
    dialog.remove();
  });
  showDevices();
  document.body.append(dialog);
  dialog.showModal();
}

/** The languages by their names, in the order of these. @returns {[string, string][]} */
function spokenLanguages() {
  const names = new Intl.DisplayNames(LOCALE, { type: 'language' });
  const named = SPOKEN.map((code) => /** @type {[string, string]} */ ([code, names.of(code) ?? code]));
  named.sort(([, a], [, b]) => a.localeCompare(b, LOCALE));
  return [['', words('settings.spoken.detect')], ...named];
}

/** @param {HTMLElement} field */
async function showMicrophones(field) {
  const list = field.querySelector('select');
  const hint = field.querySelector('.hint');
  if (list === null || hint === null) return;
  const found = await listMicrophones().catch(() => []);
  const tab = offersTabSound();
  const kept = preferences.get('microphone');
  const chosen = kept === TAB_SOUND && !tab ? '' : kept;
  const gone = chosen !== '' && chosen !== TAB_SOUND && !found.some(({ deviceId }) => deviceId === chosen);
  /** @type {[string, string][]} */
  const options = [
    ['', words('settings.microphone.default')],
    ...found.map(({ deviceId, label }) => /** @type {[string, string]} */ ([deviceId, label])),
  ];
  if (gone) options.push([chosen, words('settings.microphone.gone')]);
  if (tab) options.push([TAB_SOUND, words('settings.microphone.tab')]);
  fill(list, options, chosen);
  hint.textContent = hintOf(chosen, gone, found.length === 0);
}

/**
 * @param {string} chosen
 * @param {boolean} gone
 * @param {boolean} unnamed
 */
function hintOf(chosen, gone, unnamed) {
  if (chosen === TAB_SOUND) return words('settings.microphone.tab.hint');
  if (unnamed) return words('settings.microphone.unnamed');
  return gone ? words('settings.microphone.gone.hint') : '';
}
