// Dialogs: short questions, confirmations, and the app's modals with their stack, errors and updates.
import { blocks } from "./blocks.js";
import { $, button, clear, el } from "./dom.js";
import { icon } from "./icons.js";
import { inputErrors, inputValues, restoreValues } from "./inputs.js";
import { act } from "./server.js";
import { plainText } from "./text.js";

const dialog = $("dialog");
const shown = { view: null, ondismiss: null };

export function toast(text) {
  $("toast").textContent = text || "That did not work.";
  $("toast").classList.add("shown");
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => $("toast").classList.remove("shown"), 6000);
}

/** Show a refusal; gives the answer back. */
export function tell(answer) {
  if (!answer.ok) toast(answer.error);
  return answer;
}

/** A dialog of the page's own. `onsend` resolves to true when it may close. */
export function ask(heading, body, label, onsend, { kind = "primary", cancel = "Cancel", ondismiss = null, view = null } = {}) {
  Object.assign(shown, { view, ondismiss });
  const send = async () => { if (await onsend()) close(); };
  clear(dialog, el("form", { method: "dialog", novalidate: true, onsubmit: (event) => { event.preventDefault(); if (label) send(); } },
    el("header", {}, el("h2", { id: "dialog-title" }, heading), button(icon("close"), dismiss, { class: "icon", "aria-label": "Close" })),
    el("div", { class: "inside" }, body),
    el("footer", {}, button(cancel, dismiss, { class: "press" }), label ? el("button", { type: "submit", class: `press ${kind}` }, label) : null)));
  if (!dialog.open) dialog.showModal();
  dialog.querySelector(".inside :is(input, textarea, select)")?.focus();
}

export function confirmed(heading, text, run, label = "Delete", kind = "danger") {
  ask(heading, el("p", {}, text), label, async () => tell(await run()).ok, { kind });
}

function close() {
  Object.assign(shown, { view: null, ondismiss: null });
  dialog.close();
}

/** Closed by the person, not by what was sent. */
function dismiss() {
  const { ondismiss } = shown;
  close();
  ondismiss?.();
}

dialog.addEventListener("cancel", (event) => { event.preventDefault(); dismiss(); });

/** Show one of the app's modals; what was typed stays where the same input is still there. */
export function showModal(view) {
  const isUpdate = dialog.open && shown.view === view.id;
  const before = isUpdate ? inputValues(dialog) : {};
  const focused = isUpdate ? document.activeElement?.dataset : null;
  const press = async (element, value, more) => tell(await act("click_in_view", { view: view.id, action_id: element.action_id, value: value ?? null, ...more }));
  ask(plainText(view.title?.text || ""), blocks(view.blocks, press, view.id), plainText(view.submit?.text || ""), () => submit(view), {
    cancel: plainText(view.close?.text || "Cancel"), view: view.id, ondismiss: () => act("close", { view: view.id }),
  });
  restoreValues(dialog, before);
  if (focused?.action) dialog.querySelector(`[data-block="${CSS.escape(focused.block || "")}"][data-action="${CSS.escape(focused.action)}"]`)?.focus();
}

async function submit(view) {
  const own = inputErrors(dialog);
  if (showErrors(own)) return false;
  const answer = tell(await act("submit", { view: view.id, values: inputValues(dialog) }));
  showErrors(answer.errors || {});
  return false; // the workspace says when a modal closes, or what takes its place
}

/** Say what is wrong beside each input; true when something is. */
function showErrors(errors) {
  for (const place of dialog.querySelectorAll(".error")) place.textContent = "";
  for (const input of dialog.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
  const [first] = Object.entries(errors).map(([block, text]) => {
    const named = CSS.escape(block), place = dialog.querySelector(`[data-error="${named}"]`);
    const held = place?.parentElement.querySelector(`[data-block="${named}"]`), input = held?.querySelector("[role=combobox]") || held;
    if (place) place.textContent = text;
    input?.setAttribute("aria-invalid", "true");
    return { place, input };
  });
  first?.input?.focus();
  first?.place?.scrollIntoView({ block: "nearest" });
  return Object.keys(errors).length > 0;
}

/** The workspace closed a modal: after it was sent, or because the app took it away. */
export function closeModal(id) {
  if (shown.view === id) close();
}
