"""The models alone: speech (measure), precision (quality), a GPU, sentiment, beside other programs (company)."""
