// A page of which a file did not come (the network changed, the server restarted), or came from another version than the
// others (the server was updated meanwhile), would stay dead at "Connecting…". It says so instead and loads again. No
// module: it must be there before whatever may fail.

{
  const KEY = 'wta.loads_failed';
  const LAST_MS = 30_000; // the waits double from a second up to this
  const SAYS = new Map([
    ['ko', '페이지를 다 불러오지 못했습니다. 다시 불러오는 중…'],
    ['en', 'The page did not load completely. Loading it again…'],
  ]);
  const UNFIT = /\b(export|import)/i; // what browsers say of a module that lacks what another wants of it
  let whole = true;

  const missed = (/** @type {Event} */ event) => {
    if (event.target instanceof HTMLScriptElement || event.target instanceof HTMLLinkElement) whole = false;
    else if (event instanceof ErrorEvent && event.error instanceof SyntaxError) whole &&= !UNFIT.test(event.message);
  };
  const language = () => navigator.languages.map((tag) => tag.slice(0, 2)).find((code) => SAYS.has(code)) ?? 'en';
  /** @param {number} [failed] how often in a row; kept where the browser keeps anything */
  const failures = (failed) => {
    try {
      if (failed !== undefined) sessionStorage.setItem(KEY, String(failed));
      return Number(sessionStorage.getItem(KEY));
    } catch {
      return 2;
    }
  };

  addEventListener('error', missed, true);
  // By then the stylesheets and the app with all its modules are there, or an error has told that they are not.
  addEventListener('load', () => {
    removeEventListener('error', missed, true);
    if (whole) {
      failures(0);
      return;
    }
    const failed = failures();
    failures(failed + 1);
    const text = document.getElementById('connection-text');
    if (text !== null) text.textContent = SAYS.get(language()) ?? '';
    setTimeout(() => location.reload(), Math.min(1000 * 2 ** failed, LAST_MS));
  });
}
