"""The whole system under real-time speakers: measure; the dummy speech model and stub_analyzer answer at once."""
