"""A WebSocket by hand, for what no decent client library would send."""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path
from urllib.parse import urlsplit

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA


def frame(opcode: int, payload: bytes = b"", fin: bool = True, masked: bool = True) -> bytes:
    """One frame as a client sends it; the mask is all zeros, so that the payload stays as it is."""
    head = bytes([(0x80 if fin else 0) | opcode])
    flag = 0x80 if masked else 0
    if len(payload) < 126:
        head += bytes([flag | len(payload)])
    elif len(payload) < 65_536:
        head += bytes([flag | 126]) + struct.pack(">H", len(payload))
    else:
        head += bytes([flag | 127]) + struct.pack(">Q", len(payload))
    return head + (bytes(4) if masked else b"") + payload


def upgrade_request(path: str = "/ws", extra: str = "") -> bytes:
    """The request that asks for a WebSocket."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Protocol: wta.v1\r\n{extra}\r\n"
    ).encode("latin-1")


def connect(url: str, receive_buffer: int | None = None) -> socket.socket:
    """A TCP connection to the server of `url`."""
    parts = urlsplit(url)
    raw = socket.socket()
    if receive_buffer is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    raw.settimeout(20)
    raw.connect((parts.hostname, parts.port))
    return raw


def open_socket(url: str, path: str = "/ws", receive_buffer: int | None = None, extra: str = "") -> socket.socket:
    """A WebSocket whose handshake is done; nothing after the handshake is read."""
    raw = connect(url, receive_buffer)
    raw.sendall(upgrade_request(path, extra))
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        byte = raw.recv(1)
        assert byte, f"the server hung up: {answer!r}"
        answer += byte
    assert b" 101 " in answer, answer
    return raw


def stuff(raw: socket.socket, data: bytes, most: int, stall_sec: float = 1.0) -> int:
    """Send `data` again and again until nothing is taken for `stall_sec`, `most` bytes are, or the server hangs up."""
    raw.settimeout(stall_sec)
    sent = 0
    view = memoryview(data)
    offset = 0
    while sent < most:
        try:
            count = raw.send(view[offset:])
        except TimeoutError:
            break
        except OSError:
            break
        sent += count
        offset = (offset + count) % len(data)
    return sent


def close_code(raw: socket.socket) -> int | None:
    """Read to the end; the code of the server's close frame if there is one. Messages under 64 KiB are passed over."""
    raw.settimeout(20)
    data = b""
    try:
        while piece := raw.recv(65_536):
            data += piece
    except ConnectionError:
        pass
    while len(data) >= 2:
        opcode, size, begin = data[0] & 0x0F, data[1] & 0x7F, 2
        if size == 126:
            size, begin = struct.unpack(">H", data[2:4])[0], 4
        if opcode == CLOSE:
            return int(struct.unpack(">H", data[begin : begin + 2])[0])
        data = data[begin + size :]
    return None


def memory_bytes(pid: int) -> int:
    """What a process holds in memory (resident)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def open_connections(port: int) -> int:
    """How many connections the process that listens on 127.0.0.1:`port` still holds, half-closed ones included."""
    listening, waiting = "0A", "06"
    count = 0
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, _, state, *_ = line.split()
        count += local.endswith(f":{port:04X}") and state not in (listening, waiting)
    return count
