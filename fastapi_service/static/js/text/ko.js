// The page's words in Korean, under the keys of en.js.

/** @type {Record<import('./en.js').StringKey, string>} */
export const KOREAN = {
  'app.title': 'WhisperTextAnalyzer',
  'app.tagline': '말하면, 무슨 말을 했고 어떤 느낌이었는지 보여 줍니다.',

  'control.start': '시작',
  'control.stop': '정지',
  'control.off': '시작을 누르고 말씀하세요.',
  'control.off.hint': '스페이스 바로 시작하고 멈출 수 있습니다.',
  'control.off.hint.touch': '말소리만 보내고, 조용할 때는 보내지 않습니다.',
  'control.cancel': '취소',
  'control.starting': '마이크 권한을 요청하는 중…',
  'control.starting.hint': '브라우저가 물으면 허용해 주세요.',
  'control.choosing': '무엇을 들을지 묻는 중…',
  'control.choosing.hint': '탭을 고르고 소리도 함께 공유해 주세요.',
  'control.loading': '예시 음성을 가져오는 중…',
  'control.loading.hint': '목소리와 같은 경로로 전송됩니다.',
  'control.listening': '듣고 있습니다…',
  'control.listening.hint': '말소리만 보내고, 조용할 때는 보내지 않습니다.',
  'control.speaking': '말씀을 듣는 중…',
  'control.speaking.hint': '잠시 멈추면 한 발화가 끝납니다.',
  'control.reopening': '마이크를 다시 여는 중…',
  'control.reopening.hint': '저절로 이어집니다.',
  'control.playing': '재생 중에는 말씀을 듣지 않습니다.',
  'control.playing.hint': '재생이 끝나면 다시 듣습니다. Esc로 멈춥니다.',
  'control.muted': '마이크에서 소리가 나지 않습니다.',
  'control.muted.hint': '통화, 시스템, 기기의 스위치 중 하나 때문입니다.',
  'control.clip': '예시 음성을 재생하는 중…',
  'control.clip.hint': '목소리와 같은 경로로 전송됩니다.',
  'control.reconnecting': '다시 연결하는 중입니다. 계속 말씀하세요.',
  'control.reconnecting.hint': '서버가 돌아올 때까지 여기에 보관합니다.',
  'control.paused': '시스템이 소리를 멈췄습니다.',
  'control.paused.hint': '통화나 절전이 끝나면 저절로 이어집니다.',
  'control.stopped': '녹음이 멈췄습니다.',
  'control.failed': '녹음을 시작하지 못했습니다.',
  'control.stopped.refused': '마이크가 허용되지 않았습니다.',
  'control.stopped.no_microphone': '마이크가 없습니다.',
  'control.stopped.in_use': '다른 프로그램이 마이크를 쓰고 있습니다.',
  'control.stopped.insecure': 'https:// 주소로 열어야 합니다.',
  'control.stopped.unsupported': '이 브라우저는 녹음할 수 없습니다.',
  'control.stopped.disconnected': '마이크 연결이 끊어졌습니다.',
  'control.stopped.interrupted': '시스템이 소리를 너무 오래 막았습니다.',
  'control.stopped.processing': '소리 처리가 중단되었습니다.',
  'control.stopped.clip': '예시 음성을 재생할 수 없습니다.',
  'control.stopped.full': '음성을 더 보관할 수 없습니다.',
  'control.stopped.taken_over': '다른 탭이나 창에서 이어집니다.',
  'control.stopped.server': '서버가 이 페이지의 음성을 더 받지 않습니다.',
  'control.stopped.not_shared': '공유한 것이 없습니다.',
  'control.stopped.no_sound_shared': '소리가 공유되지 않았습니다.',
  'control.stopped.sharing_ended': '공유가 끝났습니다.',
  'control.stopped.other': '자세한 내용은 위의 알림을 보세요.',
  'control.level': '입력 음량',
  'control.level.none': '소리 없음',
  'control.level.quiet': '조용함',
  'control.level.speech': '말소리',
  'control.level.pause': '잠시 멈춤',

  'clips.title': '예시 음성',
  'clips.play': '예시 음성 재생: “{text}”',
  'clips.stop': '예시 음성 정지: “{text}”',

  'transcript.title': '기록',
  'transcript.empty.title': '아직 말한 내용이 없습니다',
  'transcript.empty': '말을 멈추면 약 1초 뒤에 발화와 감정이 여기에 나타납니다.',
  'transcript.latest': '최신으로',
  'transcript.fresh': '새 발화 {count}개',
  'transcript.gone': '오래된 발화 {gone}개는 더 이상 여기에 없습니다. 최근 {max}개를 보관합니다.',
  'transcript.spoken': '{seconds}초',
  'transcript.spoken.title': '발화 길이',
  'transcript.latency': '{seconds}초 만에',
  'transcript.details': '자세히',
  'transcript.at': '음성 {time} 지점',
  'transcript.live': '말하는 중… {seconds}초',
  'transcript.speaking': '아직 말하는 중…',
  'transcript.pending': '받아쓰는 중…',
  'transcript.provisional': '임시',
  'transcript.empty_text': '단어 없음',
  'transcript.translation': '영어 번역',
  'transcript.held': '보낼 수 있을 때까지 음성 {seconds}초를 여기에 보관합니다',
  'transcript.twice': '빠르게 받아쓴 첫 결과가 불확실하여 한 번 더 인식했습니다.',
  'transcript.doubtful': '불확실',
  'doubtful.low_confidence': '음성 모델도 이 단어들을 확신하지 못합니다.',
  'doubtful.translation': '음성 모델이 번역을 확신하지 못하므로 감정도 틀릴 수 있습니다.',
  'doubtful.repetition': '음성 모델이 같은 말을 반복하여 반복된 부분을 잘라 냈습니다.',
  'transcript.gap': '{seconds}초 인식 안 됨',
  'transcript.gap.title': '{time}에 말소리가 있었지만 단어를 알아들을 수 없었습니다.',
  'transcript.code': '오류 코드: {code}',
  'transcript.lost': '서버에 이 세션이 더 이상 없어 이 발화의 결과를 받을 수 없습니다.',

  'zone.positive': '긍정',
  'zone.neutral': '중립',
  'zone.negative': '부정',
  'zone.none': '감정 없음',
  'zone.title': '모델의 판정: {label}, {score}.',
  'zone.weak': '이처럼 약한 판정은 중립으로 봅니다.',
  'neutral.too_short': '판단하기에 너무 짧음',
  'neutral.too_short.title': '한두 단어로는 알 수 없어 중립으로 봅니다.',
  'neutral.no_verb': '완전한 문장이 아님',
  'neutral.no_verb.title': '동사가 없는 문장의 앞부분만으로는 알 수 없어 중립으로 봅니다.',
  'neutral.cut': '잘린 문장',
  'neutral.cut.title': '길이 제한에서 잘린 문장이라 감정을 알기 어려워 중립으로 봅니다.',
  'sentence.line': '“{text}”: {felt}',

  'files.title': '파일',
  'files.hint': '또는 오디오나 동영상 파일을 이 페이지 아무 곳에나 끌어다 놓으세요.',
  'files.none': '이 서버는 파일을 받지 않습니다.',
  'files.unavailable': '파일 기능에 필요한 내용을 가져오지 못했습니다. 서버가 돌아오면 다시 시도하세요.',

  'listen.play': '{time}부터 재생',
  'listen.gone': '더 이상 보관되어 있지 않아 재생할 수 없습니다.',
  'listen.failed': '브라우저가 재생하지 못했습니다.',
  'listen.unavailable': '말소리를 보관하고 재생하는 기능을 가져오지 못했습니다. 서버가 돌아오면 페이지를 새로 고쳐 주세요.',

  'tools.title': '내보내기',
  'tools.copy': '복사',
  'tools.copied': '복사했습니다',
  'tools.copy_failed': '브라우저가 클립보드를 거부했습니다. 대신 TXT로 내려받으세요.',
  'tools.download': '내려받기',
  'tools.saved': '{name} 저장됨',
  'tools.save_failed': '파일을 만들 수 없습니다. 서버가 돌아오면 다시 시도하세요.',
  'tools.clear': '지우기',
  'tools.cleared': '{count}개를 지웠습니다',
  'tools.undo': '되돌리기',
  'tools.nothing': '아직 아무것도 없습니다.',
  'export.txt': '읽기용',
  'export.srt': '자막',
  'export.vtt': '웹 자막',
  'export.csv': '스프레드시트용',
  'export.json': '프로그램용, 모든 정보 포함',

  'dropped.prefix': '표시하지 않음: {reason}',
  'dropped.no_speech': '말소리가 들리지 않았습니다',
  'dropped.no_speech.times': '표시하지 않음: 말소리가 {count}번 들리지 않았습니다',
  'dropped.earlier': '이전 {count}개',
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
  'stats.unjudged': '판정 없음',
  'stats.latency': '지연 시간',
  'stats.p50': '절반까지',
  'stats.p95': '95%까지',
  'stats.dropped': '음성 아님',
  'stats.errors': '실패',
  'stats.service': '모든 세션의 발화',
  'stats.felt': '마지막 말부터 글이 나올 때까지',
  'stats.server': '그중 서버에서',
  'stats.speech_model': '음성 모델',
  'stats.sentiment_model': '감정 모델',
  'stats.demo': '데모 모델 사용 중',
  'stats.none': '–',
  'stats.seconds': '{seconds}초',

  'trend.title': '시간에 따른 감정',
  'trend.label': '시간에 따른 문장별 감정',
  'trend.all': '{count}개 평균: {score}',
  'trend.one': '{time} · {sentiment} · {score}',
  'trend.many': '{time} · {sentiment} · {count}개 평균: {score}',
  'trend.table': '표로 보기',
  'trend.time': '시각',
  'trend.score': '점수',
  'trend.count': '개수',
  'trend.speaker': '화자',

  'stage.title': '단계별 소요 시간(중앙값)',
  'stage.wait': '발화 종료 대기',
  'stage.network': '업로드·네트워크',
  'stage.queue': '대기열',
  'stage.speech': '음성 인식',
  'stage.sentiment': '감정 분석',
  'stage.relay': '결과 전달',
  'stage.other': '기타',
  'stage.total': '합계',
  'stage.ms': '{ms}ms',
  'stage.unknown': '서버에서 걸린 시간만 표시합니다. 이 페이지가 열리기 전의 결과라 기다린 시간과 네트워크 시간은 알 수 없습니다.',

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

  'notice.label': '알림',
  'notice.dismiss': '닫기',
  'notice.more': '{count}개 더 보기',
  'notice.fewer': '접기',
  'notice.demo':
    '데모 모델을 사용 중입니다. 컴퓨터 음성으로 배운 영어 단어 약 270개만 알고 있으니 예시 음성으로 시험해 보세요. ' +
    '일상 대화나 다른 언어는 알아듣지 못합니다. 그런 말에는 인터넷이나 파이썬 ' +
    '패키지 저장소에 연결되는 곳에서 서버를 시작하세요. 무엇을 시도했는지는 서버 로그에 있습니다.',
  'notice.demo.sentiment':
    '데모 감정 모델을 사용 중입니다. 간단한 영어 문장만 판단할 수 있습니다. ' +
    '일상적인 글에는 인터넷이나 파이썬 패키지 저장소에 연결되는 곳에서 서버를 시작하세요.',
  'notice.loading':
    '서버가 아직 준비하는 중입니다: {what}. 지금 말씀하셔도 됩니다. 서버에 대기했다가 준비되는 대로 표시됩니다.',
  'notice.loading.speech': '음성 인식',
  'notice.loading.sentiment': '감정 분석',
  'notice.download.speech': '음성 모델을 내려받는 중입니다: {total}MB 중 {done}MB.',
  'notice.download.sentiment': '감정 모델을 내려받는 중입니다: {total}MB 중 {done}MB.',
  'notice.absent':
    '서버에 실행되고 있지 않은 기능이 있습니다: {what}. 말씀하신 내용은 서버에서 몇 분 동안 기다립니다. ' +
    '계속되면 서버 관리자에게 작업자(worker)를 시작해 달라고 요청하세요. 시작되면 이 페이지가 알아서 이어갑니다.',
  'notice.loaded': '서버가 준비되었습니다: {models}.',
  'notice.waiting': '연결이 끊어졌습니다. 계속 말씀하셔도 됩니다. 여기에 보관했다가 서버가 돌아오면 보냅니다.',
  'notice.offline': '이 기기가 오프라인입니다. 계속 말씀하셔도 됩니다. 여기에 보관했다가 네트워크가 돌아오면 보냅니다.',
  'notice.busy': '서버가 지금은 이 페이지에 응할 수 없습니다. 말씀하신 내용은 여기에 보관합니다.',
  'notice.next': '{seconds}초 뒤에 다시 시도합니다.',
  'notice.trying': '지금 시도하는 중…',
  'notice.held': '음성 {seconds}초를 여기에 보관하고 있으며 나중에 보냅니다.',
  'notice.full':
    '녹음을 멈췄습니다. 보내지 못한 음성이 {minutes}분 쌓여 더 보관할 수 없습니다. ' +
    '서버가 돌아오면 보내니 이 페이지를 열어 두세요.',
  'notice.session_lost': '서버에 이전 세션이 없어 새 세션을 시작했습니다.',
  'notice.taken_over': '이 기록이 다른 탭이나 창에서 열려 여기서는 멈췄습니다.',
  'notice.taken_over.action': '여기서 계속',
  'notice.refused': '서버가 이 페이지의 접근을 허용하지 않았습니다. 페이지를 새로 고치고, 그래도 안 되면 서버 관리자에게 문의하세요.',
  'notice.broken': '이 페이지가 보낸 내용을 서버가 읽지 못했습니다. 페이지의 오류이니 새로 고쳐서 계속하세요.',
  'notice.reload': '새로 고침',
  'notice.quiet':
    '아직 말소리로 볼 만큼 큰 소리가 들리지 않았습니다. 마이크에 더 가까이 말씀하시거나 설정에서 다른 마이크나 더 높은 감도를 고르세요.',
  'notice.dead':
    '마이크에서 아무 소리도 들어오지 않습니다. 마이크의 스위치나 시스템에서 음소거되었거나 다른 마이크가 선택되었을 수 있습니다. ' +
    '설정에서 다른 마이크를 골라 보세요.',
  'notice.settings': '설정',

  'busy.connections_full': '서버의 자리가 모두 찼습니다. 자리가 날 때까지 기다리며, 말씀하신 내용은 여기에 보관합니다.',
  'busy.queue_full': '서버에 기다리는 발화가 너무 많습니다. 말씀하신 내용은 여기에 보관했다가 자리가 나면 보냅니다.',
  'busy.behind': '음성 인식이 많이 밀려 있습니다. 말씀하신 내용은 여기에 보관했다가 따라잡으면 보냅니다.',
  'busy.unavailable': '서버가 시작 중이거나 복구 중입니다. 말씀하신 내용은 여기에 보관했다가 준비되면 보냅니다.',
  'busy.too_many_attempts': '이 주소에서 잘못된 접근 토큰이 너무 많이 왔습니다. 잠시 기다렸다가 다시 시도합니다.',

  'refused.not_allowed': '서버가 접근 토큰을 요구합니다. 페이지를 새로 고쳐 입력하세요.',
  'refused.origin_not_allowed':
    '서버가 이 주소의 페이지를 받지 않습니다. 서버의 주소로 직접 열거나 서버 관리자에게 이 주소를 허용해 달라고 요청하세요.',

  'error.gave_up': '여러 번 시도했지만 이 발화를 처리하지 못했습니다.',
  'error.no_answer': '여러 번 보냈지만 이 발화를 처리한 작업자가 없습니다.',
  'error.speech_failed': '이 발화의 음성 인식에 실패했습니다. 다시 말씀해 주세요.',
  'error.analyzer_failed': '여러 번 시도했지만 이 발화의 감정 분석에 실패했습니다.',

  'problem.again': '다시 시도',
  'problem.refused': '이 페이지는 마이크를 사용할 수 없습니다. 이 브라우저에서 허용하려면:',
  'problem.dismissed':
    '마이크 사용을 묻는 창이 답 없이 닫혔습니다. 다시 시도하고 ‘허용’을 고르세요. 허용하지 않으면 아무것도 들을 수 없습니다.',
  'problem.system': '운영체제가 이 브라우저의 마이크 사용을 막고 있습니다. 허용하려면:',
  'problem.policy':
    '이 페이지를 담은 페이지나 서버가 마이크를 금지하고 있습니다. 이 페이지를 새 탭에서 여세요. ' +
    '그래도 안 되면 서버 관리자에게 Permissions-Policy를 확인해 달라고 요청하세요.',
  'problem.no_microphone': '마이크를 찾을 수 없습니다. 마이크를 연결하거나 켠 뒤 다시 시도하세요. 예시 음성은 마이크 없이도 됩니다.',
  'problem.in_use': '다른 프로그램이 마이크를 사용하고 있습니다. 그 프로그램을 닫은 뒤 다시 시도하세요.',
  'problem.insecure':
    '이 주소는 보안 연결(HTTPS)이 아니어서 브라우저가 마이크를 내주지 않습니다. 서버가 있는 컴퓨터에서는 ' +
    'http://localhost로 열면 됩니다. 다른 곳에서는 HTTPS로 여세요:',
  'problem.unsupported': '이 브라우저는 이 페이지에 필요한 방식으로 녹음할 수 없습니다. Chrome, Edge, Firefox, Safari의 최신 버전을 사용하세요.',
  'problem.disconnected': '마이크 연결이 끊어졌습니다. 지금까지 말한 내용은 보관했습니다. 다시 연결하고 시작을 누르세요.',
  'problem.interrupted': '통화나 절전 때문에 시스템이 소리를 너무 오래 막았습니다. 시작을 눌러 계속하세요.',
  'problem.processing': '소리 처리가 예기치 않게 멈췄습니다. 시작을 눌러 계속하세요.',
  'problem.clip': '예시 음성을 재생할 수 없습니다.',
  'problem.not_shared':
    '공유한 것이 없어 들을 수 없습니다. 다시 시도하고 탭을 고르세요. 브라우저가 묻지 않으면 시스템이나 서버가 화면 공유를 막고 있는 것입니다.',
  'problem.no_sound_shared':
    '소리가 공유되지 않았습니다. 다시 시도하여 소리가 나는 탭을 고르고 그 아래의 ‘탭 오디오도 공유’를 켜세요.',
  'problem.other': '녹음을 시작할 수 없습니다: {detail}',

  'notice.microphone_gone': '설정에서 고른 마이크가 없어 다른 마이크로 듣고 있습니다.',

  'notice.stuck':
    '중단된 뒤로 마이크에서 소리가 들어오지 않고, 다시 열어도 달라지지 않았습니다. 통화처럼 마이크를 쓰는 것을 끝내고 ' +
    '마이크의 스위치를 확인한 뒤 ‘다시 듣기’를 누르세요.',
  'notice.stuck.action': '다시 듣기',

  'settings.title': '설정',
  'settings.close': '닫기',
  'settings.unavailable': '설정을 불러올 수 없습니다. 서버가 돌아오면 다시 시도해 주세요.',
  'settings.microphone': '마이크',
  'settings.device': '사용할 마이크',
  'settings.microphone.default': '브라우저가 고른 마이크',
  'settings.microphone.gone': '고른 마이크 (연결되지 않음)',
  'settings.microphone.gone.hint': '연결되어 있지 않아 그동안 브라우저가 고른 마이크로 듣습니다.',
  'settings.microphone.tab': '다른 탭의 소리',
  'settings.microphone.tab.hint':
    '시작을 누르면 브라우저가 어느 탭인지 묻습니다. 거기서 ‘탭 오디오도 공유’를 켜세요. 화면은 쓰지 않습니다.',
  'settings.microphone.unnamed': '마이크를 한 번 허용해야 브라우저가 마이크 이름을 알려 줍니다.',
  'settings.echo': '에코 제거',
  'settings.echo.hint': '스피커에서 나온 소리를 걷어 냅니다.',
  'settings.noise': '소음 억제',
  'settings.noise.hint': '선풍기 같은 일정한 소음을 줄입니다.',
  'settings.gate': '음성 감지',
  'settings.threshold': '말소리로 보는 크기',
  'settings.threshold.hint': '손잡이를 방 소음보다 크고 목소리보다 작은 곳에 두세요.',
  'settings.db': '{db} dB',
  'settings.level': '지금 음량',
  'settings.reset': '기본값',
  'settings.test': '내 음량 보기',
  'settings.test.stop': '음량 보기 끝내기',
  'settings.test.hint': '여기서 음량을 보는 동안에는 아무것도 전송하지 않습니다.',
  'settings.calibrate': '이 방에 맞추기',
  'calibrate.asking': '마이크 권한을 요청하는 중…',
  'calibrate.measuring': '방의 소음을 재는 중입니다. 2초 동안 조용히 해 주세요…',
  'calibrate.set': '방의 소음은 {noise} dB입니다. 이제 {threshold} dB부터 말소리로 봅니다.',
  'calibrate.loud': '방이 시끄럽습니다({noise} dB). 이제 {threshold} dB부터 말소리로 보니 마이크 가까이에서 말씀하세요.',
  'calibrate.unsteady': '조용하지 않아 소음을 잴 수 없었습니다. 바꾼 것은 없으니 말하지 않고 다시 시도해 주세요.',
  'calibrate.silent': '마이크에서 아무 소리도 오지 않았습니다. 음소거되어 있을 수 있어 바꾸지 않았습니다.',
  'calibrate.failed': '방의 소음을 잴 수 없었습니다. {reason}',
  'settings.hangover': '발화를 끝내는 침묵',
  'settings.hangover.hint': '짧으면 글이 빨리 나오고, 길면 문장이 끊기지 않습니다.',
  'settings.hangover.sentences': '문장을 끊지 않는 동안에는 쓰지 않습니다.',
  'settings.follow': '방 소음에 맞추기',
  'settings.follow.hint': '시끄러운 방에서는 소음이나 음악보다 두드러진 소리만 말소리로 봅니다. 기준이 정한 값에서 최대 {ceiling} dB까지 올라가고, 조용해지면 다시 내려갑니다.',
  'settings.follow.raised': '지금은 소음 때문에 {db} dB입니다.',
  'settings.sentences': '문장을 끊지 않기',
  'settings.sentences.hint': '문장 중간에 쉬어도 끝내지 않고, 다 말한 문장은 더 빨리 보여 줍니다.',
  'settings.seconds': '{seconds}초',
  'settings.recognition': '인식',
  'settings.spoken': '말하는 언어',
  'settings.spoken.detect': '자동 감지',
  'settings.hints': '나올 수 있는 이름과 낱말',
  'settings.hints.hint': '적히기를 바라는 철자대로, 쉼표로 나누어 적으세요.',
  'settings.words': '낱말마다 시간 재기',
  'settings.words.hint': '긴 발화가 여러 자막으로 나뉘고, 다시 들을 때 낱말마다 표시됩니다.',
  'settings.partials': '말하는 동안에도 글 보기',
  'settings.partials.hint': '흐린 글자는 아직 바뀔 수 있습니다. 발화가 끝나면 최종 글로 바꿉니다.',
  'settings.page': '이 페이지',
  'settings.keep': '내가 한 말을 이 탭에 보관',
  'settings.keep.hint':
    '다시 들을 수 있도록 최대 30분까지 보관합니다. 탭을 닫으면 사라지고 다른 곳으로 보내지 않습니다. 이 설정을 켜기 전이나 ' +
    '페이지를 불러오기 전에 한 말은 재생할 수 없습니다. 설정을 끄거나 지우기를 누르면 바로 버립니다.',
  'settings.language': '언어',
  'settings.language.auto': '브라우저와 같게',
  'settings.language.hint': '페이지를 다시 불러옵니다. 기록은 남고 녹음은 멈춥니다.',
  'settings.theme': '화면 모드',
  'settings.theme.auto': '시스템과 같게',
  'settings.theme.light': '밝게',
  'settings.theme.dark': '어둡게',

  'allow.chromium':
    '주소 왼쪽의 아이콘을 누릅니다.\n' + '마이크를 ‘허용’으로 바꿉니다.\n' + '메뉴를 닫고 다시 시도합니다.',
  'allow.firefox':
    '주소 왼쪽의 사선이 그어진 마이크나 자물쇠를 누릅니다.\n' +
    '‘마이크 사용’ 옆의 ‘차단됨’을 지웁니다.\n' +
    '다시 시도하고 ‘허용’을 고릅니다.',
  'allow.safari':
    '메뉴 막대에서 Safari, ‘이 웹사이트 설정’을 차례로 고릅니다.\n' +
    '마이크를 ‘허용’으로 바꿉니다.\n' +
    '다시 시도합니다.',
  'allow.android':
    '주소 왼쪽의 아이콘을 누르고 ‘권한’을 누릅니다.\n' +
    '마이크를 허용합니다.\n' +
    '목록에 없으면 안드로이드 설정, 애플리케이션, 이 브라우저, 권한, 마이크로 갑니다.\n' +
    '다시 시도합니다.',
  'allow.ios':
    '주소 막대의 페이지 메뉴를 누르고 ‘웹 사이트 설정’을 누릅니다. 최신 버전에서는 점 세 개 안에 있습니다.\n' +
    '마이크를 ‘허용’으로 바꿉니다.\n' +
    '다시 시도합니다.',
  'allow.ios_app':
    '설정 앱을 열고 이 브라우저를 고릅니다.\n' + '마이크를 켭니다.\n' + '돌아와서 다시 시도합니다.',
  'allow.other':
    '브라우저에서 이 웹사이트의 설정을 엽니다.\n' + '마이크를 허용합니다.\n' + '다시 시도합니다.',

  'system.windows':
    '설정, 개인 정보 및 보안, 마이크를 차례로 엽니다.\n' +
    '앱과 데스크톱 앱의 마이크 액세스를 켭니다.\n' +
    '다시 시도합니다.',
  'system.mac':
    '시스템 설정, 개인정보 보호 및 보안, 마이크를 차례로 엽니다.\n' +
    '이 브라우저를 켭니다.\n' +
    '브라우저를 다시 열고 시도합니다.',
  'system.other': '시스템의 개인 정보 설정을 엽니다.\n' + '이 브라우저의 마이크 사용을 허용합니다.\n' + '다시 시도합니다.',
};
