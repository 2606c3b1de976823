"""The plot of docs/performance.md: how long a speaker waits, by how many speak."""

from __future__ import annotations

from pathlib import Path

from bench.files import ROOT, read_result

PLOT = ROOT / "docs" / "images" / "latency.svg"
NAMES = {"demo": "demo models", "base": "model of base's size", "stub": "no models: the path alone"}
COLOURS = {"demo": "#1b7f5c", "base": "#b4483c", "stub": "#5b6b7a"}


def plot_pipeline() -> Path | None:
    """Draw the latest pipeline result; None where there is none, or no matplotlib."""
    result = read_result("pipeline")
    try:
        import matplotlib
    except ImportError:
        return None
    if result is None:
        return None
    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "bench", "font.size": 10, "svg.fonttype": "none"})
    from matplotlib import pyplot
    from matplotlib.ticker import ScalarFormatter

    figure, axes = pyplot.subplots(figsize=(7.5, 4.2))
    for name, measured in result["models"].items():
        rows = [row for row in measured if row["wait_ms"]]
        counts = [row["speakers"] for row in rows]
        colour = COLOURS.get(name, "#333333")
        axes.plot(
            counts,
            [row["wait_ms"]["p50"] for row in rows],
            "o-",
            color=colour,
            label=f"{NAMES.get(name, name)}, median",
        )
        axes.plot(
            counts,
            [row["wait_ms"]["p95"] for row in rows],
            "s--",
            color=colour,
            alpha=0.6,
            label="95 of 100 within",
            markersize=4,
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    ticks = sorted({row["speakers"] for rows in result["models"].values() for row in rows})
    axes.set_xticks(ticks)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(ScalarFormatter())
    axes.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
    axes.set_xlabel("people who speak at the same time")
    axes.set_ylabel("ms from the end of the hangover to the result")
    axes.set_title(f"{result['head']['machine']['cores']} cores, everything on one machine", fontsize=10)
    axes.grid(True, which="major", alpha=0.3)
    axes.legend(fontsize=8)
    figure.tight_layout()
    PLOT.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(PLOT, metadata={"Date": None})
    pyplot.close(figure)
    return PLOT
