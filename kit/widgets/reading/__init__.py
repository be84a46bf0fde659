"""How a model reads: a token on its way through a Transformer or an LSTM; what a head is."""
