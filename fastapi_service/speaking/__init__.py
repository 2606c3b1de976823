"""The utterance that is being spoken, of one connection each.

asking            requests to the speech workers about it, and its audio in Redis for them
partials          its text so far; settled: how much of that will hardly change
sentences         where it ends at a pause (pauses, quiet); long_speech: where it ends while the speaker goes on
"""
