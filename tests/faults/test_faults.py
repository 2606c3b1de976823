"""Nothing is lost, doubled or changed, whatever is killed: the whole system under fire (docs/reliability.md).

More faults: FAULTS=200 make faults. The seed is printed; FAULT_SEED=... repeats a run's choices, not its timing.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

from contract.keys import LISTENER_STATE_KEY, stats_key
from contract.text.words import count_words
from harness.speech import Clip, demo_clips
from listener_service.counts import Statistics, load_statistics
from tests.faults.campaign import Campaign, beside, wait_for
from tests.faults.fault_system import DEMO_MODELS, FaultSystem, running_world
from tests.support.cutting_proxy import CuttingProxy
from tests.support.speakers import AfterOne, Outcome, Speaker

SPEAKERS = 4
FAULTS = int(os.environ.get("FAULTS", "42"))
SEED = int(os.environ.get("FAULT_SEED", "20261124"))
EVERY_SEC = (1.5, 3.0)
DRAIN_SEC = 120.0
SETTINGS = {
    **DEMO_MODELS,
    "VISIBILITY_TIMEOUT_SEC": "5",
    "RESEND_AFTER_SEC": "12",
    "LOG_LEVEL": "INFO",
}
Words = tuple[str, str | None, str | None]


def words_of(outcome: Outcome) -> Words:
    """What an outcome says: the text and its sentiment, or why there is none."""
    if outcome.type == "result":
        return "result", outcome.text, outcome.sentiment.label if outcome.sentiment else None
    return outcome.type, getattr(outcome, "reason", None) or getattr(outcome, "code", None), None


async def undisturbed(url: str, clips: list[Clip]) -> dict[str, Words]:
    """What each clip becomes when nothing happens; every clip twice, and both times the same."""
    found: dict[str, set[Words]] = {}

    async def once(clip: Clip, number: int) -> None:
        speaker = Speaker(url, [clip], number)
        assert await speaker.talk(AfterOne(speaker), DRAIN_SEC), f"{clip.path.name}: no outcome"
        found.setdefault(clip.path.name, set()).update(map(words_of, speaker.outcomes))

    for number in range(2):
        await asyncio.gather(*(once(clip, number) for clip in clips))
    assert all(len(words) == 1 for words in found.values()), found
    return {name: words.pop() for name, words in found.items()}


def test_nothing_is_lost_under_fire(tmp_path: Path) -> None:
    with running_world(tmp_path, **SETTINGS) as world:
        asyncio.run(under_fire(world))
        world.wait_up()
        statuses = world.stop()
        assert world.processes_left() == []
        assert world.files_left() == []
        assert statuses.pop("gateway") in (0, -signal.SIGTERM)  # uvicorn ends by the signal that it was told to stop by
        assert set(statuses.values()) == {0}, f"{statuses}\n{world.logs()}"


async def under_fire(world: FaultSystem) -> None:
    async with CuttingProxy(world.port) as proxy:
        url = f"ws://127.0.0.1:{proxy.port}/ws"
        clips = demo_clips()
        expected = await undisturbed(url, clips)
        before = service_statistics(world)
        at_once = [clip for clip in clips if "." not in clip.text[:-1]]  # no sentence ends inside
        speakers = [
            Speaker(url, at_once if number % 2 else clips, SEED + number, sentences=number % 2 == 1)
            for number in range(SPEAKERS)
        ]
        campaign = Campaign(world, proxy, random.Random(SEED))
        enough = asyncio.Event()
        talking = [asyncio.create_task(speaker.talk(enough, DRAIN_SEC)) for speaker in speakers]

        async def fire() -> None:
            await campaign.each_at_its_moment()
            await campaign.at_random(FAULTS - campaign.done.total(), EVERY_SEC)

        async def fire_and_drain() -> None:
            try:
                await fire()
            finally:
                enough.set()
                complete = await asyncio.gather(*talking)
            campaign.log.append(f"complete: {complete}")

        try:
            await beside(campaign.watch(), fire_and_drain())
            await wait_for(lambda: not world.work_left(), 40, f"the queues are empty: {world.work_left()}")
            report(campaign, speakers, expected)
            await check_statistics(world, speakers, before)
        except BaseException:
            print("\n".join(campaign.log))
            print(world.logs(60))
            raise
        assert world.keys_without_ttl() == []


def report(campaign: Campaign, speakers: list[Speaker], expected: dict[str, Words]) -> None:
    """Print the counts and hold them to the promise."""
    spoken = [(speaker, words) for speaker in speakers for words in speaker.spoken]
    outcomes = [outcome for speaker in speakers for outcome in speaker.outcomes]
    kinds = Counter(outcome.type for outcome in outcomes)
    waits = sorted(wait for speaker in speakers for wait in speaker.waits_sec())
    lost = [words for speaker in speakers for words in speaker.lost()]
    changed = [
        (words.clip.path.name, words_of(outcome))
        for speaker, words in spoken
        if (outcome := speaker.by_start().get(words.start)) and words_of(outcome) != expected[words.clip.path.name]
    ]
    doubles = sum(speaker.doubles() for speaker in speakers)
    safe = sum(words.end <= speaker.position for speaker, words in spoken)
    print(f"\nseed {SEED}, {campaign.done.total()} faults in {time.monotonic() - campaign.began:.0f} s:")
    print("\n".join(f"  {count:3} {kind}" for kind, count in sorted(campaign.done.items())))
    print(
        f"  spoken {len(spoken)}, accepted {safe}, results {kinds['result']}, dropped {kinds['dropped']}, "
        f"errors {kinds['error']}, duplicates shown {doubles}, lost {len(lost)}, other words {len(changed)}"
    )
    print(f"  waits: median {waits[len(waits) // 2]:.1f} s, longest {waits[-1]:.1f} s")
    assert campaign.done.total() >= 40
    assert (lost, doubles, changed) == ([], 0, [])
    assert safe == len(spoken) == len(outcomes)
    for speaker in speakers:
        assert speaker.strangers() == []
        assert [outcome.seq for outcome in speaker.outcomes] == list(range(1, len(speaker.spoken) + 1))


def service_statistics(world: FaultSystem) -> Statistics:
    """The listener's count over all sessions."""
    state = json.loads(world.client.get(LISTENER_STATE_KEY) or b"{}")
    return Statistics.from_json(state["statistics"])


async def check_statistics(world: FaultSystem, speakers: list[Speaker], before: Statistics) -> None:
    """The listener has counted what was spoken, per session and over all, and logged each outcome once."""

    def counted() -> bool:
        return service_statistics(world).results - before.results == sum(len(one.spoken) for one in speakers)

    await wait_for(counted, 30, f"everything is counted: {service_statistics(world)}")
    for speaker in speakers:
        statistics = load_statistics(world.client.get(stats_key(speaker.session)))
        assert statistics is not None
        texts = [outcome.text for outcome in speaker.outcomes if outcome.type == "result"]
        assert (statistics.results, statistics.dropped, statistics.errors) == (len(speaker.spoken), 0, 0)
        assert statistics.words == sum(map(count_words, texts))
        assert abs(statistics.audio_sec - sum(one.duration_sec for one in speaker.outcomes)) < 0.01
    lines = [json.loads(line) for line in (world.folder / "result_listener.log").read_text().splitlines()]
    assert max(Counter((line["utterance"], line["seq"]) for line in lines).values()) == 1
    logged = {line["utterance"] for line in lines}
    assert {outcome.utterance for speaker in speakers for outcome in speaker.outcomes} <= logged
