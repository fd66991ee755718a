// Block Kit to DOM nodes. `act(element, value)` is called when a button or menu is used; `scope` tells messages and
// views apart, so that a pressed 👍 stays pressed, which Slack too knows only on the person's side.
import { button, el } from "./dom.js";
import { emoji } from "./emoji.js";
import { icon } from "./icons.js";
import { inputBlock, inputElement, inputValues, restoreValues } from "./inputs.js";
import { picture } from "./pictures.js";
import { act as request, pressed, state } from "./server.js";
import { SCROLLS, dateNode, link, markdown, mention, mrkdwn, plainText } from "./text.js";

/** `act(element, value, {block_id, values})`: `values` is all that stands in the inputs and menus of these blocks. */
export function blocks(list, act, scope = "") {
  const nodes = [];
  const useIn = ({ block_id }) => Object.assign((item, value) => act(item, value, { block_id, values: inputValues(nodes) }), { scope, ask: asker(scope, block_id) });
  nodes.push(...(list || []).map((block) => (RENDER[block.type] || unknown)(block, useIn(block))));
  if (isMessage(scope)) keepInputs(nodes, scope);
  return nodes;
}

const isMessage = (scope) => scope.includes(" ");
const put = new Map(); // scope of a message → what this page's person put into it, for when it is drawn again

function keepInputs(nodes, scope) {
  const key = `${state.me} ${scope}`;
  if (put.has(key)) restoreValues(nodes, put.get(key));
  for (const node of nodes) for (const kind of ["change", "input"]) node.addEventListener(kind, () => put.set(key, inputValues(nodes)));
}

/** Asks the app for the options of one of its own menus, in a message ("channel ts") or in a view (its id). */
const asker = (scope, block_id) => (item, typed) => {
  const [place, ts] = scope.split(" "), about = { block_id, action_id: item.action_id, typed };
  return ts ? request("suggest", { channel: place, ts, ...about }) : request("suggest_in_view", { view: place, ...about });
};

export function textObject(text) {
  if (!text) return "";
  return text.type === "mrkdwn" ? mrkdwn(text.text) : el("span", { class: "plain" }, plainText(text.text || ""));
}

const unknown = (block) => el("div", { class: "muted" }, `(a block of type ${block.type})`);

const RENDER = {
  section: (block, act) => el("div", { class: "block section" },
    el("div", { class: "grow" }, textObject(block.text),
      block.fields ? el("div", { class: "fields" }, block.fields.map((field) => el("div", {}, textObject(field)))) : null),
    block.accessory ? element(block.accessory, act, block) : null),
  header: (block) => el("h2", { class: "block header" }, plainText(block.text.text)),
  divider: () => el("hr", { class: "block" }),
  context: (block) => el("div", { class: "block context" }, block.elements.map((item) =>
    item.type === "image" ? picture(item, "small") : textObject(item))),
  actions: (block, act) => el("div", { class: "block actions" }, block.elements.map((item) => element(item, act, block))),
  context_actions: (block, act) => el("div", { class: "block actions quiet" }, block.elements.map((item) => element(item, act, block))),
  markdown: (block) => markdown(block.text),
  rich_text: (block) => el("div", { class: "block text" }, block.elements.map(richPart)),
  image: (block) => el("figure", { class: "block" }, block.title ? el("figcaption", { class: "muted" }, plainText(block.title.text)) : null, picture(block, "wide")),
  table: tableBlock,
  input: inputBlock,
  task_card: taskCard,
  plan: (block) => el("div", { class: "block plan" }, el("strong", {}, plainText(textOf(block.title))), (block.tasks || []).map(taskCard)),
  alert: (block) => el("div", { class: "block alert" }, textObject(block.text)),
};

const textOf = (value) => (typeof value === "string" ? value : value?.text || "");

function element(item, act, block) {
  switch (item.type) {
    case "button": return buttonElement(item, act);
    case "overflow": return overflow(item, act);
    case "feedback_buttons": return feedback(item, act);
    case "icon_button": return !item.visible_to_user_ids || item.visible_to_user_ids.includes(state.me) ? iconButton(item.icon, textOf(item.text), () => confirmThen(item, () => act(item, item.value))) : "";
    case "image": return picture(item, "beside");
    default: return MENU.test(item.type) ? menu(item, act, block) : el("span", { class: "muted" }, `(${item.type})`);
  }
}

const MENU = /_select$|picker$|^checkboxes$|^radio_buttons$/;
const PRESSED = /^(static|users|channels|conversations)_select$|picker$/;

/** What acts as soon as something is chosen. */
function menu(item, act, block) {
  const onchange = (value) => confirmThen(item, () => act(item, value));
  return inputElement(block.block_id, item, PRESSED.test(item.type) ? { class: "press" } : {}, { onchange, ask: act.ask });
}

