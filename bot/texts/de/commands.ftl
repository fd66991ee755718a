# Befehle, Aktionen an Nachrichten und private Antworten.

# /ask
ask-how = Schreib deine Frage hinter den Befehl: `/ask Wie lang ist die Kündigungsfrist?` Nur du siehst die Antwort.
ask-looking = Ich suche eine Antwort auf: { $question }
a-moment = Einen Augenblick …

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
summary-messages = Nachrichten: { $links }.
summary-gone = Ich finde in diesem Thread keine Nachrichten von Menschen; vermutlich wurde er gelöscht. Wähl die Aktion an einer Nachricht, die es noch gibt.
summary-no-words = In diesem Thread hat noch niemand etwas in Worten geschrieben; es gibt nur Zeichen, Links, Dateien oder Nachrichten von Bots und darum nichts zusammenzufassen.
summary-one = In diesem Thread steht nur eine Nachricht mit Worten, und sie sagt mehr als jede Zusammenfassung. Wähl die Aktion an einem längeren Thread.
summary-nothing = Ich habe in diesem Thread nichts gefunden, worauf sich eine Zusammenfassung stützen könnte. Frag mich stattdessen mit „Ask about this“ nach einer Datei darin.

# Zusammenfassungen von Dateien und Zeiträumen, und was sich geändert hat
status-summarising = fasst { $name } zusammen …
status-summarising-part = fasst { $name } zusammen: Teil { $done } von { $total } …
status-recap = fasst Thread { $number } von { $count } zusammen …
brief-reading = Ich lese und fasse zusammen; nur du siehst es.
brief-comparing = Ich vergleiche die Fassungen; nur du siehst, was sich geändert hat.
brief-choose = Was soll ich zusammenfassen? Wähl eine Datei, oder schreib `/inhouse summary` und dahinter den Namen einer Datei, einen Link zu einem Thread oder einen Tag: `/inhouse summary seit Montag`.
brief-which = Welche Datei meinst du? Ich kenne hier { $names }; nenn die, die ich zusammenfassen soll.
brief-unknown = Eine Datei namens { $words } kenne ich hier nicht. Ich kenne { $names }.
brief-still-reading = Ich lese { $name } noch. Frag gleich noch einmal.
brief-unread = { $name } konnte ich nicht lesen und darum auch nicht zusammenfassen. Lade eine Kopie hoch, die ich lesen kann, und frag noch einmal.
brief-no-thread = Welchen Thread meinst du? Schreib `/inhouse summary` und dahinter einen Link zu einer seiner Nachrichten, oder wähl im Menü einer Nachricht *Summarise this thread*.
brief-link-elsewhere = Dieser Link führt in eine andere Unterhaltung. Gib mir den Befehl dort, damit nur sieht, wer auch den Thread sehen darf.
digest-heading = Zusammenfassung von { $name }
digest-checked = Jede Zeile wurde an den Stellen geprüft, die ihre Zahlen nennen.
digest-extract = Ein Auszug in den Worten der Datei.
digest-trial = Das Probemodell ({ $model }) schreibt keine Zusammenfassungen, die sich belegen ließen.
digest-read = Die Datei ist lang: Das Modell hat die { $read } gewichtigsten ihrer { $all } Abschnitte gelesen.
digest-nothing = Ich habe in { $name } keinen Satz gefunden, worauf sich eine Zusammenfassung stützen könnte. Frag mich stattdessen etwas dazu.
changes-heading = Was sich in { $name } geändert hat
changes-heading-two = Was sich von { $old } zu { $new } geändert hat
changes-counts = Geändert: { $changed }, hinzugekommen: { $added }, weggefallen: { $removed }, verschoben: { $moved }.
changes-version = { $name } vom { $day }
changes-versions = Wort für Wort verglichen, ohne das Modell: { $old } und { $new }.
changes-more = { $count ->
    [one] Eine weitere Änderung wird nicht gezeigt.
   *[other] { $count } weitere Änderungen werden nicht gezeigt.
}
changes-equal = Beide Fassungen von { $name } sagen Wort für Wort dasselbe.
changes-one = Von { $name } kenne ich hier nur eine Fassung. Eine frühere zählt, solange ihre Nachricht in dieser Unterhaltung steht; was gelöscht oder in Slack selbst geändert wurde, habe ich nicht mehr. Leg die frühere Fassung hier ab und frag noch einmal.
changes-none = Ich weiß nicht, welche zwei Fassungen du meinst. Nenn beide Dateien, oder schreib `/inhouse changes` und den Namen der Datei.
change-changed = Geändert
change-added = Hinzugekommen
change-removed = Weggefallen
change-moved = Wörtlich verschoben
change-was = Vorher: { $text }
change-now = Jetzt: { $text }
recap-heading = { $count ->
    [one] Eine Nachricht seit { $moment }
   *[other] { $count } Nachrichten seit { $moment }
}
recap-nothing = Seit { $moment } hat hier niemand etwas geschrieben.
recap-thread = Ein Thread
recap-loose = Außerhalb von Threads
recap-checked = Jede Zeile wurde an den Nachrichten geprüft, zu denen ihre Zahlen führen, oder steht in den Worten ihres Verfassers.
recap-files = Neue Dateien: { $names }.
recap-left-out = { $count ->
    [one] Ein ruhigerer Thread blieb unberücksichtigt.
   *[other] { $count } ruhigere Threads blieben unberücksichtigt.
}
recap-cut = Es gibt mehr, als ich lesen konnte; gelesen wurde, was zuletzt geschrieben wurde.
moment = { $day }, { $time } Uhr
summarise-file = Eine Datei zusammenfassen …
compare-file = Was sich geändert hat in …
what-changed = Was hat sich geändert?
what-changed-in = Was hat sich geändert: { $name }

# Teilen, was nur eine Person gesehen hat
shared = Geteilt.
share-done = Du hast diese Antwort schon geteilt.
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
    • „Fass den Vertrag zusammen“, „Fass diesen Thread zusammen“, „Was habe ich seit Montag verpasst?“, „Was hat sich seit der letzten Fassung geändert?“
help-commands =
    { "*" }Was du mir hier sagen kannst*
    • `/inhouse files`: die Dateien, die ich in dieser Unterhaltung kenne, jede mit einem Knopf zum Vergessen
    • `/inhouse summary`: eine Datei, einen Thread (über seinen Link) oder alles seit einem Tag zusammenfassen: `/inhouse summary seit Montag`
    • `/inhouse changes`: was sich zwischen zwei Fassungen einer Datei geändert hat
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
