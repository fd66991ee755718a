// The page without a mouse: shortcuts, arrow keys in lists, and a focus that comes back from where it was sent.
import { ask } from "./dialogs.js";
import { $, el } from "./dom.js";

const isMac = /Mac|iPhone|iPad/.test(navigator.platform);
const CTRL = isMac ? "⌘" : "Ctrl";
const SHORTCUTS = [
  ["Everywhere", [
    [["F6"], "Go to the next part of the page (with Shift: the one before)"],
    [["Alt", "↑"], "Open the conversation above"],
    [["Alt", "↓"], "Open the conversation below"],
    [["Esc"], "Close what is open: a menu, a dialog, the thread"],
    [[CTRL, "/"], "Show these shortcuts"],
  ]],
  ["In a list of messages", [
    [["↑"], "Go to the message before"],
    [["↓"], "Go to the message after"],
    [["Home"], "Go to the first message that is shown"],
    [["End"], "Go to the newest message"],
    [["Enter"], "Open the thread of a message"],
    [["E"], "Edit one's own message"],
    [["M"], "Open the menu of a message: react, share, delete"],
  ]],
  ["In the message box", [
    [["Enter"], "Send"],
    [["Shift", "Enter"], "Begin a new line"],
    [["@"], "Mention somebody"],
    [["/"], "Choose a command"],
    [["↑"], "Edit one's last message, when the box is empty"],
  ]],
];

export function showShortcuts() {
  const groups = SHORTCUTS.map(([heading, keys]) => el("section", {}, el("h3", {}, heading), el("dl", { class: "shortcuts" },
    keys.map(([names, text]) => el("div", {}, el("dt", {}, names.map((name) => el("kbd", {}, name))), el("dd", {}, text))))));
  ask("Keyboard shortcuts", groups, "", null, { cancel: "Done" });
  const inside = $("dialog").querySelector(".inside"); // where the window is low the keys scroll it
  Object.assign(inside, { tabIndex: 0, role: "group", ariaLabel: "Shortcuts" }).focus();
}

// ---- parts of the page, in the order of F6 ----

const PARTS = ["#sidebar .place[aria-current]", "#channel-list", "#home", "#compose-channel", "#thread-list", "#compose-thread"];
const isSeen = (node) => Boolean(node?.getClientRects().length) && getComputedStyle(node).visibility !== "hidden";

function nextPart(by) {
  const parts = PARTS.map((part) => document.querySelector(part)).filter(isSeen);
  const at = parts.findIndex((part) => (part.closest("#sidebar") || part.closest(".slot") || part).contains(document.activeElement));
  parts[(at < 0 ? (by > 0 ? 0 : parts.length - 1) : at + by + parts.length) % parts.length]?.focus();
}

function nextConversation(by) {
  const places = [...document.querySelectorAll("#channels .place, #directs .place")];
  const at = places.findIndex((place) => place.hasAttribute("aria-current"));
  places[(at + by + places.length) % places.length]?.click();
}

// ---- arrow keys ----

/** The next of several controls, in a menu, a row of tabs or the side bar. */
function move(event, selector, steps) {
  const box = event.target.closest(selector[0]);
  const items = box && [...box.querySelectorAll(selector[1])].filter(isSeen);
  const at = items?.indexOf(event.target.closest(selector[1])) ?? -1;
  const to = { Home: 0, End: items?.length - 1 }[event.key] ?? (steps[event.key] ? (at + steps[event.key] + items?.length) % items?.length : -1);
  if (at < 0 || to < 0) return false;
  items[to].focus();
  event.preventDefault();
  return true;
}

const VERTICAL = { ArrowDown: 1, ArrowUp: -1 };
const HORIZONTAL = { ArrowRight: 1, ArrowLeft: -1 };

function arrows(event) {
  if (event.altKey || event.ctrlKey || event.metaKey) return false;
  if (event.target.closest("details.more summary")) return intoMenu(event);
  return move(event, [".menu", "button, a"], { ...VERTICAL, ...HORIZONTAL }) || move(event, ["#tabs", "button"], HORIZONTAL)
    || move(event, ["#sidebar", ".place"], VERTICAL);
}

function intoMenu(event) {
  const menu = event.target.closest("details");
  if (event.key !== "ArrowDown") return false;
  if (!menu.open) event.target.click();
  setTimeout(() => menu.querySelector(".menu :is(button, a)")?.focus());
  event.preventDefault();
  return true;
}

/** Keys on a message, or on the list that holds it. */
function inList(event, list, on) {
  const message = event.target === list.node ? null : event.target.matches(".message") ? event.target : undefined;
  if (message === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
  const act = {
    ArrowUp: () => list.step(message, -1), ArrowDown: () => list.step(message, 1), End: () => list.edge(true),
    Home: message ? () => list.edge(false) : null, Enter: () => message && on.reply(list.messageAt(message)),
    e: () => message && on.editOwn(list.messageAt(message)), m: () => openMenu(message),
  }[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act) return;
  event.preventDefault();
  act();
}

function openMenu(message) {
  const summary = message?.querySelector(".tools summary");
  summary?.focus();
  summary?.click();
  setTimeout(() => message?.querySelector(".tools .menu button")?.focus());
}

// ---- focus that comes back ----

/** After a dialog the browser gives the focus back; where that node was drawn anew meanwhile, its successor takes it. */
function giveBack(dialog) {
  let ts = "", pane = "";
  new MutationObserver(() => {
    if (!dialog.open) return;
    const message = lastFocus?.closest?.(".message");
    [ts, pane] = [message?.dataset.ts || "", message?.parentElement?.id || ""];
  }).observe(dialog, { attributes: true, attributeFilter: ["open"] });
  dialog.addEventListener("close", () => {
    const now = document.activeElement;
    if (now && now !== document.body && !dialog.contains(now)) return;
    const had = lastFocus; // the controls of a message are hidden until the focus is on it
    document.querySelector(`#${pane || "none"} [data-ts="${CSS.escape(ts)}"]`)?.focus();
    if (had?.isConnected) had.focus();
  });
}

let lastFocus = null;

/** `lists` are those of messages; `on` holds reply and editOwn (a message, if it is one's own), editLast(box), escape. */
export function listenToKeys(lists, on) {
  document.addEventListener("focusin", (event) => { if (!event.target.closest("dialog")) lastFocus = event.target; });
  for (const dialog of [$("dialog"), $("preview")]) giveBack(dialog);
  for (const list of lists) list.node.addEventListener("keydown", (event) => inList(event, list, on));
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented) return;
    if ((event.ctrlKey || event.metaKey) && event.key === "/") { event.preventDefault(); if (!$("dialog").open) showShortcuts(); return; }
    if ($("dialog").open || $("preview").open) return;
    if (event.key === "F6") { event.preventDefault(); nextPart(event.shiftKey ? -1 : 1); return; }
    if (event.altKey && VERTICAL[event.key]) { event.preventDefault(); nextConversation(VERTICAL[event.key]); return; }
    if (event.key === "ArrowUp" && event.target.matches(".composer textarea") && !event.target.value) { if (on.editLast(event.target)) event.preventDefault(); return; }
    if (event.key === "Escape") { on.escape(event); return; }
    arrows(event);
  });
}
