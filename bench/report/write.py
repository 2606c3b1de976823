"""Writes the tables of docs/performance.md and of the READMEs from bench/results, so that they say what was measured.

python -m bench.report.write            rewrite them, and the plot
python -m bench.report.write --check    only say whether they are those of the results
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from typing import Any

from bench.engine.company import company_tables
from bench.engine.together import together_tables
from bench.files import ROOT, read_result, say
from bench.gate.tables import gate_tables
from bench.report.bars import bars_table
from bench.report.scaling import guide_table, scaling_table
from bench.sentences.tables import sentences_tables
from bench.speakers.tables import speakers_tables
from bench.tables import (
    Tables,
    engine_tables,
    gateway_tables,
    gpu_tables,
    pipeline_tables,
    quality_tables,
    sentiment_tables,
)
from bench.voices.tables import ENGLISH, KOREAN, Wording, voices_readme, voices_tables

PAGE = ROOT / "docs" / "performance.md"
READMES = {ROOT / "README.md": ENGLISH, ROOT / "README.ko.md": KOREAN}
BLOCK = re.compile(r"(?P<begin><!-- bench:(?P<name>[a-z]+) -->\n).*?(?P<end><!-- /bench -->)", re.DOTALL)
NOT_YET = "Not measured yet: `make bench`.\n"
PARTS: dict[str, Callable[[dict[str, Any]], Tables]] = {
    "voices": voices_tables,
    "engine": engine_tables,
    "sentiment": sentiment_tables,
    "quality": quality_tables,
    "pipeline": pipeline_tables,
    "gateway": gateway_tables,
    "gpu": gpu_tables,
    "company": company_tables,
    "together": together_tables,
    "sentences": sentences_tables,
    "gate": gate_tables,
    "speakers": speakers_tables,
}


def block(name: str) -> str:
    """What stands between the marks called `name`."""
    if name == "bars":
        return bars_table() + "\n"
    if name == "scaling":
        return scaling_table() + "\n"
    if name == "guide":
        return guide_table() + "\n"
    result = read_result(name)
    if result is None:
        return "Not measured: there was no GPU.\n" if name == "gpu" else NOT_YET
    tables = [f"**{title}**\n\n{text}\n" for title, text in PARTS[name](result)]
    return "\n".join([origin(result["head"]), *tables])


def origin(head: dict[str, Any]) -> str:
    """Machine, date, versions, command, and whether the machine was quiet."""
    machine = head["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in head["versions"].items())
    lines = [
        f"{machine['processor']}, {machine['cores']} cores ({', '.join(machine.get('instructions', []))}), "
        f"{machine['memory_gib']:g} GiB, {head['date'][:10]}; {versions}; Python {machine['python']}. "
        f"`{head['command']}`."
    ]
    if "peak_gflops" in head:
        peaks = [
            f"{threads} thread{'s' if threads != '1' else ''}: "
            + ", ".join(f"{name} {value:.0f}" for name, value in peak.items())
            for threads, peak in head["peak_gflops"].items()
        ]
        lines.append(f"Peak of a matrix product, GFLOP/s: {'; '.join(peaks)}.")
    if not head["quiet"]:
        lines.append(
            f"**Provisional: other programs used {head['others_cores_meanwhile']:.1f} cores of this machine meanwhile "
            f"({head['others_cores_before']:.1f} before).**"
        )
    return "\n".join(lines) + "\n"


def rewritten(page: str) -> str:
    """The page with every block as the results have it."""
    return BLOCK.sub(lambda found: f"{found['begin']}{block(found['name'])}{found['end']}", page)


def rewritten_readme(page: str, wording: Wording) -> str:
    """A README with its table of human voices as the results have it."""
    result = read_result("voices")
    text = NOT_YET if result is None else voices_readme(result, wording) + "\n"
    return BLOCK.sub(lambda found: f"{found['begin']}{text}{found['end']}", page)


def main() -> int:
    """Rewrite or check."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    before = {path: path.read_text(encoding="utf-8") for path in (PAGE, *READMES)}
    after = {PAGE: rewritten(before[PAGE])}
    after |= {path: rewritten_readme(before[path], wording) for path, wording in READMES.items()}
    if args.check:
        say(
            "the tables are those of the results"
            if after == before
            else "the tables are not those of the results: make bench-report"
        )
        return int(after != before)
    for path, text in after.items():
        path.write_text(text, encoding="utf-8")
    from bench.report.plot import plot_pipeline

    plot = plot_pipeline()
    say(f"written: {', '.join(str(path) for path in after)}" + (f", {plot}" if plot else ""))
    say(bars_table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
