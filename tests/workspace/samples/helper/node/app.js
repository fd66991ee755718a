// An assistant with Bolt for JavaScript: `node app.js` with the tokens in the environment.
import bolt from "@slack/bolt";

const { SLACK_BOT_TOKEN: token, SLACK_APP_TOKEN: appToken, SLACK_API_URL: slackApiUrl = "https://slack.com/api/" } = process.env;
const app = new bolt.App({ token, appToken, socketMode: true, clientOptions: { slackApiUrl } });

const choice = (text, value) => ({ text: { type: "plain_text", text }, value });
const feedback = {
  type: "context_actions",
  elements: [{ type: "feedback_buttons", action_id: "feedback", positive_button: choice("Good", "good"), negative_button: choice("Bad", "bad") }],
};

app.assistant(new bolt.Assistant({
  threadStarted: async ({ say, setSuggestedPrompts, saveThreadContext }) => {
    await say("Ask me *anything*.");
    await saveThreadContext();
    await setSuggestedPrompts({
      title: "For example",
      prompts: [{ title: "Count", message: "Please count to three" }, { title: "Place", message: "Where am I?" }],
    });
  },
  threadContextChanged: async ({ saveThreadContext }) => saveThreadContext(),
  userMessage: async ({ getThreadContext, message, say, sayStream, setStatus, setTitle }) => {
    await setTitle(message.text);
    await setStatus({ status: "is thinking...", loading_messages: ["Thinking", "Still thinking"] });
    if (/where/i.test(message.text)) {
      const { channel_id: place } = await getThreadContext();
      await say(place ? `You look at <#${place}>.` : "I do not know where you are.");
      return;
    }
    const stream = sayStream({ buffer_size: 1 });
    for (const piece of ["one, ", "two, ", "**three**"]) await stream.append({ markdown_text: piece });
    await stream.stop({ blocks: [feedback] });
  },
}));

app.action("feedback", async ({ ack, action, body, client }) => {
  await ack();
  const { channel, message, user } = body;
  await client.chat.postEphemeral({ channel: channel.id, thread_ts: message.thread_ts, user: user.id, text: `Thank you for “${action.value}”.` });
});

await app.start();
