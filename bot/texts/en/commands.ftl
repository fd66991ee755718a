# Commands, message shortcuts and private answers.

# /ask
ask-how = Write your question behind the command: `/ask What is the notice period?` Only you see the answer.
ask-looking = I am looking for an answer to: { $question }
a-moment = One moment …

# "Ask about this"
ask-about-title = Ask about this
ask-about-label = Your question
ask-about-files = { $count ->
    [one] I search the file of this message and nothing else. Only you see the answer; you can share it.
   *[other] I search the { $count } files of this message and nothing else. Only you see the answer; you can share it.
}
ask-about-thread = This message holds no file, so I search the thread's files, or else those of the conversation. Only you see the answer; you can share it.
ask-about-no-words = (a message without words)
ask-about-send = Ask
ask-empty = Please write your question here.
ask-too-late = Slack did not let me open the form in time. Please choose the shortcut again.

# "Add these files"
add-none = This message holds no files that I could read. Choose the shortcut on a message with files.
add-reading = I am reading { $files } …
add-gone = The files of this message are gone. If they are still needed, upload them again.

# "Summarise this thread"
summary-reading = I am reading { $count } messages …
summary-reading-thread = I am reading this thread …
summary-heading = Summary of { $count } messages
summary-quote = { $author }: “{ $text }”
summary-extract = An extract in the authors' own words; the numbers lead to the messages.
summary-checked = Each line was checked against the messages that its numbers lead to.
summary-cut = The thread goes on after the first { $count } messages, which I read.
summary-left-out = { $count ->
    [one] One message was left out.
   *[other] { $count } messages were left out.
}
summary-files = Files: { $names }.
summary-messages = Messages: { $links }.
summary-gone = I find no messages of people in this thread; it was probably deleted. Choose the shortcut on a message that is still there.
summary-no-words = Nobody has written words in this thread yet, only signs, links, files or bots' messages; so there is nothing to summarise.
summary-one = There is only one message with words in this thread, and it says more than a summary could. Choose the shortcut on a longer thread.
summary-nothing = I found nothing in this thread that a summary could rest on. Ask me about a file in it instead, with “Ask about this”.

# Summaries of files and of spans of time, and what changed
status-summarising = is summing up { $name } …
status-summarising-part = is summing up { $name }: part { $done } of { $total } …
status-recap = is summing up thread { $number } of { $count } …
brief-reading = I am reading and summing up; only you will see it.
brief-comparing = I am comparing the versions; only you will see what changed.
brief-choose = What shall I sum up? Choose a file, or write `/inhouse summary` and a file's name, a link to a thread, or a day: `/inhouse summary since Monday`.
brief-which = Which file do you mean? I know { $names } here; name the one that I shall sum up.
brief-unknown = I know no file called { $words } here. I know { $names }.
brief-still-reading = I am still reading { $name }. Ask again in a moment.
brief-unread = I could not read { $name }, so I cannot sum it up. Upload a copy that I can read, and ask again.
brief-no-thread = Which thread do you mean? Write `/inhouse summary` and a link to one of its messages, or choose *Summarise this thread* in a message's menu.
brief-link-elsewhere = This link leads to another conversation. Give me the command there, so that whoever sees the summary may see the thread too.
digest-heading = Summary of { $name }
digest-checked = Each line was checked against the places that its numbers name.
digest-extract = An extract in the file's own words.
digest-trial = The trial model ({ $model }) writes no summaries that could be proved.
digest-read = The file is long: the model read the { $read } weightiest of its { $all } passages.
digest-nothing = I found no sentence in { $name } that a summary could rest on. Ask me about it instead.
changes-heading = What changed in { $name }
changes-heading-two = What changed from { $old } to { $new }
changes-counts = Changed: { $changed }, added: { $added }, removed: { $removed }, moved: { $moved }.
changes-version = { $name } of { $day }
changes-versions = Compared word for word, without the model: { $old } and { $new }.
changes-more = { $count ->
    [one] One more change is not shown.
   *[other] { $count } more changes are not shown.
}
changes-equal = Both versions of { $name } say the same, word for word.
changes-one = I know only one version of { $name } here. An earlier one counts as long as its message stands in this conversation; what was deleted, or edited in place, I no longer hold. Drop the earlier version here, then ask again.
changes-none = I do not know which two versions you mean. Name both files, or write `/inhouse changes` and the file's name.
change-changed = Changed
change-added = Added
change-removed = Removed
change-moved = Moved, word for word
change-was = Before: { $text }
change-now = Now: { $text }
recap-heading = { $count ->
    [one] One message since { $moment }
   *[other] { $count } messages since { $moment }
}
recap-nothing = Nobody has written anything here since { $moment }.
recap-thread = A thread
recap-loose = Outside threads
recap-checked = Each line was checked against the messages that its numbers lead to, or stands in its author's own words.
recap-files = New files: { $names }.
recap-left-out = { $count ->
    [one] A quieter thread was left out.
   *[other] { $count } quieter threads were left out.
}
recap-cut = There is more than I could read; what was said last was read.
moment = { $day }, { $time }
summarise-file = Summarise a file …
compare-file = What changed in …
what-changed = What changed?
what-changed-in = What changed: { $name }

