// Block Kit to DOM nodes. `act(element, value)` is called when a button or menu is used.
import { button, el } from "./dom.js";
import { emoji } from "./emoji.js";
import { icon } from "./icons.js";
import { link, markdown, mention, mrkdwn, plainText } from "./text.js";

export function blocks(list, act) {
  return (list || []).map((block) => (RENDER[block.type] || unknown)(block, act));
}

export function textObject(text) {
  if (!text) return "";
  return text.type === "mrkdwn" ? mrkdwn(text.text) : el("span", { class: "plain" }, plainText(text.text || ""));
}

const unknown = (block) => el("div", { class: "muted" }, `(a block of type ${block.type})`);

const RENDER = {
  section: (block, act) => el("div", { class: "block section" },
    el("div", { class: "grow" }, textObject(block.text),
      block.fields ? el("div", { class: "fields" }, block.fields.map((field) => el("div", {}, textObject(field)))) : null),
    block.accessory ? element(block.accessory, act) : null),
  header: (block) => el("h3", { class: "block header" }, plainText(block.text.text)),
  divider: () => el("hr", { class: "block" }),
  context: (block) => el("div", { class: "block context" }, block.elements.map((item) =>
    item.type === "image" ? el("span", {}, `[${item.alt_text}]`) : textObject(item))),
  actions: (block, act) => el("div", { class: "block actions" }, block.elements.map((item) => element(item, act))),
  context_actions: (block, act) => el("div", { class: "block actions quiet" }, block.elements.map((item) => element(item, act))),
  markdown: (block) => markdown(block.text),
  rich_text: (block) => el("div", { class: "block text" }, block.elements.map(richPart)),
  image: (block) => el("div", { class: "block muted" }, block.title ? `${block.title.text}: ` : "", `[image: ${block.alt_text}]`),
  table: tableBlock,
  input: (block, act) => inputBlock(block, act),
  task_card: taskCard,
  plan: (block) => el("div", { class: "block plan" }, el("strong", {}, plainText(textOf(block.title)))),
  alert: (block) => el("div", { class: "block alert" }, textObject(block.text)),
};

const textOf = (value) => (typeof value === "string" ? value : value?.text || "");

function element(item, act) {
  switch (item.type) {
    case "button": return buttonElement(item, act);
    case "overflow": return menu(item, act, "More", "More");
    case "static_select": return menu(item, act, textOf(item.placeholder) || "Choose", textOf(item.placeholder));
    case "feedback_buttons": return el("span", { class: "pair" },
      iconButton("up", textOf(item.positive_button.text), () => act(item, item.positive_button.value)),
      iconButton("down", textOf(item.negative_button.text), () => act(item, item.negative_button.value)));
    case "icon_button": return iconButton(item.icon, textOf(item.text), () => act(item, item.value));
    case "image": return el("span", { class: "muted" }, `[image: ${item.alt_text}]`);
    default: return el("span", { class: "muted" }, `(${item.type})`);
  }
}

const iconButton = (sign, label, onclick) => button(icon(sign), onclick, { class: "icon", title: label, "aria-label": label });

function buttonElement(item, act) {
  const label = plainText(textOf(item.text));
  const press = () => { if (!item.confirm || window.confirm(textOf(item.confirm.text) || label)) act(item, item.value); };
  if (item.url) return el("a", { class: `press ${item.style || ""}`, href: /^https?:/i.test(item.url) ? item.url : "#", target: "_blank", rel: "noopener noreferrer", onclick: () => act(item, item.value) }, label);
  return button(label, press, { class: `press ${item.style || ""}`, "data-action": item.action_id, "aria-label": item.accessibility_label });
}

function menu(item, act, label, title) {
  const select = el("select", { class: "press", "aria-label": title || label, "data-action": item.action_id },
    el("option", { value: "" }, label),
    (item.options || []).map((option) => el("option", { value: option.value }, plainText(textOf(option.text)))));
  select.addEventListener("change", () => { if (select.value) act(item, select.value); select.value = ""; });
  return select;
}

function richPart(part) {
  switch (part.type) {
    case "rich_text_section": return el("div", {}, part.elements.map(richElement));
    case "rich_text_quote": return el("blockquote", {}, part.elements.map(richElement));
    case "rich_text_preformatted": return el("pre", {}, part.elements.map((item) => item.text || item.url || ""));
    case "rich_text_list": return el(part.style === "ordered" ? "ol" : "ul", { class: `indent-${part.indent || 0}` },
      part.elements.map((item) => el("li", {}, (item.elements || []).map(richElement))));
    default: return "";
  }
}

