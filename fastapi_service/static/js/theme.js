// Light or dark: as the system says, unless the visitor has picked one.

import { preferences } from './preferences.js';

/** Show the theme in use, now and whenever it is picked. The style sheets do the rest by `data-theme`. */
export function followTheme() {
  const show = () => {
    const picked = preferences.get('theme');
    if (picked === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = picked;
  };
  preferences.onChange(show);
  show();
}
