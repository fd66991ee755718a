// The ways into the app: messages, its command, its shortcuts and its home.
import { home, orderForm } from "../views.js";

export function registerEntries(app) {
  app.message(/\b(hi|hello|hey)\b/i, async ({ context, message, say }) => {
    const greeting = context.matches[1];
    await say(`${greeting[0].toUpperCase()}${greeting.slice(1).toLowerCase()} <@${message.user}>, would you like a drink?`);
  });
  app.command("/order", async ({ ack, body, client, command, respond }) => {
    await ack();
    if (command.text === "help") await respond("Write `/order` and fill in the form.");
    else await client.views.open({ trigger_id: body.trigger_id, view: orderForm() });
  });
  app.shortcut("order_drink", async ({ ack, client, shortcut }) => {
    await ack();
    await client.views.open({ trigger_id: shortcut.trigger_id, view: orderForm() });
  });
  app.shortcut({ type: "message_action", callback_id: "order_for" }, async ({ ack, client, respond, shortcut }) => {
    await ack();
    const writer = shortcut.message.user;
    await client.views.open({ trigger_id: shortcut.trigger_id, view: orderForm(writer) });
    await respond(`An order for <@${writer}>`);
  });
  app.event("app_home_opened", async ({ client, event }) => {
    if (event.tab === "home") await client.views.publish({ user_id: event.user, view: home() });
  });
}
