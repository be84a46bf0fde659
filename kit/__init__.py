"""Transfer learning with language models: pretrain, migrate, fine-tune, and see what it was worth."""
