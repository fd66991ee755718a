# Votes on an answer, and what may be done with it.

answer-unknown = I have forgotten this question; please ask it again.
answer-not-yours = { $person } asked this, so only they or an administrator can change the answer. Ask it yourself in the thread, and you get your own.
thanks-up = Thank you.
thanks-down = Thank you. I keep the question and the answer as a test case, so that your administrator can measure whether it gets better. Deleting the question deletes the case.
wrong-title = What was wrong?
wrong-intro = The question, the answer and what you say here are kept on your team's own machine as a test case. Besides you, administrators who may see this conversation can read it.
wrong-what = What was wrong with the answer?
wrong-comment = What should it have said, and where does it stand?
reason-wrong = It is wrong
reason-made-up = It is not in the file
reason-missed = The files say it, but it was not found
reason-source = It points to the wrong place
reason-style = Too long, too short, or hard to read
reason-other = Something else
send = Send
cancel = Cancel
stop-not-yours = Only whoever asked can stop an answer, and only as long as it is being written.
