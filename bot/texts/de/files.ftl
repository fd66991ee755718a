# Zu Dateien: was gelesen wurde und was nicht.

receipt-read = :white_check_mark: Ich habe { $name } gelesen.
receipt-read-note = :white_check_mark: Ich habe { $name } gelesen ({ $note }).
receipt-failed = :warning: { $name } konnte ich nicht lesen. { $note }
receipt-left-out = { $count ->
    [one] { $count } ältere Datei hier habe ich vorerst ausgelassen; erwähne mich bei ihr, damit ich sie lese.
   *[other] { $count } ältere Dateien hier habe ich vorerst ausgelassen; erwähne mich bei ihnen, damit ich sie lese.
}
receipt-ask = { $count ->
    [one] Frag mich etwas dazu.
   *[other] Frag mich etwas dazu.
}
receipt-replaces = Sie ersetzt die Fassung vom { $day }, die ich nicht mehr durchsuche.
receipt-replaces-today = Sie ersetzt die frühere Fassung von heute, die ich nicht mehr durchsuche.
receipt-older = Hier gibt es eine neuere Fassung, darum durchsuche ich diese nicht.
search-both = Beide durchsuchen
search-both-of = Beide durchsuchen: { $name }
both-searched = Ich durchsuche jetzt beide Fassungen.
both-already = Ich durchsuche schon beide Fassungen, oder eine davon gibt es nicht mehr.
file-forgotten = { $count ->
    [0] Eine Datei, die hier geteilt war, wurde gelöscht; ich habe sie vergessen.
    [one] Eine Datei, die hier geteilt war, wurde gelöscht; ich habe sie vergessen: { $count } Textstelle.
   *[other] Eine Datei, die hier geteilt war, wurde gelöscht; ich habe sie vergessen: { $count } Textstellen.
}
status-slides = liest { $name }: Folie { $done } von { $total } …
status-passages = liest { $name }: Textstelle { $done } von { $total } …

# Tage
day = { $day }. { $month }
day-year = { $day }. { $month } { $year }
month-1 = Januar
month-2 = Februar
month-3 = März
month-4 = April
month-5 = Mai
month-6 = Juni
month-7 = Juli
month-8 = August
month-9 = September
month-10 = Oktober
month-11 = November
month-12 = Dezember
