import { confirmation, orderMessage, readOrder, readTip, tipQuestion } from "../views.js";

export function registerViews(app) {
  app.view("order", async ({ ack, view }) => {
    const { values } = view.state;
    if (values.day.day.selected_date < "2026-01-01") await ack({ response_action: "errors", errors: { day: "That day is over." } });
    else await ack({ response_action: "update", view: confirmation(readOrder(values)) });
  });
  app.view("confirm", async ({ ack, view }) => ack({ response_action: "push", view: tipQuestion(view.private_metadata) }));
  app.view("tip", async ({ ack, body, client, view }) => {
    await ack({ response_action: "clear" });
    const tip = readTip(view.state.values), order = view.private_metadata + (tip ? ` with ${tip}` : "");
    await client.chat.postMessage({ channel: body.user.id, text: order, blocks: orderMessage(order) });
  });
  app.view({ callback_id: "order", type: "view_closed" }, async ({ ack, body, client }) => {
    await ack();
    await client.chat.postMessage({ channel: body.user.id, text: "No order, then." });
  });
}
