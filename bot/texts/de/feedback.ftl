# Urteile über eine Antwort, und was man mit ihr tun kann.

answer-unknown = Diese Frage habe ich vergessen; bitte stell sie noch einmal.
answer-not-yours = Das hat { $person } gefragt; nur diese Person und die Administration können die Antwort ändern. Frag selbst im Thread, dann bekommst du deine eigene.
thanks-up = Danke.
thanks-down = Danke. Ich behalte Frage und Antwort als Prüffall, damit eure Administration messen kann, ob es besser wird. Wer die Frage löscht, löscht auch den Prüffall.
wrong-title = Was stimmt nicht?
wrong-intro = Die Frage, die Antwort und was du hier schreibst, bleiben als Prüffall auf der Maschine eures Teams. Außer dir können Administratoren es lesen, die diese Unterhaltung sehen dürfen.
wrong-what = Was war an der Antwort falsch?
wrong-comment = Was hätte dastehen sollen, und wo steht es?
reason-wrong = Sie ist falsch
reason-made-up = Das steht nicht in der Datei
reason-missed = Es steht in den Dateien, wurde aber nicht gefunden
reason-source = Sie verweist auf die falsche Stelle
reason-style = Zu lang, zu kurz oder schwer zu lesen
reason-other = Etwas anderes
send = Senden
cancel = Abbrechen
stop-not-yours = Anhalten kann eine Antwort nur, wer gefragt hat, und nur solange sie geschrieben wird.
