"""Transfer learning with language models: pretrain, migrate, fine-tune, see what it was worth."""
