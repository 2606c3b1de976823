"""Writes the tables of docs/performance.md from bench/results, so that the page says what was measured.

python bench/bench_report.py            rewrite them, and the plot
python bench/bench_report.py --check    only say whether they are those of the results
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from typing import Any

from bench_bars import bars_table
from bench_files import ROOT, read_result, say
from bench_scaling import guide_table, scaling_table
from bench_tables import (
    Tables,
    engine_tables,
    gateway_tables,
    gpu_tables,
    pipeline_tables,
    quality_tables,
    sentiment_tables,
)

PAGE = ROOT / "docs" / "performance.md"
BLOCK = re.compile(r"(?P<begin><!-- bench:(?P<name>[a-z]+) -->\n).*?(?P<end><!-- /bench -->)", re.DOTALL)
NOT_YET = "Not measured yet: `make bench`.\n"
PARTS: dict[str, Callable[[dict[str, Any]], Tables]] = {
    "engine": engine_tables,
    "sentiment": sentiment_tables,
    "quality": quality_tables,
    "pipeline": pipeline_tables,
    "gateway": gateway_tables,
    "gpu": gpu_tables,
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


def main() -> int:
    """Rewrite or check."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    page = PAGE.read_text(encoding="utf-8")
    new = rewritten(page)
    if args.check:
        say(
            "the tables are those of the results"
            if new == page
            else "the tables are not those of the results: make bench-report"
        )
        return int(new != page)
    PAGE.write_text(new, encoding="utf-8")
    from bench_plot import plot_pipeline

    plot = plot_pipeline()
    say(f"written: {PAGE}" + (f", {plot}" if plot else ""))
    say(bars_table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
