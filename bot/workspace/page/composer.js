// The message box: text, files, @mention and /command pickers. Enter sends, Shift+Enter makes a new line.
import { button, clear, el, sizeText } from "./dom.js";
import { tell } from "./dialogs.js";
import { icon } from "./icons.js";
import { act, isBot, state } from "./server.js";
import { plainText } from "./text.js";

let made = 0;

/** `send({text, files})` resolves to true when the message is away. `people()` are those who can be mentioned. */
export function composer(id, { placeholder, send, people, commands }) {
  const pickerId = `picker-${++made}`;
  const box = { files: [], choices: [], chosen: 0 };
  const input = el("textarea", { id, rows: 1, placeholder, "aria-label": placeholder, "aria-controls": pickerId, "aria-autocomplete": "list", enterkeyhint: "send" });
  const chooser = el("input", { type: "file", multiple: true, class: "unseen", tabindex: "-1", "aria-label": "Files to add" });
  const pending = el("div", { class: "pending" });
  const picker = el("ul", { id: pickerId, class: "picker", role: "listbox", hidden: true });
  const sendButton = button(icon("send"), () => submit(), { class: "send", "aria-label": "Send", title: "Send (Enter)" });
  const lightning = el("details", { class: "more lightning", hidden: true });
  const fresh = button("New chat", () => fresh.run(), { class: "press", hidden: true });
  const bar = el("div", { class: "compose-bar" },
    button(icon("plus"), () => chooser.click(), { class: "icon", "aria-label": "Add files", title: "Add files" }),
    button("@", () => { insert("@"); suggest(); }, { class: "icon", "aria-label": "Mention somebody", title: "Mention somebody" }), lightning, fresh,
    el("span", { class: "grow muted keys" }, "Enter sends · Shift+Enter new line"), sendButton);
  const root = el("form", { class: "composer", onsubmit: (event) => { event.preventDefault(); submit(); } }, picker, pending, input, bar, chooser);

  function insert(text) {
    const { selectionStart: at, value } = input;
    const gap = at && !/\s/.test(value[at - 1]) ? " " : "";
    input.setRangeText(gap + text, at, input.selectionEnd, "end");
    input.focus();
    refresh();
  }

  function refresh() {
    input.style.height = "auto";
    if (input.scrollHeight) input.style.height = `${Math.min(input.scrollHeight, 220)}px`;
    sendButton.disabled = !input.value.trim() && !box.files.length;
    clear(pending, box.files.map((file) => el("span", { class: "chip" }, `${file.name} · ${sizeText(file.size)}`,
      button(icon("close"), () => { box.files = box.files.filter((f) => f !== file); refresh(); }, { class: "icon", "aria-label": `Remove ${file.name}` }))));
  }

  /** The app's shortcuts that belong to no message, and the way to a new chat where the app has chats. */
  function redraw(newChat = null) {
    lightning.hidden = !state.globalShortcuts.length;
    clear(lightning, el("summary", { class: "icon", "aria-label": "Shortcuts", title: "Shortcuts" }, icon("bolt")),
      el("div", { class: "menu", role: "menu" }, state.globalShortcuts.map(([id, label]) => button(plainText(label), () => shortcut(id), { role: "menuitem" }))));
    fresh.hidden = !newChat;
    fresh.run = newChat;
  }

  async function shortcut(id) {
    lightning.open = false;
    tell(await act("global_shortcut", { callback_id: id }));
  }

  async function submit() {
    if (sendButton.disabled) return;
    const text = input.value, files = box.files;
    input.value = ""; box.files = []; hide(); refresh(); input.focus();
    if (await send({ text, files })) return;
    input.value = text; box.files = files; refresh(); input.focus();
  }

  const typed = () => /(^|\s)([@/])([\w.-]*)$/.exec(input.value.slice(0, input.selectionStart));

  function suggest() {
    const word = typed();
    if (!word || (word[2] === "/" && (word.index || word[1]))) return hide();
    const part = word[3].toLowerCase();
    const choices = word[2] === "@"
      ? people().map((p) => ({ value: `@${p.name}`, label: p.real_name, note: isBot(p.id) ? "app" : `@${p.name}`, find: `${p.name} ${p.real_name}`.toLowerCase() }))
      : commands().map(([name, note]) => ({ value: name, label: name, note, find: name.slice(1) }));
    box.choices = choices.filter((c) => c.find.split(" ").some((w) => w.startsWith(part))).slice(0, 8);
    box.chosen = 0;
    return box.choices.length ? drawPicker() : hide();
  }

  function drawPicker() {
    picker.hidden = false;
    clear(picker, box.choices.map((choice, n) => el("li", {
      role: "option", id: `${pickerId}-${n}`, "aria-selected": String(n === box.chosen),
      onmousedown: (event) => { event.preventDefault(); box.chosen = n; choose(); },
    }, el("strong", {}, choice.label), el("span", { class: "muted" }, choice.note || ""))));
    input.setAttribute("aria-activedescendant", `${pickerId}-${box.chosen}`);
  }

  function hide() {
    picker.hidden = true;
    input.removeAttribute("aria-activedescendant");
  }

  function choose() {
    const word = typed();
    const start = input.selectionStart - word[3].length - 1;
    input.setRangeText(`${box.choices[box.chosen].value} `, start, input.selectionStart, "end");
    hide(); refresh(); input.focus();
  }

  function pickerKey(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) { box.chosen = (box.chosen + step + box.choices.length) % box.choices.length; drawPicker(); return true; }
    if (event.key === "Escape") { hide(); return true; }
    if (event.key === "Tab" || (event.key === "Enter" && input.value.slice(0, input.selectionStart).trim() !== box.choices[box.chosen].value)) { choose(); return true; }
    return false;
  }

  input.addEventListener("input", () => { refresh(); suggest(); });
  input.addEventListener("blur", hide);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (!picker.hidden && pickerKey(event)) { event.preventDefault(); event.stopPropagation(); return; }
    if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); submit(); }
  });
  input.addEventListener("paste", (event) => { if (event.clipboardData.files.length) { event.preventDefault(); addFiles(event.clipboardData.files); } });
  chooser.addEventListener("change", () => { addFiles(chooser.files); chooser.value = ""; });

  function addFiles(list) {
    box.files = [...box.files, ...list];
    refresh(); input.focus();
  }

  refresh();
  return { root, input, addFiles, redraw, fill: (text) => { input.value = text; refresh(); input.focus(); input.setSelectionRange(text.length, text.length); } };
}

/** Slash commands the composer offers: the app's own, then the workspace's. */
export const allCommands = () => [
  ...state.commands,
  ["/invite", "Add somebody to this channel"], ["/remove", "Take somebody out of this channel"],
  ["/leave", "Leave this channel"], ["/topic", "Say what this channel is about"],
  ["/rename", "Give this channel another name"], ["/archive", "Close this channel to all writing"],
];
