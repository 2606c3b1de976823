"""Which sentences of a text are only splinters of one, and how a whole text felt.

splinters   why a sentence counts as neutral
english     which English words may be verbs
verdict     the model's sentiments put together
"""
