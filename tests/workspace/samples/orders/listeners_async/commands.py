from views import order_form


async def ordered(ack, body, client, command, respond):
    await ack()
    if command["text"] == "help":
        await respond("Write `/order` and fill in the form.")
    else:
        await client.views_open(trigger_id=body["trigger_id"], view=order_form())


def register(app):
    app.command("/order")(ordered)
