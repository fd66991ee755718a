# The Home tab, the settings of a channel, and the beginning of a conversation.

privacy =
    Slack holds the files that you upload and the answers that I post, as it holds every message. Everything else stays on your team's own machine: what I read, what I remember, and the model that writes. No other company gets anything: there is no telemetry, and nothing is fetched while I run.
    In an answer I use only files that were shared in that same conversation, so whoever can read the answer can read the files.
    Delete a file, a question or a channel in Slack, and I forget it too: text, index, history and the original. `/inhouse forget` does so at once, and Slack keeps its own copy. What may not be in Slack must not be dropped here.

# What I can do
home-title = Ask your team's files
home-can =
    • Drop a file in a channel or a thread, mention { $bot } and ask. Every sentence of the answer names the file and the page it comes from.
    • Go on asking in that thread without a mention; `quiet here` keeps me out of it.
    • Write to me in the *Messages* tab, with files or without: only the two of us see it.
    • `/ask` and your question: only you see the answer, and you may share it.
    • The menu of a message (⋮): ask about it, add its files, or have the thread summarised.
    • `/inhouse` shows what I know in a channel and makes me forget it.

# Yours
home-files-title = Your files
home-files-none = You have given me no file yet.
home-replaced = replaced by a newer version
home-more-files = … and { $count } more. `/inhouse files` in a conversation lists all that I know there.
home-questions-title = Your questions
home-questions-none = You have asked me nothing yet.
home-signs = :white_check_mark: answered · :page_facing_up: the passage only · :grey_question: not found · :speech_balloon: something else
home-direct = direct message
home-forget = Forget
home-forget-title = Forget this file?
home-forget-text = I forget { $name } in that conversation: what it says, and what I answered from it. In Slack the file and the answers stay, and if the file is asked about again where it lies, I read it again. To be rid of it for good, delete it in Slack.
home-keep = Keep
home-model-title = Who answers
home-model = { $model }, on your team's own machine.
home-model-trial = { $model }, on your team's own machine. It is a small trial model and often wrong: trust the quotes, check the rest.
home-privacy-title = Privacy
home-part-failed = _This part could not be put together just now. Open the tab again in a minute._

# For administrators
home-admin = _From here on only administrators see this page._
home-health-title = How I am doing
home-health-model = { $model }, ready since { $since }
home-health-answers = { $count ->
    [0] No answers in the last 7 days
    [one] { $count } answer in the last 7 days, which took { $seconds } s
   *[other] { $count } answers in the last 7 days, half of them within { $seconds } s
}
home-health-waiting = { $count ->
    [0] Nobody is waiting
    [one] { $count } question or file is waiting
   *[other] { $count } questions and files are waiting
}
home-health-documents = { $documents ->
    [one] { $documents } document
   *[other] { $documents } documents
} in { $passages ->
    [one] { $passages } passage
   *[other] { $passages } passages
}
home-health-disk = { $free } GB free on the disk
home-health-disk-low = :warning: only { $free } GB free on the disk
home-health-votes = Votes of the last 14 days: :thumbsup: { $up } · :thumbsdown: { $down }
home-erased-files = { $count ->
    [one] { $count } file
   *[other] { $count } files
}
home-erased-passages = { $count ->
    [one] { $count } passage
   *[other] { $count } passages
}
home-erased-questions = { $count ->
    [one] { $count } question
   *[other] { $count } questions
}
home-erased = Forgotten { $when }, proved to be gone: { $what }
home-erased-unproved = :warning: Forgotten { $when }, not yet proved to be gone: { $what }
home-channels-title = Channels
home-channels-none = Nobody has used me in a channel yet. Invite me with `/invite`.
home-channel-no-files = no files
home-channel-usual = usual settings
home-more-channels = … and { $count } more. `/inhouse settings` in a channel opens its settings.
home-settings = Settings
home-set-mentioned = only when mentioned
home-set-library = library
home-set-connect = outside people allowed
home-set-language = always { $language }
home-set-days = { $days ->
    [one] forgets after { $days } day
   *[other] forgets after { $days } days
}
home-unanswered-title = Found no answer
home-unanswered-intro = Of the last 14 days: what the files did not say, and what people marked with :thumbsdown:. You see the questions of conversations that are open to you.
home-unanswered-none = Nothing in the last 14 days.
home-more-questions = … and { $count } more.
home-hidden-questions = { $count } more in conversations that you are not in.

# The settings of a channel
settings-title = Settings of a channel
settings-save = Save
settings-for = How I behave in { $channel }. It holds for everybody there.
settings-options = What I do there
settings-mentioned = Answer only when mentioned
settings-mentioned-more = No follow-ups in a thread without a mention.
settings-library = Library: read every file posted here
settings-library-more = From now on, and without a mention. The channel is told.
settings-connect = Answer although outside people are in it
settings-connect-more = For channels shared through Slack Connect. The channel is told.
settings-connect-warning = :warning: In a channel shared with another organisation, its people read my answers, and with them what stands in the files shared there. Without this I stay silent in such channels.
settings-language = My language there
settings-language-own = Each person's own
settings-days = Forget after how many days?
settings-days-hint = Empty or 0: I keep what I read until it is deleted in Slack. Otherwise older files and questions are forgotten within the hour and cannot be brought back; in Slack they stay.
settings-days-wrong = Give a whole number of days from 1 to 3650, or leave it empty.
settings-not-admin = Only administrators of this workspace can change this. Ask one of them.
settings-no-channel = In a direct message there is nothing to set: I answer everything, and read every file that you give me.
settings-not-opened = The settings did not open. Please try it once more.
settings-library-on = { $person } made this channel a library: from now on I read every file that is posted here, so that anybody here can ask about it.
settings-library-off = { $person } ended the library here: I read files only when I am mentioned. What I have read so far I keep until it is deleted.
settings-connect-on = { $person } allowed me to answer here, although people of another organisation are in this channel. They read my answers too.
settings-connect-off = { $person } decided that I stay silent here while people of another organisation are in this channel.

# The beginning of a conversation
prompts-title = Ask about your files
prompts-title-none = How it begins
prompt-about = What is { $name } about?
prompt-dates = Which dates and deadlines do the files name?
prompt-amounts = Which amounts of money do the files name?
prompt-how = How do I give you a file?
pane-hint = { $channel }, which you are looking at, has { $count ->
    [one] { $count } file that I have read
   *[other] { $count } files that I have read
}: ask there with `/ask`, then only you see the answer.
joined = Thank you for inviting me to { $channel }. I read files here only when somebody mentions { $bot } beside them, and I answer whoever mentions me. `/inhouse settings` here lets an administrator make the channel a library, where I read every file; `/inhouse privacy` says what I keep.
