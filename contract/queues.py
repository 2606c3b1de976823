"""Names of tasks, queues and channels."""

from __future__ import annotations

from typing import Final

TRANSCRIBE_TASK: Final = "stt_worker.transcribe_audio"
ANALYZE_TASK: Final = "analyzer_worker.analyze_text"
TRANSCRIBE_FILE_TASK: Final = "file_worker.transcribe_file"
TELL_SPEAKERS_TASK: Final = "speaker_worker.tell_speakers"
TELL_FILE_SPEAKERS_TASK: Final = "speaker_worker.tell_file_speakers"
STT_QUEUE: Final = "stt_queue"
ANALYZER_QUEUE: Final = "analyzer_queue"
FILE_QUEUE: Final = "file_queue"
SPEAKER_QUEUE: Final = "speaker_queue"
RESULT_CHANNEL: Final = "result_channel"  # outcome script -> listener
RESULT_MESSAGES: Final = "result_messages"  # listener -> gateway
FINAL_STATS: Final = "final_stats"  # listener -> gateway
LISTENER: Final = "listener"  # takes the place of a queue in the listener's heartbeat
