// The app with Bolt for JavaScript.
import bolt from "@slack/bolt";
import { mentioned, modal } from "./words.js";

const { SLACK_BOT_TOKEN: token, SLACK_APP_TOKEN: appToken, SLACK_API_URL: slackApiUrl } = process.env;
const app = new bolt.App({ token, appToken, socketMode: true, clientOptions: { slackApiUrl } });

app.event("app_mention", async ({ event, client, context, say }) => {
  await mentioned(event, context.teamId, client, token, say);
});

app.command("/form", async ({ ack, command, client }) => {
  await ack();
  await client.views.open({ trigger_id: command.trigger_id, view: modal(command.channel_id) });
});

app.action("press", async ({ ack, body, respond }) => {
  await ack();
  await respond({ text: `pressed by <@${body.user.id}>`, replace_original: true });
});

app.view("form", async ({ ack, view, client }) => {
  await ack();
  await client.chat.postMessage({ channel: view.private_metadata, text: `wrote ${view.state.values.b.a.value}` });
});

await app.start();
console.log("ready", (await app.client.auth.test()).user_id);
