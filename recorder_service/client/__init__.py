"""The client of docs/protocol.md as a library: `from recorder_service.client import StreamClient`.

Its modules:

    client        StreamClient, all that a program needs
    connection    one WebSocket; runner opens the next one; session is what outlives it
    unsafe_audio  what is kept until the server has accepted it
    outcomes      none twice, none missing unnoticed
    state, errors
"""

from recorder_service.client.client import (
    Backoff,
    BufferFull,
    CannotConnect,
    ConnectionState,
    Refused,
    StreamClient,
    StreamError,
)

__all__ = ["Backoff", "BufferFull", "CannotConnect", "ConnectionState", "Refused", "StreamClient", "StreamError"]
