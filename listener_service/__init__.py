"""The listener: counts all outcomes, writes result_listener.log, and relays to the gateway.

Its modules:

    listener_service      starts everything: `python -m listener_service`
    loop                  waits for messages, and for a lost Redis
    counter               the stream in order: count once, relay, all in one transaction
    counts, percentiles   what is counted
    lines, result_log     an outcome as a line, and the file of them
    settings, metrics
"""
