"""The engine: one thread that owns a model, and many answers written side by side."""
