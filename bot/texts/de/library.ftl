# Was die Bibliothek sagt, auf Deutsch.

library-one-page = 1 Seite
library-pages = { $count } Seiten
library-one-slide = 1 Folie
library-slides = { $count } Folien
library-one-sheet = 1 Tabellenblatt
library-sheets = { $count } Tabellenblätter

# Was von einer Datei nicht gelesen wurde
library-page-without-text = 1 von { $all } Seiten enthält keinen Text (eingescannt?).
library-pages-without-text = { $count } von { $all } Seiten enthalten keinen Text (eingescannt?).
library-page-damaged = Seite { $page } ist beschädigt und wurde nicht gelesen.
library-damaged-after = Diese Datei ist beschädigt; nur ihre ersten { $count } Seiten wurden gelesen.
library-pages-limit = Nur die ersten { $read } von { $all } Seiten wurden gelesen; teile die Datei, damit auch der Rest gelesen wird.
library-pages-left = Nur die ersten { $read } von { $all } Seiten wurden gelesen: Die Datei brauchte zu lange.
library-slides-limit = Nur die ersten { $read } von { $all } Folien wurden gelesen.
library-rows-limit-at = Nur die ersten { $read } Zeilen wurden gelesen, bis { $sheet }, Zeile { $row }.
library-rows-limit = Nur die ersten { $read } Zeilen wurden gelesen.
library-columns-limit = Nur die ersten { $read } Spalten wurden gelesen.
library-formula = 1 Formel enthält kein gespeichertes Ergebnis; öffne die Datei in Excel, speichere sie und lade sie noch einmal hoch.
library-formulas = { $count } Formeln enthalten kein gespeichertes Ergebnis; öffne die Datei in Excel, speichere sie und lade sie noch einmal hoch.
library-embedded-one = 1 Datei, die in diese eingebettet ist, wurde nicht gelesen.
library-embedded = { $count } Dateien, die in diese eingebettet sind, wurden nicht gelesen.
library-beginning-page = Nur der Anfang dieser Datei wurde gelesen, bis Seite { $page }: Sie ist zu lang.
library-beginning-slide = Nur der Anfang dieser Datei wurde gelesen, bis Folie { $slide }: Sie ist zu lang.
library-beginning-row = Nur der Anfang dieser Datei wurde gelesen, bis Zeile { $row }: Sie ist zu lang.
library-beginning-sheet = Nur der Anfang dieser Datei wurde gelesen, bis { $sheet }, Zeile { $row }: Sie ist zu lang.
library-beginning-place = Nur der Anfang dieser Datei wurde gelesen, bis { $place }: Sie ist zu lang.
library-beginning = Nur der Anfang dieser Datei wurde gelesen: Sie ist zu lang.
library-part-page = Die Datei ist beschädigt; sie wurde nur zum Teil gelesen, bis Seite { $page }.
library-part-slide = Die Datei ist beschädigt; sie wurde nur zum Teil gelesen, bis Folie { $slide }.
library-part-row = Die Datei ist beschädigt; sie wurde nur zum Teil gelesen, bis Zeile { $row }.
library-part-sheet = Die Datei ist beschädigt; sie wurde nur zum Teil gelesen, bis { $sheet }, Zeile { $row }.
library-part-place = Die Datei ist beschädigt; sie wurde nur zum Teil gelesen, bis { $place }.
library-part = Die Datei ist beschädigt; sie wurde nur zum Teil gelesen.

