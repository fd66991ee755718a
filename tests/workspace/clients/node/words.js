// What both Node apps show, and how they read a file.
import { createHash } from "node:crypto";

export const button = () => ({
  type: "actions",
  elements: [{ type: "button", action_id: "press", text: { type: "plain_text", text: "Press me" }, value: "1" }],
});

export const modal = (channel) => ({
  type: "modal",
  callback_id: "form",
  private_metadata: channel,
  title: { type: "plain_text", text: "A form" },
  submit: { type: "plain_text", text: "Send" },
  blocks: [
    {
      type: "input",
      block_id: "b",
      label: { type: "plain_text", text: "Say something" },
      element: { type: "plain_text_input", action_id: "a" },
    },
  ],
});

export async function digest(file, token) {
  const got = await fetch(file.url_private_download, { headers: { Authorization: `Bearer ${token}` } });
  return createHash("sha256").update(Buffer.from(await got.arrayBuffer())).digest("hex");
}

/** What is answered to a mention; `say` posts in its thread. */
export async function mentioned(event, team, client, token, say) {
  const place = { channel: event.channel, thread_ts: event.ts };
  if (event.files?.length) {
    const file = Buffer.from(await digest(event.files[0], token));
    const where = { channel_id: event.channel, thread_ts: event.ts };
    await client.filesUploadV2({ ...where, filename: "digest.txt", file, initial_comment: "here it is" });
  } else if (event.text.includes("stream")) {
    const stream = client.chatStream({ ...place, recipient_user_id: event.user, recipient_team_id: team });
    for (const piece of ["one ", "two ", "three"]) await stream.append({ markdown_text: piece });
    await stream.stop();
  } else if (event.text.includes("button")) {
    await say({ text: "a button", blocks: [button()], thread_ts: event.ts });
  } else {
    await say({ text: `heard ${event.text.split(/\s+/).pop()}`, thread_ts: event.ts });
  }
}
