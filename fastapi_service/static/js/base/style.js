// A style sheet that is fetched with what needs it.

import { element } from './dom.js';

/**
 * @param {string} url
 * @returns {Promise<void>} when it holds; it can be asked for again after a failure
 */
export async function loadStyle(url) {
  const style = element('link', { rel: 'stylesheet', href: url });
  await new Promise((resolve, reject) => {
    style.addEventListener('load', resolve);
    style.addEventListener('error', () => {
      style.remove();
      reject(new Error('no style'));
    });
    document.head.append(style);
  });
}
