// The page's wiring: the connection, the recording, and what is shown of them.

import { chosenGate } from './audio/chosen-gate.js';
import { Recorder } from './audio/recorder.js';
import { SAMPLE_RATE_HZ } from './base/audio-format.js';
import { byId } from './base/dom.js';
import { preferences } from './base/preferences.js';
import { sessionStore } from './base/storage.js';
import { followTheme } from './base/theme.js';
import { Clips } from './dock/clips.js';
import { Control } from './dock/dock.js';
import { MicrophoneNotice } from './dock/microphone-notice.js';
import { QuietNotice } from './dock/quiet-notice.js';
import { Waveform } from './dock/waveform.js';
import { TranscriptTools } from './export/toolbar.js';
import { FilesButton } from './files/button.js';
import { LiveListening, nowPlaying } from './listen/door.js';
import { wireSettings } from './settings/button.js';
import { SpeakersDoor } from './speakers/door.js';
import { Statistics } from './statistics/statistics.js';
import { StreamClient } from './stream/client.js';
import { ConnectionView, setText } from './stream/connection-view.js';
import { watchWake } from './stream/network-change.js';
import { Notices } from './stream/notices.js';
import { ServiceView } from './stream/service-view.js';
import { translateDocument, words } from './text/strings.js';
import { SpeechEnds } from './transcript/speech-ends.js';
import { Transcript } from './transcript/transcript.js';

const REFRESH_MS = 250;

translateDocument();
followTheme();

/** @type {number | null} epoch milliseconds at which the utterance began that has not ended */
let speakingSince = null;
let paused = false; // the speaker, and the server knows

const storage = sessionStore();
const notices = new Notices(byId('notices', HTMLElement), byId('start', HTMLButtonElement));
const listening = new LiveListening(notices);
const statistics = new Statistics();
const speechEnds = new SpeechEnds();
const control = new Control(() => recorder.toggle());
const waveform = new Waveform(byId('waveform', HTMLCanvasElement));
const client = new StreamClient(
  new URL('ws', document.baseURI.replace(/^http/, 'ws')).href,
  storage,
  { state: showConnection, message: receive, sessionLost },
  streamOptions,
);
const recorder = new Recorder({
  chunk: (pcm, capturedMs) => {
    speakingSince ??= capturedMs;
    paused = false;
    const { position } = client;
    const taken = client.push(pcm, capturedMs);
    if (taken) listening.keep(pcm, position);
    return taken;
  },
  pause: (spokenUntilMs) => {
    paused = true;
    speechEnds.mark(client.position, spokenUntilMs, Date.now());
    client.pause();
  },
  utteranceEnd: (spokenUntilMs) => {
    if (!paused) speechEnds.mark(client.position, spokenUntilMs, Date.now());
    utteranceEnded();
    client.endUtterance();
  },
  level: (meanSquare, open, threshold) => {
    control.level(meanSquare, open, threshold);
    waveform.level(meanSquare, open, threshold);
    if (recorder.hearsRoom) quiet.level(meanSquare, open);
  },
  state: showRecording,
  started: (fellBack) => {
    if (fellBack) notices.show('microphone', 'warning', words('notice.microphone_gone'));
    else notices.clear('microphone');
  },
  stuck: (stuck) => microphone.stuck(stuck, () => recorder.retry()),
  problem: (problem) => void microphone.problem(problem, () => recorder.toggle()),
});
const connection = new ConnectionView(client, notices, () => recorder.active);
const service = new ServiceView(notices, (models) => statistics.models(models));
const quiet = new QuietNotice(notices);
const microphone = new MicrophoneNotice(notices);
const transcript = new Transcript(
  {
    scroller: byId('scroller', HTMLElement),
    list: byId('cards', HTMLOListElement),
    empty: byId('empty', HTMLElement),
    gone: byId('gone', HTMLElement),
    latest: byId('latest', HTMLButtonElement),
    fresh: byId('fresh', HTMLElement),
    captions: byId('captions', HTMLElement),
  },
  (startSec) => client.spokenAt(startSec),
  storage,
  () => tools.update(),
  listening,
);
const tools = new TranscriptTools(transcript);
const speakers = new SpeakersDoor({ transcript, statistics, notices, session: () => client.session });

const wide = matchMedia('(min-width: 60rem)'); // as in css/narrow.css: there the statistics have a column of their own
const fitStatistics = () => (byId('stats', HTMLDetailsElement).open = wide.matches);
wide.addEventListener('change', fitStatistics);
fitStatistics();
nowPlaying.onChange(() => recorder.hush(nowPlaying.active));
watchWake(() => client.revive());
window.addEventListener('beforeunload', (event) => {
  if (client.heldSec > 0 && client.state.name !== 'open') event.preventDefault(); // speech would be lost
});
setInterval(refresh, REFRESH_MS);
const clips = new Clips(byId('clip-row', HTMLElement), byId('clips', HTMLElement), (url) => void recorder.playClip(url));
wireSettings({ recorder, reconnect, notices, session: () => client.session });
const files = new FilesButton(notices);
if (!isSecureContext) void microphone.insecure();
client.connect();

