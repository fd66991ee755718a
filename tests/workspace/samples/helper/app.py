"""An assistant with Bolt: `python app.py` with the tokens in the environment."""

import os

from slack_bolt import App, Assistant
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from words import PIECES, PROMPTS, feedback, place

client = WebClient(os.environ["SLACK_BOT_TOKEN"], base_url=os.environ.get("SLACK_API_URL", "https://slack.com/api/"))
app = App(client=client)
assistant = Assistant()


@assistant.thread_started
def started(say, set_suggested_prompts):
    say("Ask me *anything*.")
    set_suggested_prompts(title="For example", prompts=PROMPTS)


@assistant.user_message
def asked(get_thread_context, payload, say, say_stream, set_status, set_title):
    set_title(payload["text"])
    set_status("is thinking...", loading_messages=["Thinking", "Still thinking"])
    if "where" in payload["text"].lower():
        say(place(get_thread_context()))
        return
    stream = say_stream(buffer_size=1)
    for piece in PIECES:
        stream.append(markdown_text=piece)
    stream.stop(blocks=[feedback()])


@app.action("feedback")
def judged(ack, action, body, client):
    ack()
    thread = {"channel": body["channel"]["id"], "thread_ts": body["message"]["thread_ts"]}
    client.chat_postEphemeral(**thread, user=body["user"]["id"], text=f"Thank you for “{action['value']}”.")


app.use(assistant)

if __name__ == "__main__":
    SocketModeHandler(app, os.environ["SLACK_APP_TOKEN"]).start()
