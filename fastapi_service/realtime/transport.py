"""One Realtime client, as a connection of `live` speaks to it: events in JSON, both ways."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from dataclasses import replace
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from contract.messages import Busy, Error, Message, Session
from contract.speech.segmenter import Cut
from contract.websocket import CLOSE_ABNORMAL, CLOSE_TRY_AGAIN
from fastapi_service.access.refusals import error_event
from fastapi_service.live.closing import CloseConnection
from fastapi_service.live.limits import REAL_TIME_BYTES_PER_SEC, ByteRate
from fastapi_service.realtime.config import Config
from fastapi_service.realtime.events import ApiError, Event, event, new_id
from fastapi_service.realtime.sound import audio_of
from fastapi_service.realtime.speech import Frame, Speech
from fastapi_service.realtime.update import updated
from fastapi_service.settings import GatewaySettings

logger = logging.getLogger(__name__)

UPDATES = ("session.update", "transcription_session.update")
BUFFER = ("input_audio_buffer.append", "input_audio_buffer.commit", "input_audio_buffer.clear")
RETRIEVE = "conversation.item.retrieve"
TAKEN = (*UPDATES, *BUFFER, RETRIEVE)
EVENT_ID_MAX_CHARS = 512
SPEAKER_WAIT_SEC = 0.3  # a transcript waits so long for who speaks, where the session asks for that
BUSY_WORDS = {  # nothing is kept for a client that cannot resume
    "queue_full": "Too much speech waits for recognition.",
    "behind": "Speech recognition is far behind.",
    "unavailable": "The service is starting or recovering.",
}


class RealtimeTransport:
    """Nobody resumes: what is not committed when the connection ends is dropped."""

    resumes = False

    def __init__(
        self, websocket: WebSocket, config: Config, beta: bool, created: str, settings: GatewaySettings
    ) -> None:
        """`beta`: the client speaks the beta's protocol. `created`: the type of the first event."""
        self._websocket = websocket
        self._created = created
        self._id = new_id("sess")
        self._expires_at = int(time.time()) + settings.session_ttl_sec
        self._slow_client_sec = settings.slow_client_sec
        self._speech = Speech(config, settings.sentence_wait_sec)
        self._speech.beta = beta
        # Silence goes no further than here, so what is sent is counted here as well.
        self._rate = ByteRate(settings.stream_speed_max * REAL_TIME_BYTES_PER_SEC, settings.stream_burst_bytes)
        self._sending = asyncio.Lock()
        self._greeted = asyncio.Event()
        self._held: str | None = None  # the latest turn that was held back for who speaks it
        self._letting_go: asyncio.Task[None] | None = None

    async def receive(self) -> Frame:
        """The next frame. Called again, the one before has been taken."""
        speech = self._speech
        await self._greeted.wait()  # the first event is `session.created`
        while not speech.frames:
            if speech.busy:
                events, count = speech.step()
                await self._tell(events)
                await asyncio.sleep(self._rate.spend(count) if count else 0)
            else:
                await self._take(await self._next_event())
        return speech.frames.popleft()

    async def cut(self, cut: Cut) -> None:
        """Tell of a turn that ends with this utterance."""
        await self._tell(self._speech.cut(cut))
        self._let_go_later()

    async def send(self, message: Message) -> None:
        """Tell what `message` says."""
        if isinstance(message, Session):
            config = self._speech.config
            if not config.model:
                self._speech.config = replace(config, model=message.models.speech)
            await self._tell([event(self._created, session=self._session(self._speech.beta))])
            self._greeted.set()
        elif isinstance(message, Busy):
            why = BUSY_WORDS.get(message.code, message.message)
            words = f"{why} Connect again in {message.retry_after_sec:.0f} s."
            await self._tell([error_event(message.code, words, "server_error")])
        elif isinstance(message, Error) and not message.seq:
            await self._tell([error_event(message.code, message.message)])
        else:
            await self._tell(self._speech.message(message))
            self._let_go_later()

    async def close(self, code: int, reason: str) -> None:
        """Close the WebSocket."""
        await self._websocket.close(code, reason)

    def _let_go_later(self) -> None:
        """See that a turn waits for who speaks it, and not for long."""
        held = self._speech.held
        if held is not None and held != self._held:
            self._held = held
            self._letting_go = asyncio.create_task(self._let_go(held))

    async def _let_go(self, item_id: str) -> None:
        await asyncio.sleep(SPEAKER_WAIT_SEC)
        try:
            await self._tell(self._speech.let_go(item_id))
        except (CloseConnection, WebSocketDisconnect, RuntimeError) as ending:
            logger.debug("a client was gone before its turn was told: %s", ending)  # its loops end by themselves
            return
        self._let_go_later()

    async def _next_event(self) -> str | None:
        """The client's next event as text; None for a binary frame."""
        try:
            return await self._websocket.receive_text()
        except KeyError:
            return None
        except WebSocketDisconnected:  # an event could not be sent in the same moment
            raise WebSocketDisconnect(CLOSE_ABNORMAL) from None

    async def _take(self, text: str | None) -> None:
        """Act on an event. What is wrong with it is told, and the connection goes on."""
        event_id: str | None = None
        try:
            given = _parsed(text)
            named = given.get("event_id")
            event_id = named[:EVENT_ID_MAX_CHARS] if isinstance(named, str) else None
            kind = given.get("type")
            if kind == "input_audio_buffer.append":
                self._speech.append(audio_of(given.get("audio"), self._speech.config.encoding))
                return
            events = self._answer(kind, given)
        except ApiError as problem:
            events = [problem.event(event_id)]
        await self._tell(events)
        await asyncio.sleep(self._rate.spend(len(text or "")))

    def _answer(self, kind: object, given: dict[str, Any]) -> list[Event]:
        """The events that answer one without audio. Raises ApiError."""
        if kind in UPDATES:
            return self._update(str(kind), given.get("session"))
        if kind == "input_audio_buffer.commit":
            return self._speech.commit()
        if kind == "input_audio_buffer.clear":
            return self._speech.clear()
        if kind == RETRIEVE:
            return self._speech.retrieve(given.get("item_id"))
        named = kind[:100] if isinstance(kind, str) else kind.__class__.__name__
        words = f"This service transcribes, and takes no event {named!a}. It takes {', '.join(TAKEN)}."
        raise ApiError(words, "type", "unknown_event")

    def _update(self, kind: str, session: object) -> list[Event]:
        config, flat = updated(self._speech.config, session)
        if kind == UPDATES[1]:
            flat = self._speech.beta = True
        events = self._speech.update(config)
        return [*events, event(f"{kind}d", session=self._session(flat))]

    def _session(self, flat: bool) -> Event:
        config = self._speech.config
        return (config.flat if flat else config.nested)(self._id, self._expires_at)

    async def _tell(self, events: list[Event]) -> None:
        """Send events, in a row. Raises CloseConnection when the client does not read."""
        if not events:
            return
        try:
            async with asyncio.timeout(self._slow_client_sec), self._sending:
                for one in events:
                    await self._websocket.send_text(json.dumps(one))
        except TimeoutError:
            raise CloseConnection(CLOSE_TRY_AGAIN, "messages were not read") from None


def _parsed(text: str | None) -> dict[str, Any]:
    """The event. Raises ApiError."""
    if text is None:
        raise ApiError("Events are JSON in text frames; audio travels in them as base64.", code="invalid_event")
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        raise ApiError("The event is not valid JSON.", code="invalid_json") from None
    if not isinstance(given, dict):
        raise ApiError("An event is a JSON object.", code="invalid_event")
    return given
