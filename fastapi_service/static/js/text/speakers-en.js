// The words about who speaks, in English: fetched with what shows them. speakers-ko.js has the same keys.

export const SPEAKERS_ENGLISH = {
  'numbered': 'Speaker {number}',
  'unknown': 'Speaker ?',
  'unknown.title': 'It cannot be told who says this: the piece is too short, or the voice is like none or like several so far.',
  'chip.title': 'Give this speaker a name',
  'said': '{speaker}: {text}',

  'name.label': 'Name of {speaker}',
  'name.placeholder': 'Name',
  'name.failed.lost': 'The name could not be kept, because the server cannot be reached. Try again when it is back.',
  'name.failed.gone': 'The server no longer knows this session, so the name could not be kept.',
  'name.failed.refused': 'The server did not take this name.',

  'filter.label': 'Show what one of them says',
  'filter.all': 'All',
  'filter.shown': '{shown} of {all}',
  'filter.shown.title': 'Utterances that are shown',
  'filter.said': 'Utterances of {speaker}: {shown} of {all}',

  'stats.title': 'Speakers',
  'stats.speaker': 'Speaker',
  'stats.words': 'Words',
  'stats.time': 'Time',
  'stats.label': 'What each speaker said, and how it felt',
  'stats.newest': 'Of the newest {count} results.',
  'trend.of': 'Of',
  'trend.everybody': 'Everybody',

  'settings.title': 'Speakers',
  'settings.tell': 'Tell speakers apart',
  'settings.tell.hint': 'Each line gets its speaker, a moment after the text. Also in files that are added from now on.',
  'settings.prints':
    'To know a voice again, the server makes a row of numbers of it, a voice print. It keeps them as long as this session, ' +
    'gives them to nobody and compares them with no other session.',
  'settings.limits':
    'It works best with one person at a time, near the microphone. Where several talk at once, or far from it, speakers ' +
    'are mixed up or stay unknown.',
  'settings.forget': 'Forget voices',
  'settings.forget.done': 'The voice prints are deleted. Who speaks from now on is a new speaker.',
  'settings.forget.none': 'There is no session yet, so there are no voice prints.',
  'settings.forget.lost': 'The server cannot be reached, so nothing was deleted. Try again when it is back.',
  'settings.forget.gone': 'The server no longer knows this session: its voice prints are gone already.',
  'settings.forget.refused': 'The server refused to delete them. Reload the page and try again.',
};

/** @typedef {keyof typeof SPEAKERS_ENGLISH} SpeakerStringKey */
