"""An utterance from the queue to its text: task, job, speech_check, recognition, drafts, debug_audio."""
