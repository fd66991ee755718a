from views import confirmation, order_message, read_order, read_tip, tip_question


def order_sent(ack, view):
    values = view["state"]["values"]
    if values["day"]["day"]["selected_date"] < "2026-01-01":
        ack(response_action="errors", errors={"day": "That day is over."})
    else:
        ack(response_action="update", view=confirmation(read_order(values)))


def order_confirmed(ack, view):
    ack(response_action="push", view=tip_question(view["private_metadata"]))


def tip_given(ack, body, client, view):
    ack(response_action="clear")
    tip = read_tip(view["state"]["values"])
    order = view["private_metadata"] + (f" with {tip}" if tip else "")
    client.chat_postMessage(channel=body["user"]["id"], text=order, blocks=order_message(order))


def order_closed(ack, body, client):
    ack()
    client.chat_postMessage(channel=body["user"]["id"], text="No order, then.")


def register(app):
    app.view("order")(order_sent)
    app.view("confirm")(order_confirmed)
    app.view("tip")(tip_given)
    app.view_closed("order")(order_closed)
