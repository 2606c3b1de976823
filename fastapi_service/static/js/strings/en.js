// The page's words in English. ko.js has the same keys; a test holds both together.

export const ENGLISH = {
  'app.title': 'WhisperTextAnalyzer',
  'app.tagline': 'Speak, and see what you said and how it felt.',

  'control.start': 'Start',
  'control.stop': 'Stop',
  'control.off': 'Press Start and speak.',
  'control.off.hint': 'The space bar starts and stops.',
  'control.off.hint.touch': 'Only speech is sent; silence stays here.',
  'control.starting': 'Waiting for the microphone…',
  'control.starting.hint': 'Your browser may ask for permission.',
  'control.listening': 'Listening…',
  'control.listening.hint': 'Only speech is sent; silence stays here.',
  'control.speaking': 'Hearing you…',
  'control.speaking.hint': 'A short pause ends the utterance.',
  'control.muted': 'The microphone is silent.',
  'control.muted.hint': 'It is muted by the system or by a switch on the device.',
  'control.clip': 'Playing a clip…',
  'control.clip.hint': 'It goes the same way as your voice.',
  'control.level': 'Input level',

  'clips.title': 'Try a clip',
  'clips.play': 'Play the clip “{text}”',

  'transcript.title': 'Transcript',
  'transcript.empty.title': 'Nothing said yet',
  'transcript.empty': 'Each utterance appears here about a second after you pause, with its sentiment.',
  'transcript.latest': 'Latest',
  'transcript.spoken': '{seconds} s',
  'transcript.latency': 'in {seconds} s',
  'transcript.latency.title': 'Time from the end of the utterance to its result: {stages}',
  'transcript.at': 'at {time} of speech',
  'transcript.live': 'Speech… {seconds} s',
  'transcript.pending': 'Transcribing…',
  'transcript.empty_text': 'No words',
  'transcript.translation': 'In English',
  'transcript.held': '{seconds} s of speech kept here until it can be sent',
  'transcript.lost': 'The server no longer knows this session, so the result of this utterance is lost.',

  'zone.positive': 'Positive',
  'zone.neutral': 'Neutral',
  'zone.negative': 'Negative',
  'zone.none': 'No sentiment',
  'zone.title': 'Model’s verdict: {label}, {score}',

  'dropped.prefix': 'Not shown: {reason}',
  'dropped.no_speech': 'no speech was heard',
  'dropped.low_confidence': 'the words could not be made out',
  'dropped.repetition': 'the recognition repeated itself',
  'dropped.empty_text': 'no words were recognised',

  'caption.result': '{text} ({sentiment})',
  'caption.plain': '{text}',

  'stats.title': 'This session',
  'stats.utterances': 'Utterances',
  'stats.words': 'Words',
  'stats.wpm': 'Words per minute',
  'stats.sentiment': 'Sentiment',
  'stats.latency': 'Latency',
  'stats.p50': 'Half within',
  'stats.p95': '95% within',
  'stats.dropped': 'Not speech',
  'stats.errors': 'Failed',
  'stats.service': 'Utterances of all sessions',
  'stats.models': 'Models',
  'stats.none': '–',
  'stats.seconds': '{seconds} s',

  'connection.connecting': 'Connecting…',
  'connection.open': 'Connected',
  'connection.waiting': 'Not connected',
  'connection.busy': 'Server is busy',
  'connection.next': 'next try in {seconds} s',
  'connection.idle': 'Resting until you speak',
  'connection.taken_over': 'Open in another tab',
  'connection.refused': 'Not allowed in',
  'connection.broken': 'Stopped',
  'connection.retry': 'Try now',

  'notice.dismiss': 'Dismiss',
  'notice.demo': 'Demo model in use: it knows few words, so try the clips. For everyday speech set WHISPER_MODEL.',
  'notice.waiting': 'The connection is lost. You can go on speaking: it is kept here and sent when the server is back.',
  'notice.full':
    'Recording stopped: {minutes} minutes of speech wait to be sent and no more can be kept. ' +
    'They are sent when the server is back; keep this page open.',
  'notice.session_lost': 'The server no longer knew the earlier session. A new one has begun.',
  'notice.taken_over': 'This transcript is open in another tab or window, so this one has stopped.',
  'notice.taken_over.action': 'Continue here',
  'notice.refused': 'The server did not let this page in. Reload the page; if that does not help, ask who runs the server.',
  'notice.broken': 'The server could not read what this page sent, which is a fault in the page. Reload it to go on.',
  'notice.reload': 'Reload',

  'problem.refused':
    'The browser refused the microphone. To allow it, click the icon to the left of the address, ' +
    'set Microphone to “Allow”, then press Start again.',
  'problem.no_microphone': 'No microphone was found. Connect one, then press Start again.',
  'problem.in_use': 'The microphone is in use by another program. Close that program, then press Start again.',
  'problem.insecure':
    'Browsers give the microphone only to secure pages. Open this page with https:// in front of the address, ' +
    'or on the server’s own machine as http://localhost.',
  'problem.unsupported': 'This browser cannot record sound in the way this page needs. A current version of Chrome, Edge, Firefox or Safari can.',
  'problem.disconnected': 'The microphone was disconnected. What you said so far was kept. Connect it and press Start again.',
  'problem.processing': 'The sound processing stopped unexpectedly. Press Start to go on.',
  'problem.clip': 'The clip could not be played.',
  'problem.other': 'The recording could not start: {detail}',
};

/** @typedef {keyof typeof ENGLISH} StringKey */
