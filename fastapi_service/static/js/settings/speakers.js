// The section of the settings about who speaks: whether they are told apart, what that is, and how to have it forgotten.

import { element } from '../base/dom.js';
import { forgetVoices, NotTakenError } from '../speakers/requests.js';
import { speakerWords } from '../speakers/words.js';
import { section, tick } from './fields.js';

/** @param {() => string | null} session its id */
export function speakerSection(session) {
  const said = element('p', { class: 'hint', role: 'status', 'data-testid': 'forget-said' });
  const button = element('button', { type: 'button', class: 'quiet', 'data-testid': 'forget-voices', text: speakerWords('settings.forget') });
  button.addEventListener('click', async () => {
    button.setAttribute('aria-disabled', 'true');
    said.textContent = await forgotten(session());
    button.removeAttribute('aria-disabled');
  });
  return section(
    speakerWords('settings.title'),
    tick('speakers', speakerWords('settings.tell'), speakerWords('settings.tell.hint')),
    element('p', { class: 'hint', text: speakerWords('settings.limits') }),
    element('p', { class: 'hint', text: speakerWords('settings.prints') }),
    element('div', { class: 'forget' }, button, said),
  );
}

/** What came of it, in words. @param {string | null} session */
async function forgotten(session) {
  if (session === null) return speakerWords('settings.forget.none');
  try {
    await forgetVoices(session);
    return speakerWords('settings.forget.done');
  } catch (problem) {
    return speakerWords(`settings.forget.${problem instanceof NotTakenError ? problem.why : 'lost'}`);
  }
}
