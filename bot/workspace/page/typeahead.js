// A menu whose options the app gives while somebody types: external_select, and its form for several choices.
import { button, clear, el } from "./dom.js";
import { icon } from "./icons.js";
import { plainText } from "./text.js";

const WAIT_MS = 200; // after the last key before the app is asked
const LEAST = 3; // characters before Slack asks an app that did not say how many
let made = 0;

const textOf = (option) => plainText(option.text?.text || "");

/** `ask(item, typed)` resolves to the app's answer; `marks` are the attributes of the element, its id that of the input. */
export function typeahead(item, { id, "aria-describedby": describedBy, ...marks }, ask) {
  const listId = `options-${++made}`, isMany = item.type.startsWith("multi_"), hint = plainText(item.placeholder?.text || "Type to search…");
  const box = { options: [], at: 0, timer: 0, asked: 0 };
  const chips = el("span", { class: "chips" });
  const list = el("ul", { id: listId, class: "picker", role: "listbox", hidden: true, "aria-label": hint });
  const input = el("input", { type: "text", id, role: "combobox", autocomplete: "off", placeholder: hint, "aria-label": id ? null : hint, "aria-describedby": describedBy,
    "aria-controls": listId, "aria-expanded": "false", "aria-autocomplete": "list" });
  const root = el("div", { ...marks, class: "typeahead", "data-many": isMany ? "1" : null }, chips, input, list);

  /** Put choices in, as after a redraw. */
  root.choose = (options) => {
    root.chosen = options;
    if (!isMany) input.value = options[0] ? textOf(options[0]) : "";
    clear(chips, isMany ? options.map((option) => el("span", { class: "chip" }, textOf(option),
      button(icon("close"), () => take(root.chosen.filter((one) => one !== option)), { class: "icon", "aria-label": `Remove ${textOf(option)}` }))) : []);
  };

  function take(options) {
    root.choose(options);
    root.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function pick(option) {
    hide();
    if (isMany) input.value = "";
    take(isMany ? [...root.chosen.filter((one) => one.value !== option.value), option] : [option]);
    input.focus();
  }

  function later() {
    clearTimeout(box.timer);
    if (input.value.length < (item.min_query_length ?? LEAST)) return hide();
    box.timer = setTimeout(search, WAIT_MS);
    return undefined;
  }

  async function search() {
    const mine = ++box.asked;
    const answer = await ask(item, input.value);
    if (mine !== box.asked || document.activeElement !== input) return;
    const groups = answer.option_groups || [{ options: answer.options || [] }];
    box.options = groups.flatMap((group) => group.options);
    box.at = 0;
    draw(groups, answer.ok ? "Nothing found." : answer.error);
  }

  function draw(groups, empty) {
    show(true);
    let n = 0;
    clear(list, box.options.length ? groups.map((group) => [
      group.label ? el("li", { class: "muted", role: "presentation" }, plainText(group.label.text)) : null,
      group.options.map((option) => optionNode(option, n++)),
    ]) : el("li", { class: "muted", role: "option", "aria-disabled": "true" }, empty));
    mark();
  }

  const optionNode = (option, n) => el("li", { role: "option", id: `${listId}-${n}`, "data-value": option.value,
    onmousedown: (event) => { event.preventDefault(); pick(option); } }, el("span", {}, textOf(option)), option.description ? el("span", { class: "muted" }, plainText(option.description.text)) : null);

  function mark() {
    [...list.querySelectorAll("[data-value]")].forEach((node, n) => node.setAttribute("aria-selected", String(n === box.at)));
    if (box.options.length) input.setAttribute("aria-activedescendant", `${listId}-${box.at}`);
  }

  function show(open) {
    list.hidden = !open;
    input.setAttribute("aria-expanded", String(open));
    if (!open) input.removeAttribute("aria-activedescendant");
  }

  function hide() {
    box.asked++;
    clearTimeout(box.timer);
    show(false);
  }

  input.addEventListener("input", later);
  input.addEventListener("focus", () => { if (!item.min_query_length && item.min_query_length !== undefined) later(); });
  input.addEventListener("blur", () => { hide(); if (!isMany) root.choose(root.chosen); });
  input.addEventListener("change", (event) => event.stopPropagation()); // what was typed is no choice
  input.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (list.hidden || !["ArrowDown", "ArrowUp", "Enter", "Escape"].includes(event.key)) return;
    event.preventDefault(); event.stopPropagation();
    if (event.key === "Escape") hide();
    else if (!box.options.length) return;
    else if (step) { box.at = (box.at + step + box.options.length) % box.options.length; mark(); }
    else pick(box.options[box.at]);
  });
  root.choose(item.initial_options || (item.initial_option ? [item.initial_option] : []));
  return root;
}
