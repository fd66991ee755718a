# Die Startseite, die Einstellungen eines Kanals und der Anfang eines Gesprächs.

privacy =
    Slack hat die Dateien, die du hochlädst, und die Antworten, die ich gebe, so wie jede andere Nachricht. Alles Übrige bleibt auf der Maschine eures Teams: was ich lese, was ich mir merke und das Modell, das schreibt. Kein anderes Unternehmen bekommt etwas davon: Es gibt keine Telemetrie, und im Betrieb wird nichts nachgeladen.
    Für eine Antwort nutze ich nur Dateien, die in derselben Unterhaltung geteilt wurden. Wer die Antwort lesen kann, kann also auch die Dateien lesen.
    Lösch in Slack eine Datei, eine Frage oder einen Kanal, dann vergesse ich sie auch: Text, Index, Verlauf und Original. `/inhouse forget` tut das sofort; Slack behält dabei seine eigene Kopie. Was nicht in Slack liegen darf, gehört auch nicht hierher.

# Was ich kann
home-title = Frag die Dateien deines Teams
home-can =
    • Leg eine Datei in einen Kanal oder Thread, erwähne { $bot } und frag. Jeder Satz der Antwort nennt die Datei und die Seite, von der er stammt.
    • Frag in diesem Thread ohne Erwähnung weiter; mit `ruhe hier` halte ich mich heraus.
    • Schreib mir im Reiter *Nachrichten*, mit oder ohne Dateien: Das sehen nur wir beide.
    • `/ask` und deine Frage: Nur du siehst die Antwort und kannst sie teilen.
    • Das Menü einer Nachricht (⋮): zu ihr fragen, ihre Dateien lesen oder den Thread zusammenfassen lassen.
    • `/inhouse` zeigt, was ich in einem Kanal kenne, und lässt mich vergessen.

# Deines
home-files-title = Deine Dateien
home-files-none = Du hast mir noch keine Datei gegeben.
home-replaced = durch eine neuere Fassung ersetzt
home-more-files = … und { $count } weitere. `/inhouse files` zeigt in einer Unterhaltung alle, die ich dort kenne.
home-questions-title = Deine Fragen
home-questions-none = Du hast mich noch nichts gefragt.
home-signs = :white_check_mark: beantwortet · :page_facing_up: nur die Stelle · :grey_question: nicht gefunden · :speech_balloon: etwas anderes
home-direct = Direktnachricht
home-forget = Vergessen
home-forget-title = Diese Datei vergessen?
home-forget-text = Ich vergesse { $name } in dieser Unterhaltung: was darin steht und was ich daraus geantwortet habe. In Slack bleiben Datei und Antworten; fragt dort wieder jemand nach der Datei, lese ich sie neu. Soll sie ganz verschwinden, lösch sie in Slack.
home-keep = Behalten
home-model-title = Wer antwortet
home-model = { $model }, auf der Maschine eures Teams.
home-model-trial = { $model }, auf der Maschine eures Teams. Es ist ein kleines Probemodell und irrt oft: Verlass dich auf die Zitate und prüfe den Rest.
home-privacy-title = Datenschutz
home-part-failed = _Dieser Teil ließ sich gerade nicht zusammenstellen. Öffne die Seite in einer Minute noch einmal._

# Für die Administration
home-admin = _Ab hier sieht diese Seite nur die Administration._
home-health-title = Wie es mir geht
home-health-model = { $model }, bereit seit { $since }
home-health-answers = { $count ->
    [0] Keine Antworten in den letzten 7 Tagen
    [one] { $count } Antwort in den letzten 7 Tagen, nach { $seconds } s
   *[other] { $count } Antworten in den letzten 7 Tagen, die Hälfte davon binnen { $seconds } s
}
home-health-waiting = { $count ->
    [0] Niemand wartet
    [one] { $count } Frage oder Datei wartet
   *[other] { $count } Fragen und Dateien warten
}
home-health-documents = { $documents ->
    [one] { $documents } Dokument
   *[other] { $documents } Dokumente
} mit { $passages ->
    [one] { $passages } Abschnitt
   *[other] { $passages } Abschnitten
}
home-health-disk = { $free } GB frei auf der Festplatte
home-health-disk-low = :warning: nur noch { $free } GB frei auf der Festplatte
home-health-votes = Bewertungen der letzten 14 Tage: :thumbsup: { $up } · :thumbsdown: { $down }
home-erased-files = { $count ->
    [one] { $count } Datei
   *[other] { $count } Dateien
}
home-erased-passages = { $count ->
    [one] { $count } Abschnitt
   *[other] { $count } Abschnitte
}
home-erased-questions = { $count ->
    [one] { $count } Frage
   *[other] { $count } Fragen
}
home-erased = Vergessen ({ $when }), nachweislich gelöscht: { $what }
home-erased-unproved = :warning: Vergessen ({ $when }), Löschung noch nicht nachgewiesen: { $what }
home-channels-title = Kanäle
home-channels-none = Noch hat mich niemand in einem Kanal genutzt. Lade mich mit `/invite` ein.
home-channel-no-files = keine Dateien
home-channel-usual = übliche Einstellungen
home-more-channels = … und { $count } weitere. `/inhouse settings` öffnet in einem Kanal dessen Einstellungen.
home-settings = Einstellungen
home-set-mentioned = nur bei Erwähnung
home-set-library = Bibliothek
home-set-connect = Außenstehende erlaubt
home-set-language = immer { $language }
home-set-days = { $days ->
    [one] vergisst nach { $days } Tag
   *[other] vergisst nach { $days } Tagen
}
home-unanswered-title = Ohne Antwort geblieben
home-unanswered-intro = Aus den letzten 14 Tagen: was die Dateien nicht hergaben und was jemand mit :thumbsdown: bewertet hat. Du siehst die Fragen aus Unterhaltungen, die dir offenstehen.
home-unanswered-none = Nichts in den letzten 14 Tagen.
home-more-questions = … und { $count } weitere.
home-hidden-questions = { $count } weitere in Unterhaltungen, in denen du nicht bist.

