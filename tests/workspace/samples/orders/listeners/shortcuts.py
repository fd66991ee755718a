from views import order_form


def order_drink(ack, client, shortcut):
    ack()
    client.views_open(trigger_id=shortcut["trigger_id"], view=order_form())


def order_for(ack, client, respond, shortcut):
    ack()
    writer = shortcut["message"]["user"]
    client.views_open(trigger_id=shortcut["trigger_id"], view=order_form(private_metadata=writer))
    respond(f"An order for <@{writer}>")


def register(app):
    app.shortcut("order_drink")(order_drink)
    app.shortcut({"type": "message_action", "callback_id": "order_for"})(order_for)
