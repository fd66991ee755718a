# Befehle, Aktionen an Nachrichten und private Antworten.

# /ask
ask-how = Schreib deine Frage hinter den Befehl: `/ask Wie lang ist die Kündigungsfrist?` Nur du siehst die Antwort.
ask-looking = Ich suche eine Antwort auf: { $question }

# „Ask about this“
ask-about-title = Dazu etwas fragen
ask-about-label = Deine Frage
ask-about-files = { $count ->
    [one] Ich durchsuche nur die Datei in dieser Nachricht. Nur du siehst die Antwort und kannst sie dann teilen.
   *[other] Ich durchsuche nur die { $count } Dateien in dieser Nachricht. Nur du siehst die Antwort und kannst sie dann teilen.
}
ask-about-thread = Diese Nachricht enthält keine Datei; darum durchsuche ich die Dateien des Threads oder sonst die der Unterhaltung. Nur du siehst die Antwort und kannst sie dann teilen.
ask-about-no-words = (eine Nachricht ohne Worte)
ask-about-send = Fragen
ask-empty = Bitte schreib hier deine Frage hinein.
ask-too-late = Slack hat mich das Formular nicht rechtzeitig öffnen lassen. Bitte wähl die Aktion noch einmal.

# „Add these files“
add-none = Diese Nachricht enthält keine Dateien, die ich lesen könnte. Wähl die Aktion an einer Nachricht mit Dateien.
add-reading = Ich lese { $files } …
add-gone = Die Dateien dieser Nachricht gibt es nicht mehr. Wenn sie noch gebraucht werden, lade sie noch einmal hoch.

# „Summarise this thread“
summary-reading = Ich lese { $count } Nachrichten …
summary-reading-thread = Ich lese diesen Thread …
summary-heading = Zusammenfassung von { $count } Nachrichten
summary-quote = { $author }: „{ $text }“
summary-extract = Ein Auszug in den Worten der Verfasser; die Zahlen führen zu den Nachrichten.
summary-checked = Jede Zeile wurde an den Nachrichten geprüft, zu denen ihre Zahlen führen.
summary-cut = Der Thread geht nach den ersten { $count } Nachrichten weiter; nur diese habe ich gelesen.
summary-left-out = { $count ->
    [one] Eine Nachricht blieb unberücksichtigt.
   *[other] { $count } Nachrichten blieben unberücksichtigt.
}
summary-files = Dateien: { $names }.
summary-gone = Ich finde in diesem Thread keine Nachrichten von Menschen; vermutlich wurde er gelöscht. Wähl die Aktion an einer Nachricht, die es noch gibt.
summary-no-words = In diesem Thread hat noch niemand etwas in Worten geschrieben; es gibt nur Zeichen, Links, Dateien oder Nachrichten von Bots und darum nichts zusammenzufassen.
summary-one = In diesem Thread steht nur eine Nachricht mit Worten, und sie sagt mehr als jede Zusammenfassung. Wähl die Aktion an einem längeren Thread.
summary-nothing = Ich habe in diesem Thread nichts gefunden, worauf sich eine Zusammenfassung stützen könnte. Frag mich stattdessen mit „Ask about this“ nach einer Datei darin.

# Teilen, was nur eine Person gesehen hat
shared = Geteilt.
share-done = Du hast diese Antwort schon geteilt.
share-not-yours = Diese Antwort habe ich jemand anderem gezeigt; nur diese Person kann sie teilen. Frag mich selbst mit `/ask`, dann bekommst du deine eigene.
share-forgotten = Eine private Antwort behalte ich einen Tag lang, und diese habe ich vergessen. Frag noch einmal, dann kannst du die neue teilen.
share-files-gone = Eine Datei, auf der diese Antwort beruht, ist nicht mehr hier; darum habe ich nichts geteilt. Frag noch einmal.
share-messages-gone = Eine Nachricht, die diese Zusammenfassung zitiert, wurde gelöscht oder geändert; darum habe ich nichts geteilt. Wähl „Summarise this thread“ noch einmal.
share-nowhere = Ich kann hier nichts mehr schreiben: Die Unterhaltung ist archiviert, oder ich wurde aus ihr entfernt. Darum wurde nichts geteilt.

