// Inputs and menus of any view or message: drawn, read back and checked. Each carries data-block, data-action and data-type.
import { el } from "./dom.js";
import { nameOf, state } from "./server.js";
import { plainText } from "./text.js";
import { typeahead } from "./typeahead.js";

const textOf = (value) => (typeof value === "string" ? value : value?.text || "");
const NUMBER = /^-?\d+([.,]\d+)?$/;
const LATER_MS = 300; // after the last key, for an app that wants to hear of every character
const isExternal = (type) => type.endsWith("external_select");
const isGroup = (type) => type === "radio_buttons" || type === "checkboxes" || (type.startsWith("multi_") && !isExternal(type));
const isMenu = (type) => type.endsWith("_select");
const isText = (type) => type.endsWith("_input");
let made = 0;

/** An input block: label, element, hint and a place for what is wrong with it. `use` has `ask` for menus of the app's own. */
export function inputBlock(block, use) {
  const id = `in-${++made}`, item = block.element, group = isGroup(item.type);
  const label = [plainText(textOf(block.label)), block.optional ? el("span", { class: "muted" }, " (optional)") : null];
  const marks = { id, "aria-describedby": `${id}-hint ${id}-error`, "data-optional": block.optional ? "1" : null };
  const node = inputElement(block.block_id, item, marks, { ask: use?.ask });
  if (block.dispatch_action) actAtOnce(node, item, (value) => use(item, value));
  return el("div", { class: "block field" },
    group ? el("div", { class: "label", id: `${id}-label` }, label) : el("label", { for: id }, label), node,
    el("div", { class: "error", id: `${id}-error`, "data-error": block.block_id, role: "alert" }),
    el("div", { class: "muted", id: `${id}-hint` }, plainText(textOf(block.hint))));
}

/** An element that holds a choice or a text; `onchange(value)` is called for those that act at once. */
export function inputElement(blockId, item, attributes = {}, { onchange = null, ask = null } = {}) {
  const marks = { ...attributes, "data-block": blockId, "data-action": item.action_id, "data-type": item.type, "data-most": item.max_selected_items };
  const node = draw(item, marks, ask);
  if (onchange) node.addEventListener("change", () => { const value = valueOf(node); if (value !== null) onchange(value); });
  return node;
}

function draw(item, marks, ask) {
  if (isExternal(item.type)) return typeahead(item, marks, ask);
  if (isGroup(item.type)) return choiceGroup(item, marks);
  return isMenu(item.type) ? select(item, marks) : field(item, marks);
}

/** Tell the app of an input block at once: a choice when it is made, a text at Enter or, if the app wants so, as one types. */
function actAtOnce(node, item, run) {
  const wanted = item.dispatch_action_config?.trigger_actions_on || ["on_enter_pressed"];
  let timer = 0;
  if (!isText(item.type)) node.addEventListener("change", () => { const value = valueOf(node); if (value !== null) run(value); });
  else if (wanted.includes("on_character_entered")) node.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => run(node.value), LATER_MS); });
  if (!isText(item.type) || !wanted.includes("on_enter_pressed") || item.multiline) return;
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault(); event.stopPropagation();
    run(node.value);
  });
}

/** [value, label] of everything that a menu offers, and what the app chose at first. */
function entriesOf(item) {
  const kind = item.type.replace("multi_", "");
  if (kind === "users_select") return [people(), item.initial_users || [item.initial_user]];
  if (kind === "channels_select") return [places(["public"]), item.initial_channels || [item.initial_channel]];
  if (kind === "conversations_select") return [places(item.filter?.include), item.initial_conversations || [item.initial_conversation]];
  return [optionsOf(item), (item.initial_options || [item.initial_option]).map((option) => option?.value)];
}

function select(item, marks) {
  const hint = textOf(item.placeholder) || "Choose…", [entries, first] = entriesOf(item);
  return el("select", { ...marks, "aria-label": marks.id ? null : hint },
    el("option", { value: "" }, hint),
    entries.map(([value, label]) => el("option", { value, selected: first.includes(value) }, label)));
}

const optionsOf = (item) => [...(item.options || []), ...(item.option_groups || []).flatMap((group) => group.options)]
  .map((option) => [option.value, plainText(textOf(option.text)), option.description ? plainText(textOf(option.description)) : ""]);

const people = () => [...state.users.values()].filter((person) => !person.deleted).map((person) => [person.id, person.real_name]);

const KINDS = { channel: "public", group: "private", im: "im", mpim: "mpim" };
const labelOf = (channel) => (channel.kind === "im" ? nameOf(channel.members.find((id) => id !== state.me)) : channel.name ? `# ${channel.name}` : "Group message");

/** The conversations a menu offers, as the app's filter wants them. */
const places = (wanted = Object.values(KINDS)) => [...state.channels.values()].filter((c) => wanted.includes(KINDS[c.kind])).map((c) => [c.id, labelOf(c)]);

