"""The WebSocket: endpoint takes a connection, dispatcher sends its utterances, relay brings their outcomes back."""
