// What the app shows: a form, a confirmation, a question about a tip, an order, and its home.
const DRINKS = ["Tea", "Coffee", "Water", "Hot chocolate"];

export const plain = (text) => ({ type: "plain_text", text });
export const option = (text) => ({ text: plain(text), value: text.toLowerCase() });
const button = (text, action_id, value = "-") => ({ type: "button", text: plain(text), action_id, value });
const section = (text, more = {}) => ({ type: "section", text: { type: "mrkdwn", text }, ...more });
const field = (block_id, label, element, more = {}) => ({ type: "input", block_id, label: plain(label), element: { action_id: block_id, ...element }, ...more });
const modal = (callback_id, title, submit, blocks, more = {}) => ({ type: "modal", callback_id, blocks, title: plain(title), submit: plain(submit), ...more });

export const drinksLike = (typed) => DRINKS.filter((drink) => drink.toLowerCase().includes(typed.toLowerCase())).map(option);

export function orderForm(private_metadata = "", hint = "") {
  const blocks = [
    field("drink", "Drink", { type: "external_select", min_query_length: 0 }),
    field("size", "Size", { type: "radio_buttons", options: [option("Small"), option("Large")] }, { dispatch_action: true }),
    field("day", "Day", { type: "datepicker" }),
    field("note", "Note", { type: "plain_text_input" }, { optional: true }),
    ...(hint ? [section(hint)] : []),
  ];
  return modal("order", "Order a drink", "Order", blocks, { private_metadata, notify_on_close: true });
}

export function readOrder(values) {
  const [drink, size] = ["drink", "size"].map((name) => values[name][name].selected_option.text.text);
  const note = values.note.note.value;
  return `${size} ${drink} on ${values.day.day.selected_date}${note ? ` (${note})` : ""}`;
}

export const confirmation = (order) => modal("confirm", "Is this right?", "Yes", [section(order)], { private_metadata: order });

export const tipQuestion = (order) => modal("tip", "Something more?", "Send",
  [field("tip", "Add", { type: "checkboxes", options: [option("A tip"), option("A smile")] }, { optional: true })], { private_metadata: order });

export const readTip = (values) => values.tip.tip.selected_options.map((chosen) => chosen.text.text.toLowerCase()).join(" and ");

export function orderMessage(order) {
  const more = { type: "overflow", action_id: "change", options: [option("Cancel"), option("Repeat")] };
  return [section(order), { type: "actions", elements: [button("Ready", "ready", order), more] }];
}

export const home = () => ({ type: "home", blocks: [section("Would you like a drink?", { accessory: button("Order", "order_button") })] });
