"""Measurements of quality over public sets; each says what it measured and on how many cases."""
