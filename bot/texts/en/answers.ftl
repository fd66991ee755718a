# What stands in an answer's place, and below it.

kinds = PDF, Word, PowerPoint, Excel, CSV, Markdown, HTML, text or code
files-count = { $count ->
    [one] { $count } file
   *[other] { $count } files
}

what-to-know = What would you like to know? I know { $names } here.
drop-and-ask = Drop a file here ({ kinds }), mention me, and ask something about it.
nothing-readable = So I have nothing here to answer from yet. Upload a copy that I can read, and ask again.
no-files = I know no files here yet. Drop one in this thread ({ kinds }), mention me, and ask again.
files-gone = A file that this answer rested on was just deleted, so I took the answer back.
answer-taken-back = _A file that this answer rested on was deleted, so I took the answer back and forgot what the file said._
refusal = I did not find this in { $names }. If another file says it, drop it here and ask again.
refusal-missing = I did not find this in { $names }. Nothing there speaks of { $words }. If another file does, drop it here and ask again.
nearest = The nearest that I found is { $place }.
which = Which do you mean: { $names } or { $last }?
which-file = Which file do you mean?
refusal-unread = I could not read what you gave me with the question, and did not find it in { $names } either. Upload a copy that I can read, and ask again.
gave-up = Something went wrong on our side, so I did not answer. Please ask again; the administrator's log says why.
not-stored = { $why } Your question is not lost: I answer it as soon as I can store it.
stuck = The language model has stopped moving, so I am starting again. Your question is not lost: I answer it after that.
busy = More questions are waiting than I can take on just now. Please ask this one again in a few minutes.
question-too-long = This question has { $chars } characters; I read up to { $most }. Ask it in fewer words, or put the long text in a file.

searched = Searched { $names }.
searched-thread = Searched this thread's own { $names }.
stopped = Stopped.
foreign = The trial model knows English only: it finds little for a question in another language and explains nothing.
passage-only = This is the nearest passage, word for word, not an answer of the model's.
passage-trial = This is the nearest passage, word for word; the trial model ({ $model }) added nothing that could be proved.
written-by-trial = Written by a small trial model ({ $model }); trust the quote, check the rest.
worked-out = Worked out with: { $query }
written-anew = Written anew.
shared-by = Asked privately and shared by { $person }.
and-more = { $names } and { $count } more
more-sources = … and { $count } more places.
continued = (continued)

# Buttons and menus
stop = Stop
good = Good answer
bad = Something is wrong
regenerate = Answer anew
shorter = Shorter
longer = In more detail
widen = Search the whole channel
delete-answer = Delete this answer
share = Share in the channel
share-thread = Share in the thread

# While it works
status-thinking = is thinking …
status-reading = is reading { $name } …
status-reading-of = is reading { $name } ({ $number } of { $count }) …
status-pages = is reading { $name }: page { $page } of { $pages } …
status-searching = is searching { $count ->
    [one] { $count } file
   *[other] { $count } files
} …
status-writing = is writing …
status-looking = is looking …
status-waiting = is busy: { $ahead } ahead of you …
status-waiting-about = is busy: { $ahead } ahead of you, about { $seconds } s …
paced = Five answers in this thread within a minute are the most I give, so that people can still talk. Yours comes in about { $seconds } s.
quiet = I keep out of this thread from now on. Mention me when you want an answer; `listen here` lets me follow again.
listening = I follow this thread again, and answer questions of whoever asked me here.
