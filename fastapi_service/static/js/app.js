// The page's wiring: the connection, the recording, and what is shown of them.

import { Capture } from './capture.js';
import { showClips } from './clips.js';
import { Control } from './control.js';
import { byId } from './dom.js';
import { Notices } from './notices.js';
import { Statistics } from './statistics.js';
import { sessionStore } from './storage.js';
import { StreamClient } from './stream-client.js';
import { translateDocument, words } from './strings.js';
import { followTheme } from './theme.js';
import { Transcript } from './transcript.js';

const REFRESH_MS = 250;

translateDocument();
followTheme();

/** @type {Capture | null} */
let capture = null;
/** @type {number | null} */
let speakingSince = null;
let silenced = false; // by the system or the device

const notices = new Notices(byId('notices', HTMLElement));
const statistics = new Statistics();
const control = new Control(() => (capture === null ? record() : void capture.stop()));
const client = new StreamClient(
  `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`,
  sessionStore(),
  { state: showConnection, message: receive, sessionLost },
);
const transcript = new Transcript(
  {
    scroller: byId('scroller', HTMLElement),
    list: byId('cards', HTMLOListElement),
    empty: byId('empty', HTMLElement),
    latest: byId('latest', HTMLButtonElement),
    captions: byId('captions', HTMLElement),
  },
  (startSec) => client.spokenAt(startSec),
);

byId('retry', HTMLButtonElement).addEventListener('click', () => client.connect());
const wide = matchMedia('(min-width: 60rem)'); // as in css/narrow.css: there the statistics have a column of their own
const fitStatistics = () => (byId('stats', HTMLDetailsElement).open = wide.matches);
wide.addEventListener('change', fitStatistics);
fitStatistics();
window.addEventListener('online', () => {
  if (client.state.name === 'waiting') client.connect();
});
window.addEventListener('beforeunload', (event) => {
  if (client.heldSec > 0 && client.state.name !== 'open') event.preventDefault(); // speech would be lost
});
setInterval(refresh, REFRESH_MS);
void showClips(byId('clip-row', HTMLElement), byId('clips', HTMLElement), (url) => void playClip(url));
client.connect();

/** Record the microphone, or play the clip at `url` and record that. @param {URL} [url] */
function record(url) {
  notices.clear('problem');
  notices.clear('full');
  if (client.state.name === 'idle') client.connect();
  const begun = new Capture({
    chunk: (pcm, capturedMs) => {
      speakingSince ??= capturedMs;
      if (!client.push(pcm, capturedMs)) stopFull(begun);
    },
    utteranceEnd: () => {
      speakingSince = null;
      client.endUtterance();
    },
    level: (meanSquare, speaking) => {
      control.level(meanSquare);
      if (url === undefined && !silenced) control.show(speaking ? 'speaking' : 'listening');
    },
    started: () => control.show(url === undefined ? 'listening' : 'clip'),
    muted: (muted) => {
      silenced = muted;
      control.show(muted ? 'muted' : 'listening');
    },
    stopped: (problem) => {
      capture = null;
      speakingSince = null;
      silenced = false;
      control.show('off');
      refresh();
      if (problem !== null) notices.show('problem', 'error', words(`problem.${problem.code}`, { detail: problem.message }));
    },
  });
  capture = begun;
  control.show('starting');
  void (url === undefined ? begun.startMicrophone() : begun.startClip(url));
}

/** @param {URL} url */
async function playClip(url) {
  await capture?.stop();
  record(url);
}

/** No more speech can be kept. @param {Capture} full */
function stopFull(full) {
  notices.show('full', 'error', words('notice.full', { minutes: Math.round(client.heldSec / 60) }));
  void full.stop();
}

/**
 * @param {import('./protocol.js').ServerMessage} message
 * @param {boolean} replayed
 */
function receive(message, replayed) {
  switch (message.type) {
    case 'session':
      statistics.models(message.models);
      if (message.models.demo) notices.show('demo', 'info', words('notice.demo'));
      else notices.clear('demo');
      break;
    case 'accepted':
      transcript.accepted(message);
      break;
    case 'partial':
      transcript.partial(message);
      break;
    case 'result':
    case 'dropped':
      transcript.outcome(message, !replayed);
      statistics.outcome(message);
      break;
    case 'error':
      if (message.seq === 0) {
        notices.show('server', 'error', message.message);
      } else {
        transcript.outcome(message, !replayed);
        statistics.outcome(message);
      }
      break;
    case 'stats':
      statistics.stats(message);
      break;
    case 'busy':
      notices.show('server', 'warning', message.message);
      break;
  }
}

function sessionLost() {
  if (transcript.size > 0) notices.show('session_lost', 'info', words('notice.session_lost'));
  transcript.newSession();
  statistics.newSession();
}

/** @param {import('./stream-client.js').ConnectionState} state */
function showConnection({ name }) {
  byId('connection', HTMLElement).dataset.state = name;
  switch (name) {
    case 'open':
      notices.clear('connection');
      notices.clear('server');
      break;
    case 'waiting':
      if (capture !== null || client.heldSec > 0) notices.show('connection', 'warning', words('notice.waiting'));
      break;
    case 'taken_over':
    case 'refused':
    case 'broken': {
      void capture?.stop();
      const action =
        name === 'taken_over'
          ? { label: words('notice.taken_over.action'), run: () => client.connect() }
          : { label: words('notice.reload'), run: () => location.reload() };
      notices.show('connection', 'error', words(`notice.${name}`), action);
      break;
    }
    default:
      break;
  }
  refresh();
}

/** What changes with time alone: countdowns, and how much speech is kept or being spoken. */
function refresh() {
  const { name, retryAtMs } = client.state;
  const seconds = retryAtMs === null ? 0 : Math.max(0, Math.ceil((retryAtMs - Date.now()) / 1000));
  setText(byId('connection-text', HTMLElement), words(`connection.${name}`));
  setText(byId('connection-detail', HTMLElement), retryAtMs === null ? '' : words('connection.next', { seconds }));
  byId('retry', HTMLButtonElement).hidden = name !== 'waiting' && name !== 'busy';
  const held = byId('held', HTMLElement);
  held.hidden = name === 'open' || client.heldSec < 1;
  setText(byId('held-text', HTMLElement), words('transcript.held', { seconds: Math.round(client.heldSec) }));
  const live = byId('live', HTMLElement);
  live.hidden = speakingSince === null;
  if (speakingSince === null) return;
  const spoken = (Math.max(0, Date.now() - speakingSince) / 1000).toFixed(1);
  setText(byId('live-text', HTMLElement), words('transcript.live', { seconds: spoken }));
  transcript.follow();
}

/**
 * Unchanged text is left alone, so that screen readers do not repeat it.
 * @param {HTMLElement} target
 * @param {string} text
 */
function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}
