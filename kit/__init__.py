"""Transfer learning with language models: pretrain, migrate, fine-tune, see what it was worth."""

import os

from kit.interrupts import hold_imports

# Arrow's usual allocator reserves 1 GB at its first use: half of what Binder's machine has.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")

hold_imports()