function richElement(item) {
  switch (item.type) {
    case "text": return styled(newLines(item.text), item.style);
    case "link": return styled([link(item.url, item.text)], item.style);
    case "user": return mention("@", item.user_id);
    case "channel": return mention("#", item.channel_id);
    case "broadcast": return mention("!", item.range);
    case "emoji": return emoji(item.name);
    default: return item.text || "";
  }
}

const newLines = (text) => text.split("\n").flatMap((line, n) => (n ? [el("br"), line] : [line]));

function styled(nodes, style) {
  if (!style) return nodes;
  for (const [name, tag] of [["code", "code"], ["strike", "s"], ["italic", "em"], ["bold", "strong"]]) {
    if (style[name]) nodes = [el(tag, {}, nodes)];
  }
  return nodes;
}

function tableBlock(block) {
  const cell = (item) => (item.type === "rich_text" ? item.elements.map(richPart) : plainText(item.text || ""));
  const [head, ...rows] = block.rows;
  return el("div", { class: "block table" }, el("table", {},
    el("thead", {}, el("tr", {}, head.map((item) => el("th", {}, cell(item))))),
    el("tbody", {}, rows.map((row) => el("tr", {}, row.map((item) => el("td", {}, cell(item))))))));
}

const TASK_SIGNS = { pending: "○", in_progress: "◐", complete: "✓", error: "✕" };

function taskCard(block) {
  const sources = (block.sources || []).map((source) => link(source.url, source.text));
  return el("div", { class: `block task ${block.status || ""}` },
    el("span", { class: "sign", "aria-label": block.status }, TASK_SIGNS[block.status] || "○"),
    el("div", {}, el("div", {}, plainText(textOf(block.title))),
      block.details ? el("div", { class: "muted" }, plainText(textOf(block.details))) : null,
      block.output ? el("div", { class: "muted" }, plainText(textOf(block.output))) : null,
      sources.length ? el("div", { class: "sources" }, sources) : null));
}

// Inputs of a modal. Each carries data-block and data-action, so that `inputValues` can read them back.
function inputBlock(block) {
  const id = `in-${block.block_id}`;
  return el("div", { class: "block field" }, el("label", { for: id }, plainText(textOf(block.label))),
    inputElement(block, id),
    block.hint ? el("div", { class: "muted" }, plainText(textOf(block.hint))) : null,
    el("div", { class: "error", id: `${id}-error`, role: "alert" }));
}

function inputElement(block, id) {
  const item = block.element;
  const marks = { id, "data-block": block.block_id, "data-action": item.action_id, "data-type": item.type, "aria-describedby": `${id}-error` };
  const options = item.options || [];
  if (item.type === "plain_text_input" && item.multiline) return el("textarea", { ...marks, rows: 4, value: item.initial_value || "", placeholder: textOf(item.placeholder) });
  if (item.type === "static_select") return el("select", marks, options.map((option) => el("option", { value: option.value, selected: option.value === item.initial_option?.value }, plainText(textOf(option.text)))));
  if (item.type === "radio_buttons" || item.type === "checkboxes") {
    const kind = item.type === "radio_buttons" ? "radio" : "checkbox";
    return el("div", { ...marks, role: "group" }, options.map((option) => el("label", { class: "choice" },
      el("input", { type: kind, name: id, value: option.value, checked: (item.initial_options || [item.initial_option]).some((o) => o?.value === option.value) }), plainText(textOf(option.text)))));
  }
  return el("input", { ...marks, type: "text", value: item.initial_value || "", placeholder: textOf(item.placeholder) });
}

/** block_id → action_id → what was put in, as a view_submission holds it. */
export function inputValues(root) {
  const values = {};
  for (const node of root.querySelectorAll("[data-block][data-type]")) {
    const { block, action, type } = node.dataset;
    const chosen = [...node.querySelectorAll("input:checked")].map((input) => ({ value: input.value }));
    let entry = { type, value: node.value || null };
    if (type === "static_select") entry = { type, selected_option: { value: node.value } };
    if (type === "radio_buttons") entry = { type, selected_option: chosen[0] || null };
    if (type === "checkboxes") entry = { type, selected_options: chosen };
    values[block] = { ...(values[block] || {}), [action]: entry };
  }
  return values;
}
