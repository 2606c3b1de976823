// The lines of an uploaded file, heard again from the file itself, which the page holds as long as it is in the list.

import { element, icon } from '../base/dom.js';
import { fileWords } from '../files/words.js';
import { fileTime } from '../text/format.js';
import { Lines } from './lines.js';

export class FileLines extends Lines {
  /** Why it cannot be heard, where it cannot. */
  notice;

  /** @param {File} file as it was chosen: of a video that was sent without its picture, the video */
  constructor(file) {
    const why = element('span', {});
    const notice = element('p', { class: 'file-warning', role: 'status', 'data-testid': 'listen-problem', hidden: '' }, icon('warning'), why);
    super({
      has: () => true,
      sound: () => ({ sound: file, beginsSec: 0 }),
      begun: ({ fromSec }) => fileTime(fromSec),
      position: (_, sec) => fileTime(sec),
      told: (problem) => {
        notice.hidden = problem === null || problem === 'gone';
        why.textContent = problem === null || problem === 'gone' ? '' : fileWords(`listen.${problem}`);
      },
    });
    this.notice = notice;
  }
}
