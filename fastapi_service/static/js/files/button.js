// The way to the files: a button, and files that are dropped anywhere on the page. All that is behind it is fetched at
// the first use.

import { byId } from '../base/dom.js';
import { words } from '../text/strings.js';

/** @typedef {Pick<import('../stream/messages.js').Limits, 'upload_bytes'>} FileLimits */

export class FilesButton {
  /** @type {import('../stream/notices.js').Notices} */ #notices;
  /** @type {FileLimits | null} null before the first connection */ #limits = null;
  /** @type {Promise<import('./panel.js').FilesPanel> | null} */ #panel = null;
  #over = false; // files are held over the page

  /** @param {import('../stream/notices.js').Notices} notices */
  constructor(notices) {
    this.#notices = notices;
    byId('files-open', HTMLButtonElement).addEventListener('click', () => void this.#with((panel) => panel.open()));
    for (const type of /** @type {const} */ (['dragenter', 'dragover', 'dragleave', 'drop'])) {
      addEventListener(type, (event) => {
        if (event.dataTransfer?.types.includes('Files')) this.#drag(event, event.dataTransfer);
      });
    }
  }

  /** @param {FileLimits} limits what the server says */
  limits(limits) {
    this.#limits = limits;
    byId('files-open', HTMLElement).hidden = limits.upload_bytes === 0;
    byId('files-hint', HTMLElement).hidden = limits.upload_bytes === 0 || matchMedia('(hover: none)').matches;
    if (this.#panel !== null) void this.#with((panel) => panel.limits(limits));
  }

  /**
   * @param {DragEvent} event
   * @param {DataTransfer} carried
   */
  #drag(event, carried) {
    event.preventDefault(); // else the browser leaves the page to show the file
    carried.dropEffect = 'copy'; // also where it is refused, in words
    const taken = this.#limits?.upload_bytes !== 0; // not known yet: it is tried
    const over = taken && event.type !== 'drop' && !(event.type === 'dragleave' && event.relatedTarget === null);
    if (over !== this.#over) {
      this.#over = over;
      if (taken) void this.#with((panel) => panel.held(this.#over));
    }
    if (event.type !== 'drop') return;
    const files = [...carried.files]; // they are gone once this has returned
    if (!taken) this.#notices.show('files', 'error', words('files.none'));
    else if (files.length > 0) void this.#with((panel) => panel.add(files));
  }

  /** @param {(panel: import('./panel.js').FilesPanel) => void} act */
  async #with(act) {
    this.#panel ??= import('./panel.js').then(({ openFiles }) => openFiles(this.#limits));
    const panel = await this.#panel.catch(() => null);
    if (panel === null) {
      this.#panel = null; // the next time may find the server there
      this.#notices.show('files', 'error', words('files.unavailable'));
      return;
    }
    this.#notices.clear('files');
    act(panel);
  }
}
