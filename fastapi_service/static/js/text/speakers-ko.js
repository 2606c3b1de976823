// The words about who speaks, in Korean, under the keys of speakers-en.js.

/** @type {Record<import('./speakers-en.js').SpeakerStringKey, string>} */
export const SPEAKERS_KOREAN = {
  'numbered': '화자 {number}',
  'unknown': '화자 ?',
  'unknown.title': '누가 한 말인지 알 수 없습니다. 말이 너무 짧거나, 지금까지의 어느 목소리와도 닮지 않았거나 여러 목소리와 닮았습니다.',
  'chip.title': '이 화자에게 이름 붙이기',
  'said': '{speaker}: {text}',

  'name.label': '{speaker}의 이름',
  'name.placeholder': '이름',
  'name.failed.lost': '서버에 연결할 수 없어 이름을 저장하지 못했습니다. 서버가 돌아오면 다시 시도해 주세요.',
  'name.failed.gone': '서버가 이 세션을 더 이상 알지 못해 이름을 저장하지 못했습니다.',
  'name.failed.refused': '서버가 이 이름을 받아들이지 않았습니다.',

  'filter.label': '한 사람의 말만 보기',
  'filter.all': '전체',
  'filter.shown': '{all}개 중 {shown}개',
  'filter.shown.title': '지금 보이는 발화',
  'filter.said': '{speaker}의 발화: {all}개 중 {shown}개',

  'stats.title': '화자',
  'stats.speaker': '화자',
  'stats.words': '단어',
  'stats.time': '시간',
  'stats.label': '화자별로 말한 양과 감정',
  'stats.newest': '가장 최근 결과 {count}개 기준입니다.',
  'trend.of': '대상',
  'trend.everybody': '모두',

  'settings.title': '화자',
  'settings.tell': '화자 구분하기',
  'settings.tell.hint': '글이 나온 뒤 잠시 후 각 줄에 화자가 표시됩니다. 앞으로 추가하는 파일에도 적용됩니다.',
  'settings.prints':
    '같은 목소리를 다시 알아보기 위해 서버는 목소리를 숫자로 바꾼 ‘성문’을 만듭니다. 성문은 이 세션 동안만 보관되며, ' +
    '누구에게도 전달되지 않고 다른 세션과 비교되지 않습니다.',
  'settings.limits':
    '한 번에 한 사람씩 마이크 가까이에서 말할 때 가장 잘 구분됩니다. 여러 사람이 동시에 말하거나 마이크에서 멀면 ' +
    '화자가 뒤바뀌거나 알 수 없음으로 남습니다.',
  'settings.forget': '목소리 지우기',
  'settings.forget.done': '성문을 지웠습니다. 이제부터 말하는 사람은 새 화자가 됩니다.',
  'settings.forget.none': '아직 세션이 없어 지울 성문이 없습니다.',
  'settings.forget.lost': '서버에 연결할 수 없어 지우지 못했습니다. 서버가 돌아오면 다시 시도해 주세요.',
  'settings.forget.gone': '서버가 이 세션을 더 이상 알지 못합니다. 성문은 이미 지워졌습니다.',
  'settings.forget.refused': '서버가 지우기를 거부했습니다. 페이지를 새로 고친 뒤 다시 시도해 주세요.',
};
