# Commands, message shortcuts and private answers.

# /ask
ask-how = Write your question behind the command: `/ask What is the notice period?` Only you see the answer.
ask-looking = I am looking for an answer to: { $question }

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
summary-gone = I find no messages of people in this thread; it was probably deleted. Choose the shortcut on a message that is still there.
summary-no-words = Nobody has written words in this thread yet, only signs, links, files or bots' messages; so there is nothing to summarise.
summary-one = There is only one message with words in this thread, and it says more than a summary could. Choose the shortcut on a longer thread.
summary-nothing = I found nothing in this thread that a summary could rest on. Ask me about a file in it instead, with “Ask about this”.

# Sharing what one person saw
shared = Shared.
share-done = You have shared this answer already.
share-not-yours = Only the person whom I showed this answer can share it. Ask me yourself with `/ask`, and you get your own.
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
help-commands =
    { "*" }What you can tell me here*
    • `/inhouse files`: the files that I know in this conversation, each with a button to forget it
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
