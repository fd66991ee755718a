"""What the app shows: a form, a confirmation, a question about a tip, an order, and its home."""

from __future__ import annotations

DRINKS = ("Tea", "Coffee", "Water", "Hot chocolate")


def plain(text):
    return {"type": "plain_text", "text": text}


def option(text):
    return {"text": plain(text), "value": text.lower()}


def button(text, action_id, value="-"):
    return {"type": "button", "text": plain(text), "action_id": action_id, "value": value}


def section(text, **more):
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def field(block_id, label, element, **more):
    element = {"action_id": block_id, **element}
    return {"type": "input", "block_id": block_id, "label": plain(label), "element": element, **more}


def modal(callback_id, title, submit, blocks, **more):
    words = {"title": plain(title), "submit": plain(submit)}
    return {"type": "modal", "callback_id": callback_id, "blocks": blocks, **words, **more}


def drinks_like(typed):
    return [option(drink) for drink in DRINKS if typed.lower() in drink.lower()]


def order_form(private_metadata="", hint=""):
    sizes = {"type": "radio_buttons", "options": [option("Small"), option("Large")]}
    blocks = [
        field("drink", "Drink", {"type": "external_select", "min_query_length": 0}),
        field("size", "Size", sizes, dispatch_action=True),
        field("day", "Day", {"type": "datepicker"}),
        field("note", "Note", {"type": "plain_text_input"}, optional=True),
    ]
    blocks += [section(hint)] if hint else []
    return modal("order", "Order a drink", "Order", blocks, private_metadata=private_metadata, notify_on_close=True)


def read_order(values):
    day, note = values["day"]["day"]["selected_date"], values["note"]["note"]["value"]
    drink, size = (values[name][name]["selected_option"] for name in ("drink", "size"))
    return f"{size['text']['text']} {drink['text']['text']} on {day}" + (f" ({note})" if note else "")


def confirmation(order):
    return modal("confirm", "Is this right?", "Yes", [section(order)], private_metadata=order)


def tip_question(order):
    tips = {"type": "checkboxes", "options": [option("A tip"), option("A smile")]}
    return modal("tip", "Something more?", "Send", [field("tip", "Add", tips, optional=True)], private_metadata=order)


def read_tip(values):
    return " and ".join(chosen["text"]["text"].lower() for chosen in values["tip"]["tip"]["selected_options"])


def order_message(order):
    more = {"type": "overflow", "action_id": "change", "options": [option("Cancel"), option("Repeat")]}
    return [section(order), {"type": "actions", "elements": [button("Ready", "ready", order), more]}]


def home():
    return {"type": "home", "blocks": [section("Would you like a drink?", accessory=button("Order", "order_button"))]}
