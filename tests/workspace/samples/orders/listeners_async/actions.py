from views import order_form


async def size_chosen(ack, action, body, client):
    await ack()
    size, view = action["selected_option"]["value"], body["view"]
    shown = order_form(view["private_metadata"], "A large one costs more." if size == "large" else "A small one, then.")
    await client.views_update(view_id=view["id"], hash=view["hash"], view=shown)


async def order_ready(ack, action, respond):
    await ack()
    await respond(replace_original=True, text=f"{action['value']} is ready")


async def order_changed(ack, action, body, client, say):
    await ack()
    if action["selected_option"]["value"] == "cancel":
        await client.chat_delete(channel=body["channel"]["id"], ts=body["message"]["ts"])
    else:
        await say("The same again!")


async def order_button(ack, body, client):
    await ack()
    await client.views_open(trigger_id=body["trigger_id"], view=order_form())


def register(app):
    app.action("size")(size_chosen)
    app.action("ready")(order_ready)
    app.action("change")(order_changed)
    app.action("order_button")(order_button)