# Warum eine Datei nicht gelesen wurde
library-failed = Diese Datei ließ sich nicht lesen.
library-unsupported = Diese Art von Datei wird nicht gelesen; gelesen werden PDF, Word, PowerPoint, Excel, CSV, Markdown, HTML, reiner Text und Code.
library-encrypted = Diese Datei ist mit einem Passwort geschützt; lade eine Kopie ohne Passwort hoch.
library-broken = Diese Datei ist beschädigt oder unvollständig; speichere oder exportiere sie noch einmal.
library-empty = Diese Datei ist leer.
library-only-pictures = Diese Datei enthält nur Bilder, keinen Text; lade eine Kopie mit Textebene hoch.
library-too-large = Diese Datei ist zu groß.
library-stopped = Diese Datei zu lesen brauchte mehr Zeit oder Speicher, als erlaubt ist; versuch es mit einer kleineren oder einfacheren Kopie.
library-stopped-reader = Das Lesen dieser Datei brach ab: Sie ist beschädigt oder braucht mehr Speicher, als erlaubt ist; exportiere sie noch einmal.
library-removed = Diese Datei wurde gelöscht, während sie gelesen wurde; darum wurde nichts von ihr behalten.
library-not-whole = Diese Datei kam nicht vollständig an; lade sie noch einmal hoch.
library-too-much-text = Diese Datei enthält mehr Text, als sich auf einmal lesen lässt; teile sie in kleinere Dateien.
library-too-many-parts = Diese Datei enthält mehr als { $count } Teile und wurde darum nicht geöffnet.
library-unsafe-paths = Diese Datei enthält Teile mit unsicheren Pfaden und wurde darum nicht geöffnet.
library-bomb = Diese Datei wird beim Entpacken um ein Vielfaches größer, wie eine „Zip-Bombe“, und wurde darum nicht geöffnet.
library-entities = Diese Datei definiert XML-Entitäten, die kein Dokument braucht, und wurde darum nicht geöffnet.
library-zip = Diese Datei ist ein ZIP-Archiv; entpacke es und lade die Dokumente darin hoch.
library-archive = Diese Datei ist ein Archiv; entpacke es und lade die Dokumente darin hoch.
library-xlsb = Diese Datei ist eine binäre Excel-Mappe (.xlsb); speichere sie als .xlsx und lade diese hoch.
library-office = Diese Datei ist eine Office-Datei, deren Art nicht gelesen wird; speichere sie als PDF und lade dieses hoch.
library-office-old = Diese Datei hat ein altes Office-Format; speichere sie als PDF oder .docx und lade diese Fassung hoch.
library-doc = Diese Datei hat das alte Word-Format (.doc); speichere sie als .docx und lade diese Fassung hoch.
library-ppt = Diese Datei hat das alte PowerPoint-Format (.ppt); speichere sie als .pptx und lade diese Fassung hoch.
library-xls = Diese Datei hat das alte Excel-Format (.xls); speichere sie als .xlsx und lade diese Fassung hoch.
library-msg = Diese Datei ist eine Outlook-Nachricht (.msg); speichere sie als PDF oder Text und lade diese Fassung hoch.
library-odt = Diese Datei ist ein OpenDocument-Text; speichere sie als .docx und lade diese Fassung hoch.
library-ods = Diese Datei ist eine OpenDocument-Tabelle; speichere sie als .xlsx und lade diese Fassung hoch.
library-odp = Diese Datei ist eine OpenDocument-Präsentation; speichere sie als .pptx und lade diese Fassung hoch.
library-epub = Diese Datei ist ein E-Book (EPUB); speichere sie als PDF und lade dieses hoch.
library-rtf = Diese Datei hat das Format Rich Text (.rtf), das nicht gelesen wird; speichere sie als .docx oder PDF und lade diese Fassung hoch.
library-postscript = Diese Datei ist PostScript, das nicht gelesen wird; speichere sie als PDF und lade dieses hoch.
library-database = Diese Datei ist eine Datenbank, die nicht gelesen wird; exportiere das Wichtige als .csv und lade diese hoch.
library-program = Diese Datei ist ein Programm, kein Dokument; sie wurde nicht geöffnet.
library-picture = Diese Datei ist ein Bild, und Text in Bildern wird nicht gelesen; lade eine Kopie mit echtem Text hoch, etwa ein PDF.
library-sound = Diese Datei enthält Ton oder Video und wird nicht gelesen; lade eine schriftliche Fassung hoch.
library-web-page-inside = Diese Datei hat die Endung { $suffix }, enthält aber eine Webseite; lade das Original noch einmal herunter oder exportiere es neu.
library-text-inside = Diese Datei hat die Endung { $suffix }, enthält aber reinen Text; lade das Original noch einmal herunter oder exportiere es neu.
library-opened-as = Diese Datei wurde als { $kind } geöffnet, enthält aber { $found }.
library-larger-most = Diese Datei ist größer als { $size } MB; mehr wird nicht gelesen.
library-pdf-scanned = Dieses PDF enthält keinen Text, vielleicht weil es eingescannt ist; lade eine Kopie mit Textebene hoch.
library-no-text = Diese Datei enthält keinen Text, vielleicht nur Bilder; lade eine Kopie mit echtem Text hoch.
library-workbook-empty = Diese Mappe enthält keinen Text in ihren Zellen, vielleicht nur Bilder oder Diagramme.
library-no-words = Diese Datei enthält keine Wörter.

# Auf dem Weg von Slack
library-elsewhere = Diese Datei liegt nicht bei Slack, sondern anderswo, wohin ich nicht gehe; lade sie hier hoch.
library-larger-than-read = Diese Datei ist größer als die { $size } MB, die ich lese; lade den Teil hoch, den du brauchst.
library-scope-missing = Slack hat diese Datei nicht herausgegeben; die Administration sollte die Berechtigung `files:read` prüfen.
library-larger-than-said = Diese Datei ist größer, als Slack angab; sie wurde nicht gelesen.
library-not-fetched = Slack hat sie nicht herausgegeben, obwohl ich es mehrmals versucht habe; lade sie noch einmal hoch.

# Was sonst schiefging
library-trouble = Bei uns ist etwas schiefgegangen; verloren ist nichts. Bitte versuch es noch einmal.
library-model = Das Sprachmodell ist gerade nicht verfügbar; den Grund findet die Administration im Protokoll.
library-store = Die Daten auf der Festplatte lassen sich gerade nicht benutzen; geändert wurde nichts.
library-disk-full = Die Festplatte ist voll, darum ließ sich das nicht speichern; sobald Platz ist, wird es noch einmal versucht.
library-no-question = Das enthielt keine Frage. Frag mich etwas zu den Dateien hier.
library-question-long = Diese Frage ist länger, als das Sprachmodell auf einmal lesen kann. Bitte kürze sie.
library-web = Im Web wird nicht gesucht: Nichts, was hier gefragt wird, verlässt je diesen Rechner.
library-memory = Beim Antworten ging der Speicher aus; alles andere läuft weiter. Verringere INHOUSE_CONTEXT_TOKENS, oder wähle mit `inhouse models` ein kleineres Modell.
library-busy = Das Sprachmodell hat gerade mehr Fragen, als es annehmen kann. Bitte frag in einer Minute noch einmal.
library-broke-off = Das Sprachmodell hat mittendrin abgebrochen. Bitte frag noch einmal.
library-shut-down = Das Sprachmodell wird gerade beendet. Bitte frag in einer Minute noch einmal.
library-more-than-memory = Diese Frage und ihre Dateien sind mehr, als in den Speicher des Sprachmodells passt.
