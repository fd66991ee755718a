import re


async def greeted(context, message, say):
    (greeting,) = context["matches"]
    await say(f"{greeting.title()} <@{message['user']}>, would you like a drink?")


def register(app):
    app.message(re.compile(r"\b(hi|hello|hey)\b", re.IGNORECASE))(greeted)
