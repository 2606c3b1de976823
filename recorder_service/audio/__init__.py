"""From a microphone or a file to 16 kHz: sources, resample, gate, timeline."""
