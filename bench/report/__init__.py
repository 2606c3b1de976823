"""The tables and the plot of docs/performance.md, from bench/results: write, bars, scaling, plot."""
