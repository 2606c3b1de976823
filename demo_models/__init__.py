"""The models that ship, and how they are made: voices, train_speech, train_sentiment, evaluate; train_offline."""
