// The page: sidebar, channel, thread, and what happens when something changes.
import { blocks } from "./blocks.js";
import { allCommands, composer } from "./composer.js";
import { ask, closeModal, confirmed, showModal, tell, toast } from "./dialogs.js";
import { announce } from "./announce.js";
import { $, button, clear, el } from "./dom.js";
import { drawFaults, openFaults } from "./faults.js";
import { icon } from "./icons.js";
import { listenToKeys, showShortcuts } from "./keys.js";
import { inThread, isRoot, messageList } from "./lists.js";
import { avatar } from "./messages.js";
import { openFile } from "./preview.js";
import { act, isBot, isOutside, listen, messagesOf, nameOf, state, statusKey } from "./server.js";
import { plainText, setNames } from "./text.js";
import { drawHints, drawWelcome } from "./welcome.js";

const at = { channel: "", thread: "", tab: "messages", asked: "", unread: new Map(), ready: false };
setNames({ user: (id) => state.users.get(id)?.name, channel: (id) => state.channels.get(id)?.name });

const on = {
  tell,
  reply: (message) => openThread(message.thread_ts || message.ts, { focus: true }),
  openFile: (file, page) => openFile(file, page),
  edit: editMessage,
  deleteMessage: async (m) => confirmed("Delete this message?", "It is removed for everybody.", () => act("delete", { channel: m.channel, ts: m.ts })),
  deleteFile: async (f) => confirmed(`Delete ${f.name}?`, "The file is removed everywhere, for everybody, and no answer will use it again.", () => act("delete_file", { file: f.id })),
};

const channelBox = composer("compose-channel", { placeholder: "Message", send: (m) => post(m, ""), people, commands: () => allCommands() });
const threadBox = composer("compose-thread", { placeholder: "Reply…", send: (m) => post(m, at.thread), people, commands: () => [] });
const channelList = messageList($("channel-list"), "channel", on);
const threadList = messageList($("thread-list"), "thread", on);
$("compose-channel-slot").append(el("div", { id: "channel-prompts" }), channelBox.root);
$("compose-thread-slot").append(el("div", { id: "thread-hints" }), threadBox.root);

function people() {
  const channel = state.channels.get(at.channel);
  const members = [...state.users.values()].filter((p) => p.id !== state.me);
  return members.sort((a, b) => isBot(b.id) - isBot(a.id) || channel?.members.includes(b.id) - channel?.members.includes(a.id));
}

async function post({ text, files }, place) {
  const command = /^(\/[\w-]+)\s*([\s\S]*)$/.exec(text);
  const thread = !place && inChats() && !command ? await newChat() : place;
  if (thread === undefined) return false;
  const body = { channel: at.channel, thread_ts: thread };
  const answer = command && !files.length
    ? await act("slash", { channel: at.channel, command: command[1], text: command[2], thread_ts: thread })
    : await act("post", { ...body, text, files });
  if (answer.ts) {
    at.asked = answer.thread_ts || answer.ts;
    followAnswer(at.channel, at.asked);
  }
  return on.tell(answer).ok;
}

/** An app of the assistant kind is only ever spoken to in chats, which are threads. */
const inChats = () => state.hasChats && state.channels.get(at.channel)?.kind === "im";

async function newChat() {
  const answer = on.tell(await act("start_chat"));
  if (answer.ok) openThread(answer.ts, { focus: true });
  return answer.ts;
}

/** Open the thread of what was just asked as soon as the bot stirs there. */
function followAnswer(channel, thread) {
  if (thread !== at.asked || channel !== at.channel || at.thread) return;
  const answers = [...messagesOf(channel).values()].some((m) => m.thread_ts === thread && m.ts !== thread && isBot(m.user));
  const isWriting = channelBox.input.value || matchMedia("(max-width: 760px)").matches;
  if (answers || state.statuses.has(statusKey(channel, thread))) openThread(thread, { focus: !isWriting });
}

// ---- drawing ----

const title = (channel) => (channel.kind === "im" ? nameOf(channel.members.find((id) => id !== state.me)) : channel.kind === "mpim"
  ? channel.members.filter((id) => id !== state.me).map((id) => nameOf(id).split(" ")[0]).join(", ") : channel.name);

