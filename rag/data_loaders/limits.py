"""What a file may cost to read. Knows nothing of formats."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one reading. Beyond the first group the file is refused, beyond the second it is
    read up to the bound and a note says so; the third stops the reading process."""

    size_bytes: int = 200 * MIB
    zip_entries: int = 2_000
    zip_entry_bytes: int = 200 * MIB  # one entry, unpacked
    zip_total_bytes: int = 1024 * MIB
    zip_ratio: int = 100  # unpacked : packed, for entries over zip_small_bytes
    zip_small_bytes: int = 5 * MIB

    pages: int = 2_000  # a novel has 300
    rows: int = 50_000
    columns: int = 500
    cells: int = 2_000_000  # where tables are read to be counted in
    characters: int = 8_000_000

    cpu_s: int = 30  # at 80% of it the reader stops by itself and says how far it came
    wall_s: float = 60.0
    memory_bytes: int = 1024 * MIB
    scanned_pages: int = 50  # read by text recognition, where that is installed; 0 turns it off
    scanned_page_s: int = 90  # of one such page; it takes about 5 on a core of its own
    output_bytes: int = 50 * MIB
    open_files: int = 64
