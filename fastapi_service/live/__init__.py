"""The WebSocket: endpoint takes a connection, dispatcher sends its utterances, delivery brings their outcomes back."""