function drawSidebar() {
  $("team-name").textContent = state.team;
  drawFaults();
  const persons = [...state.users.values()].filter((p) => !p.is_bot);
  clear($("me"), persons.map((p) => el("option", { value: p.id, selected: p.id === state.me }, p.real_name + markOf(p))));
  clear($("my-avatar"), avatar(state.me));
  const all = [...state.channels.values()];
  clear($("channels"), all.filter((c) => ["channel", "group"].includes(c.kind)).map(channelLink));
  const directs = all.filter((c) => ["im", "mpim"].includes(c.kind));
  const hasBot = directs.some((c) => c.kind === "im");
  clear($("directs"), directs.map(channelLink), hasBot ? null : el("li", {}, el("button", { type: "button", class: "place", onclick: openDirect }, avatar(state.bot), nameOf(state.bot))));
}

const markOf = (person) => (person.is_admin ? " (admin)" : person.is_restricted ? " (guest)" : isOutside(person) ? " (outside)" : "");

function channelLink(channel) {
  const unread = at.unread.get(channel.id) || 0;
  const sign = channel.kind === "im" ? avatar(channel.members.find((id) => id !== state.me)) : el("span", { class: "sign", "aria-hidden": "true" }, channel.kind === "channel" ? "#" : icon(channel.kind === "group" ? "lock" : "people"));
  return el("li", {}, el("button", {
    type: "button", class: `place ${unread ? "unread" : ""}`, "aria-current": channel.id === at.channel ? "page" : null, onclick: () => go(channel.id),
  }, sign, el("span", { class: "label" }, title(channel)), channel.kind === "group" ? el("span", { class: "unseen" }, "private") : null,
    unread ? el("span", { class: "badge", "aria-label": `${unread} new` }, String(unread)) : null));
}

function drawChannel() {
  const channel = state.channels.get(at.channel);
  const isApp = channel?.kind === "im";
  clear($("channel-name"), channel ? [channel.kind === "group" ? icon("lock") : null, channel.kind === "channel" ? `# ${channel.name}` : title(channel)] : "No conversation");
  $("members").textContent = channel && !isApp ? `${channel.members.length} members${channel.is_shared ? " · shared outside" : ""}${channel.is_archived ? " · archived" : ""}` : plainText(channel?.titles?.[""] || "");
  $("tabs").hidden = !isApp;
  const home = isApp && at.tab === "home";
  $("channel-list").hidden = home; $("home").hidden = !home; $("compose-channel-slot").hidden = home || !channel || channel.is_archived;
  $("tab-home").setAttribute("aria-selected", String(home)); $("tab-messages").setAttribute("aria-selected", String(!home));
  channelBox.redraw(inChats() ? newChat : null);
  channelBox.input.placeholder = channel ? `Message ${isApp ? title(channel) : `#${title(channel)}`}` : "";
  channelBox.input.setAttribute("aria-label", channelBox.input.placeholder);
  document.title = `${channel ? title(channel) : ""} – ${state.team}`;
  if (home) drawHome();
  drawIntroduction();
  drawPrompts($("channel-prompts"), channel?.prompts?.[""], "");
}

/** The app's suggestions; a press sends one at once, as in Slack. */
function drawPrompts(place, offered, thread) {
  const prompts = offered?.prompts || [];
  clear(place, prompts.length && offered.title ? el("span", { class: "muted" }, plainText(offered.title)) : null,
    prompts.map((prompt) => button(plainText(prompt.title), () => post({ text: prompt.message, files: [] }, thread), { class: "hint prompt", title: prompt.message })));
}

function drawHome() {
  const press = async (element, value, more) => on.tell(await act("click_in_view", { view: state.home.id, action_id: element.action_id, value: value ?? null, ...more }));
  clear($("home"), state.home ? el("div", { class: "page" }, blocks(state.home.blocks, press, state.home.id)) : el("p", { class: "empty muted" }, `${nameOf(state.bot)} has not set up its home yet.`));
}

