"""What the assistant says and shows."""

PROMPTS = [
    {"title": "Count", "message": "Please count to three"},
    {"title": "Place", "message": "Where am I?"},
]
PIECES = ("one, ", "two, ", "**three**")


def feedback():
    def choice(text, value):
        return {"text": {"type": "plain_text", "text": text}, "value": value}

    pair = {"positive_button": choice("Good", "good"), "negative_button": choice("Bad", "bad")}
    element = {"type": "feedback_buttons", "action_id": "feedback", **pair}
    return {"type": "context_actions", "elements": [element]}


def place(context):
    return f"You look at <#{context['channel_id']}>." if context else "I do not know where you are."
