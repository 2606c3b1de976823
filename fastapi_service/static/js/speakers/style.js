// The style of all that shows speakers.

import { loadStyle } from '../base/style.js';

const STYLE_URL = new URL('../../css/speakers.css', import.meta.url).href;

/** @type {Promise<void> | null} */
let style = null;

/** Once for all who show speakers. @returns {Promise<void>} when it holds */
export function loadSpeakerStyle() {
  style ??= loadStyle(STYLE_URL).catch((problem) => {
    style = null;
    throw problem;
  });
  return style;
}
