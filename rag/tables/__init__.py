"""Questions over tables, answered by SQL: the model writes one SELECT, SQLite computes, a rule words the result.

sheets → schema (names, types) → database (in memory, one SELECT at a time) → solving (the model asks)
       → wording (the result in words) → answering (with the rows that it rests on)
"""
