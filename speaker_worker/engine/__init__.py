"""Who speaks: from sound to speakers.

encoder          a voice as a vector
voices           what is heard of one utterance; denoise: what tells recordings apart, not people
pieces           stretches in which one person speaks; cells: who speaks when, once the voices are known
likeness         how alike two groups of pieces are; clusters: which of them are one voice
live             a session, an utterance at a time: memory is what is kept of it, naming gives the numbers
whole_file       a file, when all of it has been heard
"""