# /inhouse
help-what = *Ich antworte aus den Dateien einer Unterhaltung*, mit einem Sprachmodell auf einem Rechner deines Teams. Jeder Satz nennt die Datei und die Seite, von der er stammt. Was die Dateien nicht sagen, beantworte ich nicht.
help-ways =
    { "*" }So kannst du fragen*
    • Leg eine Datei in einem Thread ab, erwähne mich und frag. Danach fragst du dort ohne Erwähnung weiter.
    • Schreib mir direkt, mit oder ohne Dateien.
    • `/ask` und deine Frage: Nur du siehst die Antwort und kannst sie dann teilen.
    • Im Menü einer Nachricht: *Ask about this* (dazu etwas fragen), *Summarise this thread* (den Thread zusammenfassen), *Add these files* (ihre Dateien lesen lassen).
help-commands =
    { "*" }Was du mir hier sagen kannst*
    • `/inhouse files`: die Dateien, die ich in dieser Unterhaltung kenne, jede mit einem Knopf zum Vergessen
    • `/inhouse forget`: vergessen, was du mir hier gegeben und mich gefragt hast
    • `/inhouse forget me`: dasselbe in allen Unterhaltungen
    • `/inhouse quiet` und `/inhouse listen`: wie du mich aus einem Thread heraushältst und wieder hereinlässt
    • `/inhouse privacy`: was ich wo speichere und wer es sieht
    • `/inhouse settings`: für die Administration, was in diesem Kanal gilt
unknown-word = { $word } kenne ich nicht.
did-you-mean = Meinst du { $word }?
quiet-how = Erwähne mich in einem Thread und schreib `sei still`: Dann halte ich mich heraus, bis du mich wieder erwähnst. Soll ich in einem Kanal nie ungefragt mitlesen, stellt das die Administration mit `/inhouse settings` ein.
listen-how = Erwähne mich in einem Thread und schreib `hör hier wieder zu`: Dann lese ich wieder mit und antworte allen, die mich dort gefragt haben.

# /inhouse files
files-none = Ich kenne hier keine Dateien. Leg eine in einem Thread ab und erwähne mich, oder wähl im Menü einer Nachricht *Add these files*.
files-heading = *Ich kenne { $files } in dieser Unterhaltung*, die neuesten zuerst:
files-line-by = { $name }, von { $people }: { $state }
files-more = Mehr zeigen ({ $count })
files-first = Die ersten zeigen
file-read = gelesen
file-read-note = gelesen ({ $note })
file-replaced = durch eine neuere Fassung ersetzt, wird nicht durchsucht
file-reading = wird gerade gelesen
file-failed = :warning: nicht gelesen. { $note }
forget = Vergessen
keep = Behalten
forget-file-title = Diese Datei vergessen?
forget-file-text = Ich vergesse, was in { $name } steht, und die Antworten, die darauf beruhen. Die Datei selbst bleibt in Slack.
forgot-file = { $name } habe ich vergessen.
forget-file-gone = Diese Datei kenne ich hier nicht mehr.
forget-not-yours = Diese Datei hat mir jemand anderes gegeben; nur diese Person oder die Administration kann sie mich vergessen lassen.

# /inhouse forget
ask-forget = Soll ich die Dateien vergessen, die du mir in dieser Unterhaltung gegeben hast, und was du hier gefragt hast? Für die Administration und in einer Direktnachricht vergesse ich hier alles. In Slack wird nichts gelöscht.
ask-forget-me = Soll ich die Dateien, die du mir gegeben hast, und deine Fragen in allen Unterhaltungen vergessen? In Slack wird nichts gelöscht.
kept = Ich habe alles behalten.
forgot-own = Ich habe vergessen, was du mir hier gegeben und mich gefragt hast: { $files }.
forgot-all = Ich habe alles vergessen, was ich hier kannte: { $files }.
forgot-me = { $conversations ->
    [0] Von dir kannte ich nichts.
    [one] Ich habe vergessen, was du mir in einer Unterhaltung gegeben und mich gefragt hast: { $files }.
   *[other] Ich habe vergessen, was du mir in { $conversations } Unterhaltungen gegeben und mich gefragt hast: { $files }.
}
