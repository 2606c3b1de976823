"""How utterances are sent and outcomes come back: protocol, straight into the queue, results, workers."""
