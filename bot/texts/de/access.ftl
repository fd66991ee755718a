# Warum es hier keine Antwort gibt.

denied-outside = Dieser Kanal ist mit einer anderen Organisation geteilt. Darum lese ich hier keine Dateien und antworte nicht, bis jemand aus der Administration es erlaubt: auf meiner Startseite oder hier mit `/inhouse settings`. Frag mich in einem eigenen Kanal oder in einer Direktnachricht.
denied-not-member = Ich bin kein Mitglied dieser Unterhaltung und kenne darum ihre Dateien nicht. Lade mich mit `/invite` ein und frag dann.
denied-stranger = Ich antworte nur Menschen der Organisation, zu der ich gehöre. Bitte eine oder einen von ihnen, mich zu fragen.
denied-unknown = Ich konnte nicht prüfen, wer in dieser Unterhaltung ist, und habe darum nicht geantwortet. Bitte versuch es in einer Minute noch einmal.
denied-left = Du bist nicht mehr in dieser Unterhaltung, darum zeige ich dir nichts daraus und schreibe dort nichts für dich. Bitte jemanden, der dort ist, dich wieder einzuladen.
