"""Captured audio on its way to speech: resample to 16 kHz, the voice gate with its noise floor, and the timeline."""
