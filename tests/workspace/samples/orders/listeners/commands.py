from views import order_form


def ordered(ack, body, client, command, respond):
    ack()
    if command["text"] == "help":
        respond("Write `/order` and fill in the form.")
    else:
        client.views_open(trigger_id=body["trigger_id"], view=order_form())


def register(app):
    app.command("/order")(ordered)
