"""What korean_worker.py hears."""

SAID = "이 영화 정말 좋아요."
MEANT = "I love this movie."
PROBABILITY = 0.93
CANNOT = "The sentiment model does not read Japanese, and the speech model korean cannot translate Japanese."
