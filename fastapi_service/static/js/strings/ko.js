// The page's words in Korean, under the keys of en.js.

/** @type {Record<import('./en.js').StringKey, string>} */
export const KOREAN = {
  'app.title': 'WhisperTextAnalyzer',
  'app.tagline': '말하면, 무슨 말을 했고 어떤 느낌이었는지 보여 줍니다.',

  'control.start': '시작',
  'control.stop': '정지',
  'control.off': '시작을 누르고 말씀하세요.',
  'control.off.hint': '스페이스 바로 시작하고 멈출 수 있습니다.',
  'control.off.hint.touch': '말소리만 전송되고, 조용할 때는 아무것도 보내지 않습니다.',
  'control.starting': '마이크를 기다리는 중…',
  'control.starting.hint': '브라우저가 권한을 물을 수 있습니다.',
  'control.listening': '듣고 있습니다…',
  'control.listening.hint': '말소리만 전송되고, 조용할 때는 아무것도 보내지 않습니다.',
  'control.speaking': '말씀을 듣는 중…',
  'control.speaking.hint': '잠시 멈추면 한 발화가 끝납니다.',
  'control.muted': '마이크에서 소리가 나지 않습니다.',
  'control.muted.hint': '시스템이나 기기의 스위치로 음소거되어 있습니다.',
  'control.clip': '예시 음성을 재생하는 중…',
  'control.clip.hint': '목소리와 같은 경로로 전송됩니다.',
  'control.level': '입력 음량',

  'clips.title': '예시 음성',
  'clips.play': '예시 음성 재생: “{text}”',

  'transcript.title': '기록',
  'transcript.empty.title': '아직 말한 내용이 없습니다',
  'transcript.empty': '말을 멈추면 약 1초 뒤에 발화와 감정이 여기에 나타납니다.',
  'transcript.latest': '최신으로',
  'transcript.spoken': '{seconds}초',
  'transcript.latency': '{seconds}초 만에',
  'transcript.latency.title': '발화가 끝난 뒤 결과가 나오기까지 걸린 시간: {stages}',
  'transcript.at': '음성 {time} 지점',
  'transcript.live': '말하는 중… {seconds}초',
  'transcript.pending': '받아쓰는 중…',
  'transcript.empty_text': '단어 없음',
  'transcript.translation': '영어 번역',
  'transcript.held': '보낼 수 있을 때까지 음성 {seconds}초를 여기에 보관합니다',
  'transcript.lost': '서버에 이 세션이 더 이상 없어 이 발화의 결과를 받을 수 없습니다.',

  'zone.positive': '긍정',
  'zone.neutral': '중립',
  'zone.negative': '부정',
  'zone.none': '감정 없음',
  'zone.title': '모델의 판정: {label}, {score}',

  'dropped.prefix': '표시하지 않음: {reason}',
  'dropped.no_speech': '말소리가 들리지 않았습니다',
  'dropped.low_confidence': '단어를 알아들을 수 없었습니다',
  'dropped.repetition': '인식 결과가 반복되었습니다',
  'dropped.empty_text': '인식된 단어가 없습니다',

  'caption.result': '{text} ({sentiment})',
  'caption.plain': '{text}',

  'stats.title': '이번 세션',
  'stats.utterances': '발화',
  'stats.words': '단어',
  'stats.wpm': '분당 단어',
  'stats.sentiment': '감정',
  'stats.latency': '지연 시간',
  'stats.p50': '절반이 이 시간 안에',
  'stats.p95': '95%가 이 시간 안에',
  'stats.dropped': '음성 아님',
  'stats.errors': '실패',
  'stats.service': '모든 세션의 발화',
  'stats.models': '모델',
  'stats.none': '–',
  'stats.seconds': '{seconds}초',

  'connection.connecting': '연결하는 중…',
  'connection.open': '연결됨',
  'connection.waiting': '연결 끊김',
  'connection.busy': '서버가 바쁩니다',
  'connection.next': '{seconds}초 뒤 다시 시도',
  'connection.idle': '말할 때까지 대기 중',
  'connection.taken_over': '다른 탭에서 열림',
  'connection.refused': '접근이 허용되지 않음',
  'connection.broken': '중단됨',
  'connection.retry': '지금 시도',

  'notice.dismiss': '닫기',
  'notice.demo':
    '데모 모델을 사용 중입니다. 영어 단어를 조금만 알고 있으니 예시 음성으로 시험해 보세요. 일상 대화에는 WHISPER_MODEL을 설정하세요.',
  'notice.waiting': '연결이 끊어졌습니다. 계속 말씀하셔도 됩니다. 여기에 보관했다가 서버가 돌아오면 보냅니다.',
  'notice.full':
    '녹음을 멈췄습니다. 보내지 못한 음성이 {minutes}분 쌓여 더 보관할 수 없습니다. ' +
    '서버가 돌아오면 보내니 이 페이지를 열어 두세요.',
  'notice.session_lost': '서버에 이전 세션이 없어 새 세션을 시작했습니다.',
  'notice.taken_over': '이 기록이 다른 탭이나 창에서 열려 여기서는 멈췄습니다.',
  'notice.taken_over.action': '여기서 계속',
  'notice.refused': '서버가 이 페이지의 접근을 허용하지 않았습니다. 페이지를 새로 고치고, 그래도 안 되면 서버 관리자에게 문의하세요.',
  'notice.broken': '이 페이지가 보낸 내용을 서버가 읽지 못했습니다. 페이지의 오류이니 새로 고쳐서 계속하세요.',
  'notice.reload': '새로 고침',

  'problem.refused':
    '브라우저가 마이크를 거부했습니다. 허용하려면 주소 왼쪽의 아이콘을 눌러 ' +
    '마이크를 ‘허용’으로 바꾼 뒤 시작을 다시 누르세요.',
  'problem.no_microphone': '마이크를 찾을 수 없습니다. 마이크를 연결한 뒤 시작을 다시 누르세요.',
  'problem.in_use': '다른 프로그램이 마이크를 사용하고 있습니다. 그 프로그램을 닫은 뒤 시작을 다시 누르세요.',
  'problem.insecure':
    '브라우저는 보안 페이지에서만 마이크를 허용합니다. 주소 앞에 https://를 붙여 이 페이지를 열거나, ' +
    '서버가 있는 컴퓨터에서 http://localhost로 여세요.',
  'problem.unsupported': '이 브라우저는 이 페이지에 필요한 방식으로 녹음할 수 없습니다. Chrome, Edge, Firefox, Safari의 최신 버전을 사용하세요.',
  'problem.disconnected': '마이크 연결이 끊어졌습니다. 지금까지 말한 내용은 보관했습니다. 다시 연결하고 시작을 누르세요.',
  'problem.processing': '소리 처리가 예기치 않게 멈췄습니다. 시작을 눌러 계속하세요.',
  'problem.clip': '예시 음성을 재생할 수 없습니다.',
  'problem.other': '녹음을 시작할 수 없습니다: {detail}',
};
