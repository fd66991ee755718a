from views import home


async def home_opened(client, event):
    if event["tab"] == "home":
        await client.views_publish(user_id=event["user"], view=home())


async def message_seen():
    """What nobody asked about needs an answer too, or Slack sends it again."""


def register(app):
    app.event("app_home_opened")(home_opened)
    app.event("message")(message_seen)