function drawThread() {
  $("thread").hidden = !at.thread;
  document.body.classList.toggle("with-thread", Boolean(at.thread));
  coverChannel();
  if (!at.thread) return;
  const channel = state.channels.get(at.channel);
  threadBox.redraw();
  $("thread-name").textContent = plainText(channel?.titles?.[at.thread] || "Thread");
  $("compose-thread-slot").hidden = Boolean(channel?.is_archived);
  $("thread-where").textContent = channel ? `${channel.kind === "channel" ? "# " : ""}${title(channel)}` : "";
  drawThreadHints();
}

// Where there is no room for both, the thread lies over the channel, which then is not to be reached.
const narrow = matchMedia("(max-width: 1000px)");
const coverChannel = () => { for (const id of ["menu", "tabs", "welcome", "channel-list", "home", "compose-channel-slot"]) $(id).inert = narrow.matches && Boolean(at.thread); };
narrow.addEventListener("change", coverChannel);

// Questions to try, until somebody asked one here: then the answers need the room.
function drawThreadHints() {
  const channel = state.channels.get(at.channel);
  const replies = messagesOf(at.channel).get(at.thread)?.reply_count || 0;
  if (channel?.prompts?.[at.thread]) drawPrompts($("thread-hints"), channel.prompts[at.thread], at.thread);
  else drawHints($("thread-hints"), threadBox, channel?.kind !== "im", replies < 2);
}

