// Faults on demand: what can go wrong between Slack and the app, switched on and off while one watches.
import { ask, tell } from "./dialogs.js";
import { $, button, clear, el } from "./dom.js";
import { icon } from "./icons.js";
import { act, state } from "./server.js";

const GROUPS = [
  ["Connection and events", [
    ["away", "Keep the app cut off", "It cannot connect, and what happens meanwhile is lost to it."],
    ["late_events", "Deliver events late", "Each comes 4 seconds late."],
    ["double_events", "Deliver events twice", "The second one looks like a retry."],
    ["swapped_events", "Deliver events out of order", "Each second one overtakes the one before."],
  ]],
  ["Answers to the app's calls", [
    ["slow_calls", "Answer slowly", "Each call takes 2 seconds."],
    ["ratelimited", "Answer 429", "Rate limited: try again in a second."],
    ["server_errors", "Answer 503", "As when Slack has an outage."],
    ["expired_streams", "Let streams expire", "An answer that is being written can no longer grow."],
  ]],
  ["File downloads", [
    ["slow_downloads", "Slow", "Each begins 5 seconds late."],
    ["cut_downloads", "Cut off half-way", "The connection ends before the file does."],
  ]],
];

function choice([name, label, note]) {
  const box = el("input", { type: "checkbox", id: `fault-${name}`, checked: state.faults.includes(name), "aria-describedby": `fault-${name}-note` });
  box.addEventListener("change", async () => { box.checked = tell(await act("set_fault", { name, on: box.checked })).ok ? box.checked : !box.checked; });
  return el("div", { class: "choice" }, box, el("div", {}, el("label", { for: box.id }, label), el("div", { id: `fault-${name}-note`, class: "muted" }, note)));
}

/** The panel; what is on stays on until it is taken back, also when the panel is closed. */
export function openFaults() {
  const groups = GROUPS.map(([legend, faults]) => el("fieldset", { class: "faults" }, el("legend", {}, legend), faults.map(choice)));
  ask("Faults", [el("p", { class: "muted" }, "See how the app bears it when things go wrong. What is switched on holds for everybody here."), groups,
    el("div", { class: "actions" },
      button("Drop the connection once", async () => tell(await act("drop_socket")), { class: "press" }),
      button("Switch all off", clearAll, { class: "press" }))], "", null, { cancel: "Done" });
}

async function clearAll() {
  for (const name of [...state.faults]) tell(await act("set_fault", { name, on: false }));
}

/** The button says how many are on; an open panel follows what others switch. */
export function drawFaults() {
  const count = state.faults.length;
  $("faults").title = "See how the app bears it when things go wrong";
  clear($("faults"), icon("bolt"), el("span", { class: "label" }, "Faults"), count ? el("span", { class: "badge" }, `${count} on`) : null);
  for (const box of document.querySelectorAll(".faults input")) box.checked = state.faults.includes(box.id.slice(6));
}
