// The button that opens the settings. What it opens is fetched when the page has come to rest, not before.

import { byId } from '../base/dom.js';
import { words } from '../text/strings.js';

/**
 * @typedef {object} SettingsContext
 * @property {import('../audio/recorder.js').Recorder} recorder
 * @property {() => void} reconnect options of the recognition apply from the next connection on
 * @property {import('../stream/notices.js').Notices} notices
 * @property {() => string | null} session its id
 */

/** @param {SettingsContext} context */
export function wireSettings(context) {
  const button = byId('settings-open', HTMLButtonElement);
  button.addEventListener('click', async () => {
    try {
      const { openSettings } = await import('./dialog.js');
      openSettings(context);
    } catch {
      context.notices.show('settings', 'error', words('settings.unavailable'));
    }
  });
  addEventListener('load', () => setTimeout(() => import('./dialog.js').catch(() => {}), 1000));
}
