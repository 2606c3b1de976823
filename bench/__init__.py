"""Measures everything, and writes docs/performance.md: `make bench`.

Its rooms:

    engine     the models alone
    voices     human voices on official weights
    gateway    the gateway and the broker alone
    pipeline   the whole system under real-time speakers
    report     tables and plot, from results
    files, machine, tables, clips: what they have in common
"""
