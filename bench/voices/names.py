"""What the ways of hearing are called in results and tables."""

PEER = "openai-whisper, transcribe, fp32"
OURS, TRANSLATED = "ours", "ours, with translation"
BEAM, BATCHED = "faster-whisper int8, beam 5", "faster-whisper int8, batched"
FOUND, PEER_FOUND, BEAM_FOUND = (f"{way}, language found" for way in (OURS, PEER, BEAM))
