// The picked theme, before anything is painted: a module would come too late. theme.js does the rest.

try {
  const { theme } = JSON.parse(localStorage.getItem('wta.preferences') ?? '{}');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // no storage, or nothing readable in it: as the system says
}
