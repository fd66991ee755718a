// Inputs of modals and menus of any view: drawn, read back and checked. Each carries data-block, data-action and data-type.
import { el } from "./dom.js";
import { state } from "./server.js";
import { plainText } from "./text.js";

const textOf = (value) => (typeof value === "string" ? value : value?.text || "");
const GROUPS = ["radio_buttons", "checkboxes"];
const NUMBER = /^-?\d+([.,]\d+)?$/;

/** An input block: label, element, hint and a place for what is wrong with it. */
export function inputBlock(block) {
  const id = `in-${block.block_id}`, item = block.element;
  const label = [plainText(textOf(block.label)), block.optional ? el("span", { class: "muted" }, " (optional)") : null];
  return el("div", { class: "block field" },
    GROUPS.includes(item.type) ? el("div", { class: "label", id: `${id}-label` }, label) : el("label", { for: id }, label),
    inputElement(block.block_id, item, { id, "aria-describedby": `${id}-hint ${id}-error`, "data-optional": block.optional ? "1" : null }),
    el("div", { class: "error", id: `${id}-error`, role: "alert" }),
    el("div", { class: "muted", id: `${id}-hint` }, plainText(textOf(block.hint))));
}

/** An element that holds a choice or a text; `onchange(value)` is called for those that act at once. */
export function inputElement(blockId, item, attributes = {}, onchange = null) {
  const marks = { ...attributes, "data-block": blockId, "data-action": item.action_id, "data-type": item.type };
  const node = GROUPS.includes(item.type) ? choiceGroup(item, marks) : item.type.endsWith("_select") ? select(item, marks) : field(item, marks);
  if (onchange) node.addEventListener("change", () => { const value = valueOf(node); if (value !== null) onchange(value); });
  return node;
}

function select(item, marks) {
  const hint = textOf(item.placeholder) || "Choose…";
  const [entries, first] = item.type === "static_select" ? [optionsOf(item), item.initial_option?.value] : [places(item), item.initial_conversation];
  return el("select", { ...marks, "aria-label": marks.id ? null : hint },
    el("option", { value: "" }, hint),
    entries.map(([value, label]) => el("option", { value, selected: value === first }, label)));
}

const optionsOf = (item) => [...(item.options || []), ...(item.option_groups || []).flatMap((group) => group.options)].map((option) => [option.value, plainText(textOf(option.text))]);

const KINDS = { channel: "public", group: "private", im: "im", mpim: "mpim" };

/** The conversations a menu offers, as the app's filter wants them. */
function places(item) {
  const wanted = item.filter?.include || Object.values(KINDS);
  return [...state.channels.values()].filter((c) => wanted.includes(KINDS[c.kind])).map((c) => [c.id, c.name ? `# ${c.name}` : "Direct message"]);
}

function choiceGroup(item, marks) {
  const kind = item.type === "radio_buttons" ? "radio" : "checkbox";
  const first = (item.initial_options || [item.initial_option]).map((option) => option?.value);
  const name = `${marks["data-block"]}-${item.action_id}`;
  return el("div", { ...marks, role: kind === "radio" ? "radiogroup" : "group", tabindex: "-1", "aria-labelledby": marks.id ? `${marks.id}-label` : null },
    (item.options || []).map((option) => el("label", { class: "choice" },
      el("input", { type: kind, name, value: option.value, checked: first.includes(option.value) }),
      el("span", {}, plainText(textOf(option.text)), option.description ? el("span", { class: "muted" }, ` ${plainText(textOf(option.description))}`) : null))));
}

function field(item, marks) {
  const given = { ...marks, value: item.initial_value || "", placeholder: textOf(item.placeholder), "data-min": item.min_length ?? item.min_value, "data-max": item.max_length ?? item.max_value };
  if (item.type === "number_input") return el("input", { ...given, type: "text", inputmode: item.is_decimal_allowed ? "decimal" : "numeric", "data-decimal": item.is_decimal_allowed ? "1" : null });
  given.maxlength = item.max_length;
  return item.multiline ? el("textarea", { ...given, rows: 4 }) : el("input", { ...given, type: "text" });
}

const all = (root) => [...root.querySelectorAll("[data-block][data-type]")];

/** The text, the option's value, or the values of a group; null where there is nothing. */
function valueOf(node) {
  if (!GROUPS.includes(node.dataset.type)) return node.value || null;
  const chosen = [...node.querySelectorAll("input:checked")].map((input) => input.value);
  return node.dataset.type === "checkboxes" ? chosen : chosen[0] || null;
}

/** block_id → action_id → what was put in. */
export function inputValues(root) {
  const values = {};
  for (const node of all(root)) {
    const { block, action } = node.dataset;
    values[block] = { ...(values[block] || {}), [action]: valueOf(node) };
  }
  return values;
}

/** Put values back into inputs that are still there, as after an update of a modal. */
export function restoreValues(root, values) {
  for (const node of all(root)) {
    const value = values[node.dataset.block]?.[node.dataset.action];
    if (value === undefined) continue;
    if (!GROUPS.includes(node.dataset.type)) node.value = value ?? "";
    else for (const input of node.querySelectorAll("input")) input.checked = [value].flat().includes(input.value);
  }
}

/** block_id → sentence for each input that Slack itself would not send. */
export function inputErrors(root) {
  const errors = {};
  for (const node of all(root)) {
    const wrong = node.id ? whatIsWrong(node) : "";
    if (wrong) errors[node.dataset.block] = wrong;
  }
  return errors;
}

function whatIsWrong(node) {
  const value = valueOf(node), { type, optional, min, max, decimal } = node.dataset;
  if (value === null || !value.length) return optional ? "" : "This is a required field.";
  if (type === "number_input") return numberError(value, min, max, decimal);
  if (GROUPS.includes(type) || type.endsWith("_select")) return "";
  if (min && value.length < Number(min)) return `Write at least ${min} characters.`;
  return max && value.length > Number(max) ? `Write at most ${max} characters.` : "";
}

function numberError(value, min, max, decimal) {
  if (!NUMBER.test(value) || (!decimal && /[.,]/.test(value))) return decimal ? "Write a number." : "Write a whole number.";
  const number = Number(value.replace(",", "."));
  if (min !== undefined && number < Number(min)) return `The least is ${min}.`;
  return max !== undefined && number > Number(max) ? `The most is ${max}.` : "";
}
