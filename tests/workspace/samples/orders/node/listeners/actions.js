import { drinksLike, orderForm } from "../views.js";

export function registerActions(app) {
  app.options("drink", async ({ ack, payload }) => ack({ options: drinksLike(payload.value) }));
  app.action("size", async ({ ack, action, body, client }) => {
    await ack();
    const hint = action.selected_option.value === "large" ? "A large one costs more." : "A small one, then.";
    const { id: view_id, hash, private_metadata } = body.view;
    await client.views.update({ view_id, hash, view: orderForm(private_metadata, hint) });
  });
  app.action("ready", async ({ ack, action, respond }) => {
    await ack();
    await respond({ replace_original: true, text: `${action.value} is ready` });
  });
  app.action("change", async ({ ack, action, body, client, say }) => {
    await ack();
    if (action.selected_option.value === "cancel") await client.chat.delete({ channel: body.channel.id, ts: body.message.ts });
    else await say("The same again!");
  });
  app.action("order_button", async ({ ack, body, client }) => {
    await ack();
    await client.views.open({ trigger_id: body.trigger_id, view: orderForm() });
  });
}
