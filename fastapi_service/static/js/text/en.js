// The page's words in English. ko.js has the same keys; a test holds both together.

export const ENGLISH = {
  'app.title': 'WhisperTextAnalyzer',
  'app.tagline': 'Speak, and see what you said and how it felt.',

  'control.start': 'Start',
  'control.stop': 'Stop',
  'control.off': 'Press Start and speak.',
  'control.off.hint': 'The space bar starts and stops.',
  'control.off.hint.touch': 'Only speech is sent; silence stays here.',
  'control.cancel': 'Cancel',
  'control.starting': 'Asking for the microphone…',
  'control.starting.hint': 'Allow it when your browser asks.',
  'control.choosing': 'Asking what to listen to…',
  'control.choosing.hint': 'Choose a tab, and share its sound too.',
  'control.loading': 'Getting the clip…',
  'control.loading.hint': 'It goes the same way as your voice.',
  'control.listening': 'Listening…',
  'control.listening.hint': 'Only speech is sent; silence stays here.',
  'control.speaking': 'Hearing you…',
  'control.speaking.hint': 'A short pause ends the utterance.',
  'control.reopening': 'Opening the microphone again…',
  'control.reopening.hint': 'It goes on by itself.',
  'control.playing': 'Playing: you are not heard.',
  'control.playing.hint': 'It listens again when that ends. Escape stops it.',
  'control.muted': 'The microphone is silent.',
  'control.muted.hint': 'By a call, the system, or a switch on the device.',
  'control.clip': 'Playing a clip…',
  'control.clip.hint': 'It goes the same way as your voice.',
  'control.reconnecting': 'Reconnecting: speak on.',
  'control.reconnecting.hint': 'It is kept here until the server is back.',
  'control.paused': 'Paused by the system.',
  'control.paused.hint': 'By a call or sleep. It goes on by itself.',
  'control.stopped': 'Recording has stopped.',
  'control.failed': 'Recording could not start.',
  'control.stopped.refused': 'The microphone was not allowed.',
  'control.stopped.no_microphone': 'There is no microphone.',
  'control.stopped.in_use': 'Another program has the microphone.',
  'control.stopped.insecure': 'This needs the https:// address.',
  'control.stopped.unsupported': 'This browser cannot record.',
  'control.stopped.disconnected': 'The microphone was disconnected.',
  'control.stopped.interrupted': 'The system held the sound back for too long.',
  'control.stopped.processing': 'The sound processing broke off.',
  'control.stopped.clip': 'The clip could not be played.',
  'control.stopped.full': 'No more speech can be kept here.',
  'control.stopped.taken_over': 'It goes on in another tab or window.',
  'control.stopped.server': 'The server takes no more from this page.',
  'control.stopped.not_shared': 'Nothing was shared.',
  'control.stopped.no_sound_shared': 'No sound was shared.',
  'control.stopped.sharing_ended': 'The sharing has ended.',
  'control.stopped.other': 'The message above says more.',
  'control.level': 'Input level',
  'control.level.none': 'no sound',
  'control.level.quiet': 'quiet',
  'control.level.speech': 'speech',
  'control.level.pause': 'pause',

  'clips.title': 'Try a clip',
  'clips.play': 'Play the clip “{text}”',
  'clips.stop': 'Stop the clip “{text}”',

  'transcript.title': 'Transcript',
  'transcript.empty.title': 'Nothing said yet',
  'transcript.empty': 'Each utterance appears here about a second after you pause, with its sentiment.',
  'transcript.latest': 'Latest',
  'transcript.fresh': '{count} new',
  'transcript.gone': 'The oldest utterances ({gone}) are no longer here: the newest {max} are kept.',
  'transcript.spoken': '{seconds} s',
  'transcript.spoken.title': 'Length of the utterance',
  'transcript.latency': 'in {seconds} s',
  'transcript.details': 'Details',
  'transcript.at': 'at {time} of speech',
  'transcript.live': 'Speech… {seconds} s',
  'transcript.speaking': 'Still speaking…',
  'transcript.pending': 'Transcribing…',
  'transcript.provisional': 'Provisional',
  'transcript.empty_text': 'No words',
  'transcript.translation': 'In English',
  'transcript.held': '{seconds} s of speech kept here until it can be sent',
  'transcript.twice': 'The first, quick text was doubtful, so that it was heard a second time.',
  'transcript.doubtful': 'Unsure',
  'doubtful.low_confidence': 'The speech model itself is unsure of these words.',
  'doubtful.translation': 'The speech model is unsure of the translation, and so the sentiment may be wrong.',
  'doubtful.repetition': 'The speech model repeated itself; the repetition was cut out.',
  'transcript.gap': '{seconds} s without words',
  'transcript.gap.title': 'Somebody spoke at {time}, but no words could be made out.',
  'transcript.code': 'Code of the fault: {code}',
  'transcript.lost': 'The server no longer knows this session, so the result of this utterance is lost.',

  'zone.positive': 'Positive',
  'zone.neutral': 'Neutral',
  'zone.negative': 'Negative',
  'zone.none': 'No sentiment',
  'zone.title': 'The model’s verdict: {label}, {score}.',
  'zone.weak': 'So weak a verdict counts as neutral.',
  'neutral.too_short': 'Too short to tell',
  'neutral.too_short.title': 'One or two words say too little: they count as neutral.',
  'neutral.no_verb': 'No whole sentence',
  'neutral.no_verb.title': 'The beginning of a sentence, without a verb, says too little: it counts as neutral.',
  'neutral.cut': 'Cut off',
  'neutral.cut.title': 'The sentence was cut off at the length limit: its sentiment says little, so it counts as neutral.',
  'sentence.line': '“{text}”: {felt}',

  'files.title': 'Files',
  'files.hint': 'Or drop an audio or video file anywhere on this page.',
  'files.none': 'This server does not take files.',
  'files.unavailable': 'What the page needs for files could not be fetched. Try again when the server is back.',

  'listen.play': 'Play from {time}',
  'listen.gone': 'This is no longer kept here, so it cannot be played.',
  'listen.failed': 'The browser could not play this.',
  'listen.unavailable': 'What keeps and plays your speech could not be fetched. Reload the page when the server is back.',

  'tools.title': 'Take it with you',
  'tools.copy': 'Copy',
  'tools.copied': 'Copied',
  'tools.copy_failed': 'The browser refused the clipboard. Download it as TXT instead.',
  'tools.download': 'Download',
  'tools.saved': 'Saved as {name}',
  'tools.save_failed': 'The file could not be made. Try again when the server is back.',
  'tools.clear': 'Clear',
  'tools.cleared': 'Cleared: {count}',
  'tools.undo': 'Undo',
  'tools.nothing': 'There is nothing here yet.',
  'export.txt': 'to read',
  'export.srt': 'subtitles',
  'export.vtt': 'subtitles for the web',
  'export.csv': 'for spreadsheets',
  'export.json': 'for programs, with everything',

  'dropped.prefix': 'Not shown: {reason}',
  'dropped.no_speech': 'no speech was heard',
  'dropped.no_speech.times': 'Not shown: no speech was heard, {count} times',
  'dropped.earlier': '{count} earlier',
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
  'stats.unjudged': 'Not judged',
  'stats.latency': 'Latency',
  'stats.p50': 'Half within',
  'stats.p95': '95% within',
  'stats.dropped': 'Not speech',
  'stats.errors': 'Failed',
  'stats.service': 'Utterances of all sessions',
  'stats.felt': 'From your last word to its text',
  'stats.server': 'Of that, on the server',
  'stats.speech_model': 'Speech model',
  'stats.sentiment_model': 'Sentiment model',
  'stats.demo': 'Demo model in use',
  'stats.none': '–',
  'stats.seconds': '{seconds} s',

  'trend.title': 'Sentiment over time',
  'trend.label': 'Sentiment of each sentence over time',
  'trend.all': 'Mean of {count}: {score}',
  'trend.one': '{time} · {sentiment} · {score}',
  'trend.many': '{time} · {sentiment} · mean of {count}: {score}',
  'trend.table': 'As a table',
  'trend.time': 'Time',
  'trend.score': 'Score',
  'trend.count': 'Count',
  'trend.speaker': 'Speaker',

  'stage.title': 'Where the time goes (medians)',
  'stage.wait': 'Waiting for the end of speech',
  'stage.network': 'Upload and network',
  'stage.queue': 'Queue',
  'stage.speech': 'Speech recognition',
  'stage.sentiment': 'Sentiment',
  'stage.relay': 'Relay',
  'stage.other': 'Other',
  'stage.total': 'Total',
  'stage.ms': '{ms} ms',
  'stage.unknown': 'The server’s part only: this page was not there to measure the waiting and the network.',

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

  'notice.label': 'Messages',
  'notice.dismiss': 'Dismiss',
  'notice.more': '{count} more',
  'notice.fewer': 'Show fewer',
  'notice.demo':
    'Demo model in use. It knows about 270 English words and learnt them from computer voices: try the clips. It does ' +
    'not understand everyday speech or other languages. For those, start the ' +
    'server where it reaches the internet or a Python package index; its log says what it tried.',
  'notice.demo.sentiment':
    'Demo sentiment model in use. It judges simple English sentences and not much else. ' +
    'For everyday texts, start the server where it reaches the internet or a Python package index.',
  'notice.loading':
    'The server is still loading: {what}. You can speak already: what you say waits there and is shown as soon as it is ready.',
  'notice.loading.speech': 'speech recognition',
  'notice.loading.sentiment': 'sentiment analysis',
  'notice.download.speech': 'The speech model is being loaded: {done} of {total} MB.',
  'notice.download.sentiment': 'The sentiment model is being loaded: {done} of {total} MB.',
  'notice.absent':
    'Missing on the server: {what}. What you say waits there for a few minutes. If this lasts, ask who runs the server ' +
    'to start its workers; this page notices by itself.',
  'notice.loaded': 'The server is ready: {models}.',
  'notice.waiting': 'The connection is lost. You can go on speaking: it is kept here and sent when the server is back.',
  'notice.offline': 'This device is offline. You can go on speaking: it is kept here and sent when the network is back.',
  'notice.busy': 'The server cannot serve this page at the moment. What you say is kept here.',
  'notice.next': 'Next try in {seconds} s.',
  'notice.trying': 'Trying now…',
  'notice.held': '{seconds} s of speech are kept here and will be sent.',
  'notice.full':
    'Recording stopped: {minutes} minutes of speech wait to be sent and no more can be kept. ' +
    'They are sent when the server is back; keep this page open.',
  'notice.session_lost': 'The server no longer knew the earlier session. A new one has begun.',
  'notice.taken_over': 'This transcript is open in another tab or window, so this one has stopped.',
  'notice.taken_over.action': 'Continue here',
  'notice.refused': 'The server did not let this page in. Reload the page; if that does not help, ask who runs the server.',
  'notice.broken': 'The server could not read what this page sent, which is a fault in the page. Reload it to go on.',
  'notice.reload': 'Reload',
  'notice.quiet':
    'Nothing was loud enough to be taken for speech so far. Speak closer to the microphone, or choose another one or a ' +
    'higher sensitivity in the settings.',
  'notice.dead':
    'The microphone delivers complete silence. It may be muted, by its own switch or in the system, or be the wrong one: ' +
    'choose another in the settings.',
  'notice.settings': 'Settings',

  'busy.connections_full': 'All places on the server are taken. This page waits for one; what you say is kept here.',
  'busy.queue_full': 'Too many utterances are waiting on the server. Yours are kept here and sent when there is room.',
  'busy.behind': 'Speech recognition is far behind. What you say is kept here and sent when it has caught up.',
  'busy.unavailable': 'The server is starting or recovering. What you say is kept here and sent when it is ready.',
  'busy.too_many_attempts': 'Too many wrong access tokens came from your address. This page waits before it tries again.',

  'refused.not_allowed': 'The server asks for its access token. Reload the page to enter it.',
  'refused.origin_not_allowed':
    'The server does not serve pages from this address. Open its own address, or ask who runs it to allow this one.',

  'error.gave_up': 'This utterance could not be processed, although it was tried several times.',
  'error.no_answer': 'No worker has processed this utterance, although it was sent several times.',
  'error.speech_failed': 'Speech recognition failed on this utterance. Please say it again.',
  'error.analyzer_failed': 'The sentiment analysis failed on this utterance, although it was tried several times.',

  'problem.again': 'Try again',
  'problem.refused': 'This page may not use the microphone. To allow it in this browser:',
  'problem.dismissed':
    'The question for the microphone was closed without an answer. Try again and choose “Allow”: without it nothing can be heard.',
  'problem.system': 'The operating system does not let this browser use the microphone. To allow it:',
  'problem.policy':
    'The page that this one is shown in, or the server, forbids the microphone here. Open this page in a tab of its own; ' +
    'if that does not help, ask who runs the server about its Permissions-Policy.',
  'problem.no_microphone': 'No microphone was found. Connect one, or switch it on, then try again. The clips work without one.',
  'problem.in_use': 'The microphone is in use by another program. Close that program, then try again.',
  'problem.insecure':
    'This address is not secure (http), and browsers give no page a microphone there. On the server’s own machine ' +
    'http://localhost works. From elsewhere open the page by HTTPS:',
  'problem.unsupported': 'This browser cannot record sound in the way this page needs. A current version of Chrome, Edge, Firefox or Safari can.',
  'problem.disconnected': 'The microphone was disconnected. What you said so far was kept. Connect it and press Start again.',
  'problem.interrupted': 'The system held the sound back for too long, as in a call or after sleep. Press Start to go on.',
  'problem.processing': 'The sound processing stopped unexpectedly. Press Start to go on.',
  'problem.clip': 'The clip could not be played.',
  'problem.not_shared':
    'Nothing was shared, so there is nothing to hear. Try again and choose a tab. If the browser does not ask, the system ' +
    'or the server forbids it to share the screen.',
  'problem.no_sound_shared':
    'No sound was shared. Try again, choose a tab that plays something, and switch on “Also share tab audio” below it.',
  'problem.other': 'The recording could not start: {detail}',

  'notice.microphone_gone': 'The microphone chosen in the settings is not there, so another one is heard.',

  'notice.stuck':
    'No sound comes from the microphone after an interruption, and opening it again did not help. End what else uses it, ' +
    'such as a call, check its switch, then press “Listen again”.',
  'notice.stuck.action': 'Listen again',

  'settings.title': 'Settings',
  'settings.close': 'Close',
  'settings.unavailable': 'The settings could not be fetched. Try again when the server is back.',
  'settings.microphone': 'Microphone',
  'settings.device': 'Listen with',
  'settings.microphone.default': 'The browser’s choice',
  'settings.microphone.gone': 'The chosen one (not connected)',
  'settings.microphone.gone.hint': 'It is not connected, so the browser’s choice is heard until it is back.',
  'settings.microphone.tab': 'The sound of another tab',
  'settings.microphone.tab.hint':
    'When you press Start, the browser asks which tab: switch on “Also share tab audio” there. Its picture is not used.',
  'settings.microphone.unnamed': 'Browsers name the microphones only after you have allowed one.',
  'settings.echo': 'Echo cancellation',
  'settings.echo.hint': 'Takes out what comes from the loudspeakers.',
  'settings.noise': 'Noise suppression',
  'settings.noise.hint': 'Takes out steady noise, such as a fan.',
  'settings.gate': 'Voice gate',
  'settings.threshold': 'Counts as speech from',
  'settings.threshold.hint': 'Set the handle above the room’s noise and below your voice.',
  'settings.db': '{db} dB',
  'settings.level': 'Level now',
  'settings.reset': 'Reset',
  'settings.test': 'Show my level',
  'settings.test.stop': 'Hide my level',
  'settings.test.hint': 'Nothing is sent while the level shows here.',
  'settings.calibrate': 'Calibrate to this room',
  'calibrate.asking': 'Asking for the microphone…',
  'calibrate.measuring': 'Measuring the room: please be quiet for two seconds…',
  'calibrate.set': 'The room’s noise is at {noise} dB. Speech now counts from {threshold} dB.',
  'calibrate.loud': 'The room is loud, at {noise} dB. Speech now counts from {threshold} dB: speak close to the microphone.',
  'calibrate.unsteady': 'It was not quiet enough to measure the room, so nothing was changed. Try again without speaking.',
  'calibrate.silent': 'No sound at all came from the microphone. It may be muted, so nothing was changed.',
  'calibrate.failed': 'The room could not be measured. {reason}',
  'settings.hangover': 'Quiet that ends an utterance',
  'settings.hangover.hint': 'Shorter brings the text sooner, longer keeps sentences whole.',
  'settings.hangover.sentences': 'Not in use while sentences are kept together.',
  'settings.follow': 'Follow the room’s noise',
  'settings.follow.hint': 'In a loud room only what stands out from its noise or music counts as speech: the threshold rises from the chosen one up to {ceiling} dB, and falls again when it is quiet.',
  'settings.follow.raised': 'Now {db} dB, because of noise.',
  'settings.sentences': 'Keep sentences together',
  'settings.sentences.hint': 'A pause in the middle of a sentence does not end it; a finished sentence is shown sooner.',
  'settings.seconds': '{seconds} s',
  'settings.recognition': 'Recognition',
  'settings.spoken': 'Spoken language',
  'settings.spoken.detect': 'Detect it',
  'settings.hints': 'Names and words that may come',
  'settings.hints.hint': 'Spelled as they should be written, with commas between them.',
  'settings.words': 'Times of single words',
  'settings.words.hint': 'Long utterances become several subtitles, and each word is marked while you hear it again.',
  'settings.partials': 'Show words while I am still speaking',
  'settings.partials.hint': 'Faint words may still change. The final text takes their place when the utterance ends.',
  'settings.page': 'This page',
  'settings.keep': 'Keep what I say in this tab',
  'settings.keep.hint':
    'So that I can hear it again: up to 30 minutes, gone with the tab, never sent anywhere else. What was said before this was on, ' +
    'or before the page was loaded, cannot be played. Off or “Clear” throws it away at once.',
  'settings.language': 'Language',
  'settings.language.auto': 'As the browser',
  'settings.language.hint': 'The page loads again. The transcript stays, recording stops.',
  'settings.theme': 'Appearance',
  'settings.theme.auto': 'As the system',
  'settings.theme.light': 'Light',
  'settings.theme.dark': 'Dark',

  'allow.chromium':
    'Click the icon to the left of the address.\n' + 'Set Microphone to “Allow”.\n' + 'Close that menu and try again.',
  'allow.firefox':
    'Click the crossed-out microphone, or the lock, to the left of the address.\n' +
    'Remove “Blocked” beside “Use the microphone”.\n' +
    'Try again and choose “Allow”.',
  'allow.safari':
    'In the menu bar, choose Safari, then Settings for This Website.\n' +
    'Set Microphone to “Allow”.\n' +
    'Try again.',
  'allow.android':
    'Tap the icon to the left of the address, then Permissions.\n' +
    'Allow the microphone.\n' +
    'If it is not listed: Android’s settings, Apps, this browser, Permissions, Microphone.\n' +
    'Try again.',
  'allow.ios':
    'Tap the page menu in the address bar, then Website Settings (the three dots on newer versions).\n' +
    'Set Microphone to “Allow”.\n' +
    'Try again.',
  'allow.ios_app':
    'Open the Settings app and in it this browser.\n' + 'Switch the microphone on.\n' + 'Come back and try again.',
  'allow.other':
    'Open the browser’s settings for this website.\n' + 'Allow the microphone.\n' + 'Try again.',

  'system.windows':
    'Open Settings, Privacy & security, Microphone.\n' +
    'Switch on the access for apps, for desktop apps as well.\n' +
    'Try again.',
  'system.mac':
    'Open System Settings, Privacy & Security, Microphone.\n' +
    'Switch on this browser.\n' +
    'Restart the browser and try again.',
  'system.other': 'Open the system’s privacy settings.\n' + 'Let this browser use the microphone.\n' + 'Try again.',
};

/** @typedef {keyof typeof ENGLISH} StringKey */
