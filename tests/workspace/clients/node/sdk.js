// The app with @slack/web-api and @slack/socket-mode alone.
import { SocketModeClient } from "@slack/socket-mode";
import { WebClient } from "@slack/web-api";
import { mentioned, modal } from "./words.js";

const { SLACK_BOT_TOKEN: token, SLACK_APP_TOKEN: appToken, SLACK_API_URL: slackApiUrl } = process.env;
const web = new WebClient(token, { slackApiUrl });
const socket = new SocketModeClient({ appToken, clientOptions: { slackApiUrl } });

socket.on("app_mention", async ({ ack, body, event }) => {
  await ack();
  const say = (message) => web.chat.postMessage({ channel: event.channel, ...message });
  await mentioned(event, body.team_id, web, token, say);
});

socket.on("slash_commands", async ({ ack, body }) => {
  await ack();
  await web.views.open({ trigger_id: body.trigger_id, view: modal(body.channel_id) });
});

socket.on("interactive", async ({ ack, body }) => {
  await ack();
  if (body.type === "block_actions") {
    const place = { channel: body.channel.id, ts: body.message.ts };
    await web.chat.update({ ...place, text: `pressed by <@${body.user.id}>`, blocks: [] });
  } else if (body.type === "view_submission") {
    const { private_metadata: channel, state } = body.view;
    await web.chat.postMessage({ channel, text: `wrote ${state.values.b.a.value}` });
  }
});

await socket.start();
console.log("ready", (await web.auth.test()).user_id);