# Die Einstellungen eines Kanals
settings-title = Kanal einstellen
settings-save = Speichern
settings-for = Wie ich mich in { $channel } verhalte. Das gilt dort für alle.
settings-options = Was ich dort tue
settings-mentioned = Nur antworten, wenn ich erwähnt werde
settings-mentioned-more = Auf Nachfragen im Thread gehe ich ohne Erwähnung nicht ein.
settings-library = Bibliothek: jede Datei lesen, die hier abgelegt wird
settings-library-more = Ab jetzt und ohne Erwähnung. Der Kanal erfährt davon.
settings-connect = Antworten, obwohl Außenstehende dabei sind
settings-connect-more = Für Kanäle, die über Slack Connect geteilt sind. Der Kanal erfährt davon.
settings-connect-warning = :warning: In einem Kanal, der mit einer anderen Organisation geteilt ist, lesen deren Leute meine Antworten mit und damit auch, was in den dort geteilten Dateien steht. Ohne diese Erlaubnis schweige ich in solchen Kanälen.
settings-language = Meine Sprache dort
settings-language-own = Die Sprache der jeweiligen Person
settings-days = Nach wie vielen Tagen vergessen?
settings-days-hint = Leer oder 0: Ich behalte, was ich gelesen habe, bis es in Slack gelöscht wird. Sonst sind ältere Dateien und Fragen binnen einer Stunde vergessen und nicht wiederherzustellen; in Slack bleiben sie.
settings-days-wrong = Gib eine ganze Zahl von Tagen zwischen 1 und 3650 an, oder lass das Feld leer.
settings-not-admin = Das kann nur die Administration dieses Workspace ändern. Wende dich an sie.
settings-no-channel = In einer Direktnachricht gibt es nichts einzustellen: Ich beantworte alles und lese jede Datei, die du mir gibst.
settings-not-opened = Die Einstellungen ließen sich nicht öffnen. Bitte versuch es noch einmal.
settings-library-on = { $person } hat diesen Kanal zur Bibliothek gemacht: Ab jetzt lese ich jede Datei, die hier abgelegt wird, damit alle hier danach fragen können.
settings-library-off = { $person } hat die Bibliothek hier beendet: Ich lese Dateien nur noch, wenn ich erwähnt werde. Was ich bisher gelesen habe, behalte ich, bis es gelöscht wird.
settings-connect-on = { $person } hat mir erlaubt, hier zu antworten, obwohl Leute einer anderen Organisation in diesem Kanal sind. Sie lesen meine Antworten mit.
settings-connect-off = { $person } hat entschieden, dass ich hier schweige, solange Leute einer anderen Organisation in diesem Kanal sind.

# Der Anfang eines Gesprächs
prompts-title = Frag etwas zu deinen Dateien
prompts-title-none = So fängst du an
prompt-about = Worum geht es in { $name }?
prompt-dates = Welche Termine und Fristen nennen die Dateien?
prompt-amounts = Welche Geldbeträge nennen die Dateien?
prompt-how = Wie gebe ich dir eine Datei?
pane-hint = In { $channel }, wo du gerade bist, kenne ich { $count ->
    [one] { $count } Datei
   *[other] { $count } Dateien
}: Frag dort mit `/ask`, dann siehst nur du die Antwort.
joined = Danke für die Einladung in { $channel }. Dateien lese ich hier nur, wenn jemand { $bot } neben ihnen erwähnt, und ich antworte allen, die mich erwähnen. Mit `/inhouse settings` kann die Administration den Kanal zur Bibliothek machen, in der ich jede Datei lese; `/inhouse privacy` sagt, was ich behalte.