function choiceGroup(item, marks) {
  const kind = item.type === "radio_buttons" ? "radio" : "checkbox", [entries, first] = entriesOf(item);
  const name = `group-${++made}`, label = textOf(item.placeholder) || "Choose…";
  return el("div", { ...marks, role: kind === "radio" ? "radiogroup" : "group", tabindex: "-1", class: `choices ${item.type.startsWith("multi_") ? "many" : ""}`,
    "aria-labelledby": marks.id ? `${marks.id}-label` : null, "aria-label": marks.id ? null : label },
    entries.map(([value, text, more]) => el("label", { class: "choice" },
      el("input", { type: kind, name, value, checked: first.includes(value) }),
      el("span", {}, text, more ? el("span", { class: "muted" }, ` ${more}`) : null))));
}

const PICKERS = { datepicker: "date", timepicker: "time", datetimepicker: "datetime-local" };
const MODES = { email_text_input: "email", url_text_input: "url" };

function field(item, marks) {
  const given = { ...marks, value: initialText(item), placeholder: textOf(item.placeholder), "data-min": item.min_length ?? item.min_value, "data-max": item.max_length ?? item.max_value };
  if (!marks.id) given["aria-label"] = given.placeholder || item.type;
  if (PICKERS[item.type]) return el("input", { ...given, type: PICKERS[item.type] });
  if (item.type === "number_input") return el("input", { ...given, type: "text", inputmode: item.is_decimal_allowed ? "decimal" : "numeric", "data-decimal": item.is_decimal_allowed ? "1" : null });
  given.maxlength = item.max_length;
  return item.multiline || item.type === "rich_text_input" ? el("textarea", { ...given, rows: 4 }) : el("input", { ...given, type: "text", inputmode: MODES[item.type] });
}

function initialText(item) {
  if (item.type === "datetimepicker") return item.initial_date_time ? localTime(item.initial_date_time) : "";
  if (item.type === "rich_text_input") return (item.initial_value?.elements || []).flatMap((part) => part.elements || []).map((one) => one.text || "").join("");
  return item.initial_value || item.initial_date || item.initial_time || "";
}

/** Seconds since 1970 as the person's own time, for the browser's picker. */
function localTime(seconds) {
  const date = new Date(seconds * 1000);
  return new Date(date - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

const all = (roots) => [roots].flat().flatMap((root) => [...root.querySelectorAll("[data-block][data-type]")]);

/** The text, the option's value, or the values of a group; null where there is nothing. */
function valueOf(node) {
  const { type } = node.dataset;
  if (isExternal(type)) return node.dataset.many ? node.chosen : node.chosen[0] || null;
  if (type === "datetimepicker") return node.value ? Math.floor(new Date(node.value) / 1000) : null;
  if (!isGroup(type)) return node.value || null;
  const chosen = [...node.querySelectorAll("input:checked")].map((input) => input.value);
  return type === "radio_buttons" ? chosen[0] || null : chosen;
}

/** block_id → action_id → what was put in; of one node, or of several. */
export function inputValues(roots) {
  const values = {};
  for (const node of all(roots)) {
    const { block, action } = node.dataset;
    values[block] = { ...(values[block] || {}), [action]: valueOf(node) };
  }
  return values;
}

/** Put values back into inputs that are still there, as after an update of a modal. */
export function restoreValues(roots, values) {
  for (const node of all(roots)) {
    const value = values[node.dataset.block]?.[node.dataset.action];
    if (value === undefined) continue;
    if (isExternal(node.dataset.type)) node.choose([value].flat().filter(Boolean));
    else if (node.dataset.type === "datetimepicker") node.value = value ? localTime(value) : "";
    else if (!isGroup(node.dataset.type)) node.value = value ?? "";
    else for (const input of node.querySelectorAll("input")) input.checked = [value].flat().includes(input.value);
  }
}

/** block_id → sentence for each input that Slack itself would not send. */
export function inputErrors(root) {
  const errors = {};
  for (const node of all(root)) {
    const wrong = node.closest(".field") ? whatIsWrong(node) : "";
    if (wrong) errors[node.dataset.block] = wrong;
  }
  return errors;
}

const MAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;

function whatIsWrong(node) {
  const value = valueOf(node), { type, optional, min, max, most, decimal } = node.dataset;
  if (value === null || value.length === 0) return optional ? "" : "This is a required field.";
  if (most && value.length > Number(most)) return `Choose at most ${most}.`;
  if (type === "number_input") return numberError(value, min, max, decimal);
  if (type === "email_text_input" && !MAIL.test(value)) return "Write an e-mail address.";
  if (type === "url_text_input" && !/^https?:\/\/\S+$/i.test(value)) return "Write a web address that begins with http.";
  if (!isText(type)) return "";
  if (min && value.length < Number(min)) return `Write at least ${min} characters.`;
  return max && value.length > Number(max) ? `Write at most ${max} characters.` : "";
}

function numberError(value, min, max, decimal) {
  if (!NUMBER.test(value) || (!decimal && /[.,]/.test(value))) return decimal ? "Write a number." : "Write a whole number.";
  const number = Number(value.replace(",", "."));
  if (min !== undefined && number < Number(min)) return `The least is ${min}.`;
  return max !== undefined && number > Number(max) ? `The most is ${max}.` : "";
}
