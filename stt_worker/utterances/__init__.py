"""An utterance from the queue to its text: task, job, speech_check, recognition, drafts, stt_worker.utterances.debug_audio."""
