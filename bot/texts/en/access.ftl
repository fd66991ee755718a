# Why there is no answer here.

denied-outside = This channel is shared with another organisation, so I neither read files nor answer here until an administrator allows it: in my Home tab, or with `/inhouse settings` here. Ask me in a channel of your own, or in a direct message.
denied-not-member = I am not a member of this conversation, so I do not know its files. Invite me with `/invite`, then ask.
denied-stranger = I answer only people of the organisation that I belong to. Ask one of them to ask me.
denied-unknown = I could not check who is in this conversation, so I did not answer. Please try again in a minute.
denied-left = You are not in this conversation any more, so I show you nothing of it and post nothing for you there. Ask somebody in it to add you again.
