# About files: what was read, and what was not.

receipt-read = :white_check_mark: I read { $name }.
receipt-read-note = :white_check_mark: I read { $name } ({ $note }).
receipt-failed = :warning: I could not read { $name }. { $note }
receipt-left-out = { $count ->
    [one] { $count } older file here was left out for now; mention me beside it to have it read.
   *[other] { $count } older files here were left out for now; mention me beside them to have them read.
}
receipt-ask = { $count ->
    [one] Ask me anything about it.
   *[other] Ask me anything about them.
}
receipt-replaces = It replaces the version of { $day }, which I no longer search.
receipt-replaces-today = It replaces the version from earlier today, which I no longer search.
receipt-older = There is a newer version here, so I do not search this one.
search-both = Search both
search-both-of = Search both: { $name }
both-searched = I search both versions now.
both-already = I search both versions already, or one of them is gone.
file-forgotten = { $count ->
    [0] A file that was shared here was deleted; I have forgotten it.
    [one] A file that was shared here was deleted; I have forgotten it: { $count } passage.
   *[other] A file that was shared here was deleted; I have forgotten it: { $count } passages.
}
status-slides = is reading { $name }: slide { $done } of { $total } …
status-passages = is reading { $name }: passage { $done } of { $total } …

# Days
day = { $day } { $month }
day-year = { $day } { $month } { $year }
month-1 = January
month-2 = February
month-3 = March
month-4 = April
month-5 = May
month-6 = June
month-7 = July
month-8 = August
month-9 = September
month-10 = October
month-11 = November
month-12 = December
