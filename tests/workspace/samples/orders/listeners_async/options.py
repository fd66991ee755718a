from views import drinks_like


async def drinks(ack, payload):
    await ack(options=drinks_like(payload["value"]))


def register(app):
    app.options("drink")(drinks)