function drawNotice(text) {
  const notice = text || (state.connected ? "" : state.notice);
  $("notice").hidden = !notice;
  clear($("notice"), notice ? [el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i")), notice] : []);
}

const drawIntroduction = () => drawWelcome(state.channels.get(at.channel), channelBox, at.tab === "home", () => { drawIntroduction(); drawThread(); });

// ---- going somewhere ----

async function go(channel, { thread = "", ts = "", push = true, focus = true } = {}) {
  const from = at.channel;
  Object.assign(at, { channel, thread, tab: "messages", wanted: "" });
  at.unread.delete(channel);
  closeMenu();
  drawSidebar(); drawChannel(); drawThread();
  const drawn = [channelList.open(channel, "", thread || ts), thread ? threadList.open(channel, thread, ts === thread ? "" : ts) : null];
  if (state.channels.get(channel)?.kind === "im") openMessagesTab(from);
  if (push) history.pushState({}, "", thread ? `/archives/${channel}/p${thread.replace(".", "")}` : `/archives/${channel}/`);
  if (ts) { await Promise.all(drawn); flash(ts); }
  else if (focus && matchMedia("(min-width: 761px)").matches) (thread ? threadBox : channelBox).input.focus();
}

/** The app learns that its messages were opened, and which channel the person came from. */
async function openMessagesTab(from) {
  if (state.channels.has(from) && state.channels.get(from).kind !== "im") await act("look_at", { channel: from });
  await act("open_home", { tab: "messages" });
  if (inChats() && ![...messagesOf(at.channel).values()].some(isRoot)) newChat();
}

function openThread(ts, { focus = false } = {}) {
  at.thread = ts;
  drawThread();
  threadList.open(at.channel, ts);
  if (focus) threadBox.input.focus();
}

function closeThread() {
  const root = at.thread;
  at.thread = at.asked = "";
  drawThread();
  (channelList.find(root) || channelBox.input).focus({ preventScroll: true });
}

function flash(ts) {
  const nodes = document.querySelectorAll(`[data-ts="${CSS.escape(ts)}"]`);
  const node = nodes[nodes.length - 1];
  if (!node) return;
  node.scrollIntoView({ block: "center" });
  node.classList.add("flash");
  node.focus({ preventScroll: true });
  setTimeout(() => node.classList.remove("flash"), 2500);
}

/** Go to a conversation that has just been made, at the latest when the snapshot that holds it comes. */
function goSoon(channel) {
  if (state.channels.has(channel)) go(channel);
  else at.wanted = channel;
}

async function openDirect() {
  const answer = on.tell(await act("open_dm"));
  if (answer.ok) goSoon(answer.channel);
}

/** Follow an address of this page: a message, or a file. True when it names one that may be here. */
function follow(address, push) {
  const message = /^\/archives\/(\w+)\/(?:p(\d{10})(\d{6}))?/.exec(address.pathname);
  if (message) return followMessage(message[1], message[2] ? `${message[2]}.${message[3]}` : "", address.searchParams.get("thread_ts") || "", push);
  const file = /^\/files\/\w+\/(\w+)\//.exec(address.pathname);
  if (file) followFile(file[1], address.hash);
  return Boolean(file && at.channel);
}

function followMessage(channel, ts, thread, push) {
  if (!state.channels.has(channel)) { toast("That conversation is not here, or you are not in it."); return false; }
  if (ts) act("find_message", { channel, ts }).then((found) => go(channel, { thread: thread || found.thread_ts || "", ts: on.tell(found).ok ? ts : "", push }));
  else go(channel, { push });
  return true;
}

async function followFile(id, place) {
  const found = on.tell(await act("find_file", { file: id }));
  if (!found.ok) return;
  if (location.pathname.startsWith("/files/") && found.channel) await go(found.channel, { thread: found.thread_ts, ts: found.ts, push: false });
  openFile(found.file, place);
}

document.addEventListener("click", (event) => {
  const anchor = event.target.closest("a[href]");
  if (anchor && anchor.origin === location.origin && /^\/(archives|files)\//.test(anchor.pathname) && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    follow(new URL(anchor.href), true);
  }
  for (const menu of document.querySelectorAll("details.more[open]")) if (!menu.contains(event.target)) menu.open = false;
});
window.addEventListener("popstate", () => follow(new URL(location.href), false));

// ---- changes ----

function changed(change) {
  if (change.type === "offline") return drawNotice("The workspace does not answer. Trying again…");
  if (change.type === "snapshot") return drawAll();
  if (change.type === "message") return messageChanged(change);
  if (change.type === "gone") return change.message && redraw(change.message);
  if (change.type === "status") return statusChanged(change);
  if (change.type === "connected") { drawNotice(); return drawIntroduction(); }
  if (change.type === "faults") return drawFaults();
  if (change.type === "closed") return closeModal(change.view);
  if (change.type === "view") return change.view.type === "home" ? drawChannel() : showModal(change.view);
  return undefined;
}

function drawAll() {
  drawNotice();
  if (!at.ready) return firstDraw();
  if (state.channels.has(at.wanted)) return go(at.wanted);
  if (!state.channels.has(at.channel)) return go([...state.channels.keys()][0] || "", { push: false });
  drawSidebar(); drawChannel(); drawThread();
  channelList.refresh();
  if (at.thread) threadList.refresh();
  return undefined;
}

function firstDraw() {
  at.ready = true;
  if (location.pathname !== "/" && follow(new URL(location.href), false)) return;
  const start = state.start && state.channels.has(state.start.channel) ? state.start : null;
  const narrow = matchMedia("(max-width: 760px)").matches;
  go(start?.channel || [...state.channels.keys()][0] || "", { thread: start && !narrow ? start.thread_ts || start.ts : "", push: false, focus: false });
}

function messageChanged(change) {
  const { message, isNew } = change;
  if (message.thread_ts) followAnswer(message.channel, message.thread_ts);
  redraw(message, isNew);
  const isHere = message.channel === at.channel;
  if (isNew && !isHere && message.user !== state.me) { at.unread.set(message.channel, (at.unread.get(message.channel) || 0) + 1); drawSidebar(); }
  if (isHere && (isRoot(message) || message.thread_ts === at.thread)) announce(change);
  else if (isNew && !isHere) announce(change, title(state.channels.get(message.channel)));
}

function redraw(message, isNew) {
  if (message.channel !== at.channel) return;
  channelList.changed(message, isNew);
  if (!at.thread || !inThread(message, at.thread)) return;
  threadList.changed(message, isNew);
  threadList.drawStatus();
  drawThreadHints();
}

function statusChanged({ channel, thread_ts: thread }) {
  if (channel !== at.channel) return;
  followAnswer(channel, thread);
  const root = messagesOf(channel).get(thread);
  if (root) channelList.changed(root);
  if (thread === at.thread) threadList.drawStatus();
}

// ---- dialogs ----

function editMessage(message) {
  const typed = plainText(message.text.replace(/<@(\w+)>/g, (all, id) => `@${state.users.get(id)?.name || id}`).replace(/<!(\w+)>/g, "@$1").replace(/<(https?:[^|>]+)(\|[^>]*)?>/g, "$1"));
  const box = el("textarea", { rows: 5, value: typed, "aria-label": "Message" });
  ask("Edit message", box, "Save", async () => on.tell(await act("edit", { channel: message.channel, ts: message.ts, text: box.value })).ok);
}

// ---- the frame ----

function closeMenu() {
  document.body.classList.remove("with-menu");
  $("menu").setAttribute("aria-expanded", "false");
  $("scrim").hidden = true;
}

$("menu").append(icon("menu"));
$("close-thread").append(icon("close"));
$("add-channel").append(icon("plus"));
$("shortcuts").append(icon("keyboard"), el("span", { class: "label" }, "Shortcuts"));
$("menu").addEventListener("click", () => {
  const open = document.body.classList.toggle("with-menu");
  $("menu").setAttribute("aria-expanded", String(open));
  $("scrim").hidden = !open;
  if (open) $("sidebar").querySelector(".place[aria-current]")?.focus();
});
$("scrim").addEventListener("click", closeMenu);
$("faults").addEventListener("click", openFaults);
$("close-thread").addEventListener("click", closeThread);
$("me").addEventListener("change", () => { state.me = $("me").value; at.asked = ""; at.unread.clear(); listen(changed); });
$("add-channel").addEventListener("click", () => {
  const name = el("input", { type: "text", "aria-label": "Name of the channel", placeholder: "for example contracts", maxlength: 80 });
  ask("Add a channel", [el("p", {}, "Everybody here becomes a member, and so does the bot."), name], "Add", async () => {
    const answer = on.tell(await act("add_channel", { name: name.value }));
    if (answer.ok) goSoon(answer.channel);
    return answer.ok;
  });
  name.focus();
});
for (const tab of ["messages", "home"]) $(`tab-${tab}`).addEventListener("click", () => { at.tab = tab; drawChannel(); act("open_home", { tab }); });
$("shortcuts").addEventListener("click", showShortcuts);
listenToKeys([channelList, threadList], { ...on, escape, editLast, editOwn: (m) => m.user === state.me && !m.ephemeral && editMessage(m) });

/** Escape leaves what is open, the innermost first; from a message it goes to the box below. */
function escape() {
  const menu = document.querySelector("details.more[open]");
  if (menu) { menu.open = false; menu.querySelector("summary").focus(); return; }
  if (document.body.classList.contains("with-menu")) { closeMenu(); $("menu").focus(); return; }
  if (at.thread) return closeThread();
  if ($("channel-list").contains(document.activeElement)) channelBox.input.focus();
}

/** Edit what this person wrote last in the conversation above a message box; false when there is nothing. */
function editLast(input) {
  const belongs = (m) => m.user === state.me && !m.ephemeral && m.subtype !== "tombstone" && (input === threadBox.input ? inThread(m, at.thread) : isRoot(m));
  const last = [...messagesOf(at.channel).values()].filter(belongs).pop();
  if (last) editMessage(last);
  return Boolean(last);
}

// Files dropped anywhere go to the thread when it is under the pointer, else to the channel.
let depth = 0;
const holdsFiles = (event) => [...(event.dataTransfer?.types || [])].includes("Files");
document.addEventListener("dragenter", (event) => { if (holdsFiles(event)) { depth++; $("drop").hidden = false; } });
document.addEventListener("dragleave", () => { depth = Math.max(0, depth - 1); if (!depth) $("drop").hidden = true; });
document.addEventListener("dragover", (event) => { if (holdsFiles(event)) event.preventDefault(); });
document.addEventListener("drop", (event) => {
  depth = 0; $("drop").hidden = true;
  if (!holdsFiles(event)) return;
  event.preventDefault();
  const box = $("thread").getBoundingClientRect();
  const overThread = at.thread && event.clientX >= box.left && event.clientX <= box.right;
  (overThread ? threadBox : channelBox).addFiles(event.dataTransfer.files);
});

listen(changed);
