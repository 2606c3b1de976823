// Notices when connections may be dead without an event: the machine slept, or the network changed.

const TICK_MS = 5_000;
const SLEPT_MS = 20_000; // a timer that is so late was asleep with the machine
const SLEPT_HIDDEN_MS = 90_000; // in the background browsers hold timers back by up to a minute

/**
 * @typedef {object} Surroundings
 * @property {EventTarget} window
 * @property {EventTarget & { hidden: boolean }} document
 * @property {(EventTarget & { type?: string }) | undefined} connection `type` is known on phones only
 */

/**
 * Call `changed` after a sleep, and after the network has come back or is another.
 * @param {() => void} changed
 * @param {Surroundings} [surroundings]
 */
export function watchWake(changed, surroundings) {
  const { window, document, connection } = surroundings ?? {
    window: globalThis,
    document: globalThis.document,
    connection: /** @type {any} */ (navigator).connection,
  };
  let last = Date.now();
  const look = (/** @type {boolean} */ wasHidden) => {
    const late = Date.now() - last - TICK_MS;
    last = Date.now();
    if (late > (wasHidden ? SLEPT_HIDDEN_MS : SLEPT_MS)) changed();
  };
  setInterval(() => look(document.hidden), TICK_MS);
  document.addEventListener('visibilitychange', () => document.hidden || look(true));
  document.addEventListener('resume', changed); // the browser had frozen the tab
  window.addEventListener('pageshow', (event) => {
    if (/** @type {PageTransitionEvent} */ (event).persisted) changed(); // from the back-forward cache
  });
  window.addEventListener('online', changed);
  let type = connection?.type;
  connection?.addEventListener('change', () => {
    // The event comes for every new estimate of the speed as well.
    if (connection.type === type) return;
    type = connection.type;
    if (type !== 'none') changed();
  });
}
