"""What the services share: names, messages, settings, logging, and the one way an utterance ends.

Nothing here imports a service, torch or FastAPI, so every image can carry this folder.
"""