const iconButton = (sign, label, onclick, more = {}) => button(icon(sign), onclick, { class: "icon", title: label, "aria-label": label, ...more });

function buttonElement(item, act) {
  const label = plainText(textOf(item.text));
  const press = () => confirmThen(item, () => act(item, item.value));
  if (item.url) return el("a", { class: `press ${item.style || ""}`, href: /^https?:/i.test(item.url) ? item.url : "#", target: "_blank", rel: "noopener noreferrer", onclick: () => act(item, item.value) }, label);
  return button(label, press, { class: `press ${item.style || ""}`, "data-action": item.action_id, "aria-label": item.accessibility_label });
}

function confirmThen(item, run) {
  const sentence = [item.confirm?.title, item.confirm?.text].map(textOf).filter(Boolean).join("\n\n");
  if (!item.confirm || window.confirm(sentence)) run();
}

/** 👍 and 👎: which one was pressed is kept on this side only. */
function feedback(item, act) {
  const key = `${state.me} ${act.scope} ${item.action_id}`;
  const pair = [["up", item.positive_button], ["down", item.negative_button]].map(([sign, one]) => iconButton(sign, textOf(one.text), () => {
    pressed.set(key, one.value);
    pair.forEach((node) => node.setAttribute("aria-pressed", String(node.dataset.value === one.value)));
    act(item, one.value);
  }, { "data-action": item.action_id, "data-value": one.value, "aria-pressed": String(pressed.get(key) === one.value) }));
  return el("span", { class: "pair" }, pair);
}

/** Let a menu open to the side that has room, and be seen whole. */
function fitMenu(menu) {
  menu.classList.remove("rightwards");
  menu.classList.toggle("rightwards", menu.getBoundingClientRect().left < 8);
  menu.scrollIntoView({ block: "nearest" });
}

/** The ⋯ menu. */
function overflow(item, act) {
  const box = el("details", { class: "more overflow", "data-action": item.action_id },
    el("summary", { class: "icon", "aria-label": "More options", title: "More options" }, icon("more")),
    el("div", { class: "menu", role: "menu" }, (item.options || []).map((option) => {
      const choose = () => { box.open = false; confirmThen(item, () => act(item, option.value)); };
      const attributes = { role: "menuitem", "data-value": option.value };
      const label = [plainText(textOf(option.text)), option.description ? el("span", { class: "muted" }, plainText(textOf(option.description))) : null];
      return option.url ? el("a", { ...attributes, href: /^https?:/i.test(option.url) ? option.url : "#", target: "_blank", rel: "noopener noreferrer", onclick: choose }, label) : button(label, choose, attributes);
    })));
  box.addEventListener("toggle", () => box.open && fitMenu(box.querySelector(".menu")));
  return box;
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
    case "usergroup": return mention("!", item.usergroup_id);
    case "date": return dateNode(item.timestamp, item.format, item.fallback, item.url);
    case "color": return el("code", {}, item.value);
    case "emoji": return emoji(item.name);
    default: return item.text || "";
  }
}

const newLines = (text) => text.split("\n").flatMap((line, n) => (n ? [el("br"), line] : [line]));

function styled(nodes, style) {
  if (!style) return nodes;
  for (const [name, tag] of [["code", "code"], ["strike", "s"], ["underline", "u"], ["italic", "em"], ["bold", "strong"]]) {
    if (style[name]) nodes = [el(tag, {}, nodes)];
  }
  return nodes;
}

function tableBlock(block) {
  const cell = (item) => (item.type === "rich_text" ? item.elements.map(richPart) : plainText(item.text || ""));
  const [head, ...rows] = block.rows;
  return el("div", { ...SCROLLS, class: "block table" }, el("table", {},
    el("thead", {}, el("tr", {}, head.map((item) => el("th", {}, cell(item))))),
    el("tbody", {}, rows.map((row) => el("tr", {}, row.map((item) => el("td", {}, cell(item))))))));
}

const TASK_SIGNS = { pending: "○", in_progress: "◐", complete: "✓", error: "✕" };

function taskCard(block) {
  const sources = (block.sources || []).map((source) => link(source.url, source.text));
  return el("div", { class: `block task ${block.status || ""}` },
    el("span", { class: "sign", role: "img", "aria-label": block.status || "pending" }, TASK_SIGNS[block.status] || "○"),
    el("div", {}, el("div", {}, plainText(textOf(block.title))),
      block.details ? el("div", { class: "muted" }, plainText(textOf(block.details))) : null,
      block.output ? el("div", { class: "muted" }, plainText(textOf(block.output))) : null,
      sources.length ? el("div", { class: "sources" }, sources) : null));
}
