# Was an der Stelle einer Antwort steht, und darunter.

kinds = PDF, Word, PowerPoint, Excel, CSV, Markdown, HTML, Text oder Code
files-count = { $count ->
    [one] { $count } Datei
   *[other] { $count } Dateien
}

what-to-know = Was möchtest du wissen? Ich kenne hier { $names }.
drop-and-ask = Leg eine Datei hier ab ({ kinds }), erwähne mich und frag etwas dazu.
nothing-readable = Damit habe ich hier noch nichts, woraus ich antworten kann. Lade eine Fassung hoch, die ich lesen kann, und frag noch einmal.
no-files = Ich kenne hier noch keine Dateien. Leg eine in diesem Thread ab ({ kinds }), erwähne mich und frag noch einmal.
files-gone = Eine Datei, auf der diese Antwort beruhte, wurde gerade gelöscht; darum habe ich die Antwort zurückgenommen.
answer-taken-back = _Eine Datei, auf der diese Antwort beruhte, wurde gelöscht. Ich habe die Antwort zurückgenommen und vergessen, was in der Datei stand._
refusal = Das habe ich in { $names } nicht gefunden. Wenn es in einer anderen Datei steht, leg sie hier ab und frag noch einmal.
refusal-missing = Das habe ich in { $names } nicht gefunden. Nichts darin spricht von { $words }. Wenn eine andere Datei davon handelt, leg sie hier ab und frag noch einmal.
nearest = Am nächsten kommt { $place }.
which = Welche Datei meinst du: { $names } oder { $last }?
which-file = Welche Datei meinst du?
refusal-unread = Was du mir zur Frage gegeben hast, konnte ich nicht lesen, und in { $names } steht es auch nicht. Lade eine Fassung hoch, die ich lesen kann, und frag noch einmal.
gave-up = Bei uns ist etwas schiefgegangen, darum habe ich nicht geantwortet. Bitte frag noch einmal; den Grund findet die Administration im Protokoll.
not-stored = { $why } Deine Frage ist nicht verloren: Ich beantworte sie, sobald ich sie speichern kann.
stuck = Das Sprachmodell bewegt sich nicht mehr, deshalb starte ich neu. Deine Frage ist nicht verloren: Ich beantworte sie danach.
busy = Gerade warten mehr Fragen, als ich annehmen kann. Bitte stell diese in ein paar Minuten noch einmal.
question-too-long = Diese Frage hat { $chars } Zeichen; ich lese bis zu { $most }. Frag mit weniger Worten, oder leg den langen Text als Datei ab.

searched = Durchsucht: { $names }.
searched-thread = Durchsucht: { $names } aus diesem Thread.
stopped = Angehalten.
foreign = Das Probemodell kann nur Englisch: Zu einer Frage in einer anderen Sprache findet es wenig und erklärt nichts.
passage-only = Das ist die nächstliegende Stelle im Wortlaut, keine Antwort des Modells.
passage-trial = Das ist die nächstliegende Stelle im Wortlaut; das Probemodell ({ $model }) konnte nichts Belegbares hinzufügen.
written-by-trial = Geschrieben von einem kleinen Probemodell ({ $model }); verlass dich auf das Zitat und prüfe den Rest.
worked-out = Ermittelt mit: { $query }
written-anew = Neu geschrieben.
shared-by = Privat gefragt und geteilt von { $person }.
and-more = { $names } und { $count } weitere
more-sources = … und { $count } weitere Stellen.
continued = (Fortsetzung)

# Knöpfe und Menüs
stop = Anhalten
good = Gute Antwort
bad = Etwas stimmt nicht
regenerate = Neu antworten
shorter = Kürzer
longer = Ausführlicher
widen = Im ganzen Kanal suchen
delete-answer = Diese Antwort löschen
share = Im Kanal teilen
share-thread = Im Thread teilen

# Während der Arbeit
status-thinking = denkt nach …
status-reading = liest { $name } …
status-reading-of = liest { $name } ({ $number } von { $count }) …
status-pages = liest { $name }: Seite { $page } von { $pages } …
status-searching = durchsucht { $count ->
    [one] { $count } Datei
   *[other] { $count } Dateien
} …
status-writing = schreibt …
status-looking = sucht …
status-waiting = ist beschäftigt: { $ahead } vor dir …
status-waiting-about = ist beschäftigt: { $ahead } vor dir, etwa { $seconds } s …
paced = Mehr als fünf Antworten in einer Minute gebe ich in einem Thread nicht, damit ihr noch zu Wort kommt. Deine kommt in etwa { $seconds } s.
quiet = Ich halte mich ab jetzt aus diesem Thread heraus. Erwähne mich, wenn du eine Antwort möchtest; mit „hör hier wieder zu“ bin ich wieder dabei.
listening = Ich lese in diesem Thread wieder mit und antworte allen, die mich hier gefragt haben.
