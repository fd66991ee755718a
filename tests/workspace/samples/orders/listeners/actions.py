from views import order_form


def size_chosen(ack, action, body, client):
    ack()
    size, view = action["selected_option"]["value"], body["view"]
    shown = order_form(view["private_metadata"], "A large one costs more." if size == "large" else "A small one, then.")
    client.views_update(view_id=view["id"], hash=view["hash"], view=shown)


def order_ready(ack, action, respond):
    ack()
    respond(replace_original=True, text=f"{action['value']} is ready")


def order_changed(ack, action, body, client, say):
    ack()
    if action["selected_option"]["value"] == "cancel":
        client.chat_delete(channel=body["channel"]["id"], ts=body["message"]["ts"])
    else:
        say("The same again!")


def order_button(ack, body, client):
    ack()
    client.views_open(trigger_id=body["trigger_id"], view=order_form())


def register(app):
    app.action("size")(size_chosen)
    app.action("ready")(order_ready)
    app.action("change")(order_changed)
    app.action("order_button")(order_button)
