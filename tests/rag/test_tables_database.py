"""A foreign SELECT reads the tables and nothing else, and not for long."""

from __future__ import annotations

import threading
import time

import pytest

from rag.tables.database import MAX_CHARS, BadQuery, TableDatabase
from tests.rag.test_tables_cells import table

HOSTILE = """
DROP TABLE prices
DELETE FROM prices
UPDATE prices SET price = 0
INSERT INTO prices VALUES ('x', 1, 'y')
CREATE TABLE mine (a)
ALTER TABLE prices ADD COLUMN b
REPLACE INTO prices VALUES ('x', 1, 'y')
VACUUM INTO '/tmp/stolen.db'
REINDEX
ANALYZE
BEGIN
SAVEPOINT a
EXPLAIN SELECT * FROM prices
ATTACH DATABASE '/tmp/stolen.db' AS stolen
PRAGMA table_info(prices)
PRAGMA query_only = OFF
SELECT * FROM pragma_table_info('prices')
SELECT * FROM pragma_database_list
SELECT * FROM sqlite_master
SELECT sql FROM sqlite_schema
SELECT * FROM sqlite_temp_master
SELECT load_extension('/tmp/evil.so')
SELECT readfile('/etc/passwd')
SELECT writefile('/tmp/x', 'y')
SELECT fts3_tokenizer('simple')
SELECT zeroblob(1000000000)
SELECT hex(randomblob(100000000))
SELECT printf('%1000000000d', 1)
SELECT format('%*d', 999999999, 1)
SELECT group_concat(article) FROM prices
SELECT char(60, 33, 99)
SELECT sqlite_version()
SELECT last_insert_rowid()
SELECT * FROM json_each('[1,2,3]')
SELECT * FROM dbstat
WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n
WITH x AS (SELECT 1) DELETE FROM prices
SELECT 1; DROP TABLE prices
SELECT * FROM prices; SELECT 2
SELECT * FROM temp.prices
SELECT * FROM main.sqlite_sequence
SELECT replace(replace(replace(article, 'P', '{big}'), 'a', '{big}'), 'a', '{big}') FROM prices
SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6
SELECT {deep}
SELECT * FROM prices WHERE article LIKE '{pattern}'
VALUES (1)
""".strip().splitlines()


@pytest.fixture
def prices() -> TableDatabase:
    rows = [[f"Pump {n}", str(n), f"2024-01-{n % 28 + 1:02}"] for n in range(1, 301)]
    return TableDatabase((table(["Article", "Price", "Since"], *rows),))


@pytest.mark.parametrize("sql", HOSTILE)
def test_a_hostile_statement_is_refused_and_changes_nothing(prices: TableDatabase, sql: str) -> None:
    sql = sql.replace("{big}", "a" * 500).replace("{deep}", "(" * 200 + "1" + ")" * 200)
    sql = sql.replace("{pattern}", "%a" * 400)
    with pytest.raises(BadQuery):
        prices.select(sql)
    assert prices.select("SELECT count(*), sum(price) FROM prices").rows == ((300, 45150.0),)


def test_a_bomb_is_stopped_at_its_deadline(prices: TableDatabase) -> None:
    started = time.monotonic()
    with pytest.raises(BadQuery, match="interrupted"):
        prices.select("SELECT count(*) FROM prices a, prices b, prices c, prices d", deadline_s=0.2)
    assert time.monotonic() - started < 10
    assert prices.select("SELECT count(*) FROM prices").rows == ((300,),)


def test_a_bomb_of_many_rows_to_sort_is_stopped_too(prices: TableDatabase) -> None:
    with pytest.raises(BadQuery):
        prices.select("SELECT a.article FROM prices a, prices b, prices c ORDER BY b.price || c.price", deadline_s=0.2)


def test_a_result_is_cut_at_fifty_rows_and_at_its_characters(prices: TableDatabase) -> None:
    result = prices.select("SELECT article FROM prices")
    assert (len(result.rows), result.is_cut) == (50, True)
    assert not prices.select("SELECT article FROM prices LIMIT 50").is_cut
    wide = TableDatabase((table(["A", "B"], *[["x" * 3_000, str(n)] for n in range(20)]),))
    result = wide.select("SELECT a FROM prices")
    assert result.is_cut and sum(len(str(row[0])) for row in result.rows) <= MAX_CHARS


def test_the_hidden_row_number_is_that_of_the_file_and_no_star_shows_it(prices: TableDatabase) -> None:
    assert prices.select("SELECT rowid FROM prices WHERE article = 'Pump 7'").rows == ((8,),)
    assert prices.select("SELECT * FROM prices LIMIT 1").columns == ("article", "price", "since")


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT article FROM prices WHERE article = 'pump 9'", (("Pump 9",),)),
        ("select max(price) from prices where since like '2024-01-0%'", ((288.0,),)),
        ("SELECT count(*) FROM (SELECT DISTINCT since FROM prices)", ((28,),)),
        ("WITH x AS (SELECT price p FROM prices WHERE price > 298) SELECT sum(p) FROM x", ((599.0,),)),
        ("SELECT a.price FROM prices a JOIN prices b ON a.price = b.price - 299", ((1.0,),)),
        ("SELECT article FROM prices UNION SELECT 'x' FROM prices ORDER BY 1 DESC LIMIT 1", (("x",),)),
        ("SELECT price, rank() OVER (ORDER BY price DESC) FROM prices LIMIT 1", ((300.0, 1),)),
        ("SELECT 1 / price FROM prices WHERE price = 2", ((0.5,),)),
    ],
)
def test_what_a_question_needs_is_allowed(prices: TableDatabase, sql: str, rows: tuple[object, ...]) -> None:
    assert prices.select(sql).rows == rows


def test_what_was_read_is_known(prices: TableDatabase) -> None:
    read = prices.select("SELECT sum(price) FROM prices WHERE since > '2024-01-03'").read
    assert read == {("prices", "price"), ("prices", "since")}


def test_threads_may_ask_at_once(prices: TableDatabase) -> None:
    found: list[object] = []
    threads = [
        threading.Thread(target=lambda: found.append(prices.select("SELECT sum(price) FROM prices").rows))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [((45150.0,),)] * 8