# Sharing what one person saw
shared = Shared.
share-done = You have shared this answer already.
share-forgotten = I keep a private answer for one day, and have forgotten this one. Ask again to get one that you can share.
share-files-gone = A file that this answer rests on is not here any more, so I shared nothing. Ask again.
share-messages-gone = A message that this summary quotes was deleted or changed, so I shared nothing. Choose “Summarise this thread” again.
share-nowhere = I cannot post here any more: the conversation is archived, or I was taken out of it. So nothing was shared.

# /inhouse
help-what = *I answer from the files of a conversation*, with a language model on your team's own machine. Each sentence names the file and the page that it comes from. What the files do not say, I do not answer.
help-ways =
    { "*" }Ways to ask*
    • Drop a file in a thread, mention me, and ask. Go on asking there without a mention.
    • Write to me directly, with or without files.
    • `/ask` and your question: only you see the answer, and you can share it.
    • In a message's menu: *Ask about this*, *Summarise this thread*, *Add these files*.
    • “Summarise the contract”, “summarise this thread”, “what did I miss since Monday?”, “what changed since the last version?”
help-commands =
    { "*" }What you can tell me here*
    • `/inhouse files`: the files that I know in this conversation, each with a button to forget it
    • `/inhouse summary`: sum up a file, a thread (by its link), or everything since a day: `/inhouse summary since Monday`
    • `/inhouse changes`: what changed between two versions of a file
    • `/inhouse forget`: forget what you gave and asked here
    • `/inhouse forget me`: forget what you gave and asked in all conversations
    • `/inhouse quiet` and `/inhouse listen`: how to keep me out of a thread, and let me in again
    • `/inhouse privacy`: what I store, where, and who sees it
    • `/inhouse settings`: for administrators, what holds for this channel
unknown-word = I do not know { $word }.
did-you-mean = Did you mean { $word }?
quiet-how = Mention me in a thread and write `quiet here`: I keep out of it until you mention me again. In a channel where I should never follow a thread unasked, an administrator sets that with `/inhouse settings`.
listen-how = Mention me in a thread and write `listen here`: I follow it again, and answer the questions of everybody who has asked me there.

# /inhouse files
files-none = I know no files here. Drop one in a thread and mention me, or choose *Add these files* in a message's menu.
files-heading = *I know { $files } in this conversation*, newest first:
files-line-by = { $name }, from { $people }: { $state }
files-more = Show more ({ $count })
files-first = Show the first
file-read = read
file-read-note = read ({ $note })
file-replaced = replaced by a newer version, not searched
file-reading = being read
file-failed = :warning: not read. { $note }
forget = Forget
keep = Keep
forget-file-title = Forget this file?
forget-file-text = I forget what { $name } says, and the answers that rest on it. The file itself stays in Slack.
forgot-file = I have forgotten { $name }.
forget-file-gone = I do not know this file here any more.
forget-not-yours = Somebody else gave me this file, so only they or an administrator can make me forget it.

# /inhouse forget
ask-forget = Shall I forget the files that you gave me in this conversation and what you asked here? For administrators, and in a direct message, I forget everything here. Nothing is deleted in Slack.
ask-forget-me = Shall I forget the files that you gave me and what you asked, in all conversations? Nothing is deleted in Slack.
kept = I kept everything.
forgot-own = I have forgotten what you gave me and asked here: { $files }.
forgot-all = I have forgotten everything I knew here: { $files }.
forgot-me = { $conversations ->
    [0] There was nothing of yours that I knew.
    [one] I have forgotten what you gave me and asked, in one conversation: { $files }.
   *[other] I have forgotten what you gave me and asked, in { $conversations } conversations: { $files }.
}
