"""The speech model: what is asked of it (protocol), how it is found and loaded (load), and openai-whisper behind it.

Its rooms and modules:

    whisper_engine     openai-whisper, with as little work as it allows
    decoder            from audio to tokens
    weights            a model's numbers, their forms and their precision
    fallback           from a first quick decode to the one that is kept; covering: speech that no word covers; row
    quality, cover     is the transcript kept, and which speech no word covers
    hints, threads
"""
