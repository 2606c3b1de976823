"""Where utterances end: at pauses, or where sentences do."""
