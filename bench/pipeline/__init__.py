"""The whole system under real-time speakers: measure; stub_stt and stub_analyzer answer at once."""
