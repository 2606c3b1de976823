"""The recorder: sends a microphone or a WAV file, and shows transcripts and sentiments.

Its rooms and modules:

    recorder_service   the command: `python -m recorder_service`; app does what options say
    client             a library for programs of your own: docs/client.md
    audio              microphones and files, of one channel or of two
    delivery           utterances into the queue in Redis, and their outcomes back
    recording, output (with live_line, who, feelings), upload, access_token, settings
"""
