// Light or dark: as the system says, unless the visitor has picked one.

import { preferences } from './preferences.js';

/** Show the theme in use, now and whenever it is picked. The style sheets do the rest by `data-theme`. */
export function followTheme() {
  const bars = [...document.querySelectorAll('meta')].filter(({ name }) => name === 'theme-color');
  const asWritten = bars.map(({ content }) => content); // one for each theme of the system
  const show = () => {
    const picked = preferences.get('theme');
    if (picked === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = picked;
    const paper = getComputedStyle(document.body).backgroundColor;
    bars.forEach((bar, at) => (bar.content = picked === 'auto' ? asWritten[at] : paper));
  };
  preferences.onChange((name) => name === 'theme' && show());
  show();
}
