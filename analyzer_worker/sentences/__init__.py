"""The sentences of a text: where they end, and which of them are only splinters of one.

split           a text to its sentences
abbreviations   dots that end none
splinters       why a sentence counts as neutral
english         which English words may be verbs
verdict         the model's sentiments put together
"""
