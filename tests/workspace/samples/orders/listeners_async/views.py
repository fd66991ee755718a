from views import confirmation, order_message, read_order, read_tip, tip_question


async def order_sent(ack, view):
    values = view["state"]["values"]
    if values["day"]["day"]["selected_date"] < "2026-01-01":
        await ack(response_action="errors", errors={"day": "That day is over."})
    else:
        await ack(response_action="update", view=confirmation(read_order(values)))


async def order_confirmed(ack, view):
    await ack(response_action="push", view=tip_question(view["private_metadata"]))


async def tip_given(ack, body, client, view):
    await ack(response_action="clear")
    tip = read_tip(view["state"]["values"])
    order = view["private_metadata"] + (f" with {tip}" if tip else "")
    await client.chat_postMessage(channel=body["user"]["id"], text=order, blocks=order_message(order))


async def order_closed(ack, body, client):
    await ack()
    await client.chat_postMessage(channel=body["user"]["id"], text="No order, then.")


def register(app):
    app.view("order")(order_sent)
    app.view("confirm")(order_confirmed)
    app.view("tip")(tip_given)
    app.view_closed("order")(order_closed)