/** Have what the address says apply now; a connection that waits to begin will say it anyway. */
function reconnect() {
  if (client.state.name === 'open' || client.state.name === 'connecting') client.connect();
}

/** What goes into the address of a connection. */
function streamOptions() {
  const language = preferences.get('spoken_language');
  const hints = preferences.get('hints');
  return {
    ...(language && { language }),
    ...(hints && { hints }),
    ...(preferences.get('word_times') && { words: '1' }),
    ...(!preferences.get('partials') && { partials: '0' }),
    ...(preferences.get('sentences') && { sentences: '1' }),
    ...(preferences.get('speakers') && { speakers: '1' }),
  };
}

function utteranceEnded() {
  if (speakingSince === null) return;
  speakingSince = null;
  waveform.utteranceEnd();
}

/** The server has ended an utterance, at a pause that may be past. @param {number} position in samples */
function cutAt(position) {
  if (position >= client.position) utteranceEnded();
  else if (speakingSince !== null) speakingSince = Math.max(speakingSince, client.spokenAt(position / SAMPLE_RATE_HZ) ?? 0);
}

/**
 * @param {import('./audio/recorder.js').DockState} state
 * @param {import('./audio/recorder.js').StopReason | null} reason
 * @param {URL | null} clip
 */
function showRecording(state, reason, clip) {
  if (state === 'starting' || state === 'choosing' || state === 'loading') {
    notices.clear('problem');
    notices.clear('full');
    nowPlaying.stop(); // who starts wants to be heard
    if (client.state.name === 'idle') client.connect();
  }
  if (reason === 'full' && state === 'stopped') {
    notices.show('full', 'error', words('notice.full', { minutes: Math.round(client.heldSec / 60) }));
  }
  control.show(state, reason);
  if (!recorder.hearsRoom) quiet.reset();
  waveform.run(recorder.active);
  clips.playing(clip);
  refresh();
}

/**
 * @param {import('./stream/messages.js').ServerMessage} message
 * @param {boolean} replayed
 */
function receive(message, replayed) {
  switch (message.type) {
    case 'session':
      listening.align(client.heldSec, client.position);
      speechEnds.utteranceSec = message.limits.utterance_sec;
      chosenGate.sentenceWait(message.limits.sentence_wait_sec);
      files.limits(message.limits);
      service.watch.session(message.models);
      break;
    case 'accepted':
      listening.safe(message.position);
      cutAt(message.position);
      transcript.accepted(message);
      service.watch.accepted(message.utterance);
      break;
    case 'partial':
      transcript.partial(message);
      break;
    case 'result':
    case 'dropped':
      ended(message, replayed);
      break;
    case 'error':
      if (message.seq === 0) {
        connection.reason(message);
      } else {
        ended(message, replayed);
      }
      break;
    case 'turns':
    case 'speakers':
      speakers.told(message);
      break;
    case 'stats':
      statistics.stats(message);
      break;
    case 'busy':
      connection.reason(message);
      break;
  }
}

/**
 * @param {import('./stream/messages.js').Outcome} outcome
 * @param {boolean} replayed
 */
function ended(outcome, replayed) {
  const spokenAt = (/** @type {number} */ sec) => client.spokenAt(sec);
  const spokenAtMs = spokenAt(outcome.start_sec);
  const pageStages = replayed ? null : speechEnds.take(outcome, Date.now(), spokenAt);
  const told = outcome.type === 'result' ? speakers.result(outcome, spokenAtMs) : outcome;
  transcript.outcome(told, !replayed, pageStages);
  service.watch.ended(outcome.utterance);
  statistics.outcome(outcome, pageStages, spokenAtMs);
}

function sessionLost() {
  if (transcript.entries.length > 0) notices.show('session_lost', 'info', words('notice.session_lost'));
  transcript.newSession();
  speakers.newSession();
  service.watch.newSession();
  statistics.newSession();
  speechEnds.clear();
  listening.newSession();
}

/** @param {import('./stream/client.js').ConnectionState} state */
function showConnection(state) {
  const { name } = state;
  if (name !== 'connecting') recorder.connection(name === 'waiting' || name === 'busy');
  if (name === 'taken_over') {
    listening.takenOver();
    recorder.stop('taken_over');
  }
  if (name === 'refused' || name === 'broken') recorder.stop('server');
  if (name !== 'open') service.disconnected();
  connection.show(state);
  refresh();
}

/** What changes with time alone: countdowns, and how much speech is kept or being spoken. */
function refresh() {
  connection.refresh();
  const live = byId('live', HTMLElement);
  live.hidden = speakingSince === null;
  if (speakingSince === null) return;
  const spoken = (Math.max(0, Date.now() - speakingSince) / 1000).toFixed(1);
  setText(byId('live-text', HTMLElement), words('transcript.live', { seconds: spoken }));
}
