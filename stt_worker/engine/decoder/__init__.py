"""From audio to tokens: encoder, greedy decoding on its layers, rules, times of words."""
