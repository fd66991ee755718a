from views import drinks_like


def drinks(ack, payload):
    ack(options=drinks_like(payload["value"]))


def register(app):
    app.options("drink")(drinks)
