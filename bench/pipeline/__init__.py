"""The whole system under real-time speakers: measure; the dummy models answer at once."""
