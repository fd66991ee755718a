// One message as DOM: who, when, text or blocks, files, reactions, thread summary and what can be done with it.
import { blocks } from "./blocks.js";
import { button, dayText, el, sizeText, timeText } from "./dom.js";
import { QUICK, emoji } from "./emoji.js";
import { icon } from "./icons.js";
import { act, fileUrl, isBot, isOutside, nameOf, state, statusKey, user } from "./server.js";
import { isPicture, thumbnail } from "./pictures.js";
import { mrkdwn, plainText } from "./text.js";

const LONG_PX = 640;
const unfolded = new Set(); // long messages that somebody asked to see whole

export function avatar(id) {
  const name = nameOf(id);
  if (isBot(id)) return el("span", { class: "avatar bot", "aria-hidden": "true" }, "✦");
  const initials = name.split(/\s+/).map((word) => word[0]).slice(0, 2).join("").toUpperCase();
  const hue = [...state.users.keys()].indexOf(id) % 8; // by the order in which they came: few people look alike
  return el("span", { class: `avatar hue-${id === "USLACKBOT" ? "x" : hue}`, "aria-hidden": "true" }, initials);
}

/** `view` is "channel" or "thread"; `on` holds reply, openFile, tell (show a refusal), edit. */
export function messageNode(message, view, on, compact) {
  const mine = message.user === state.me;
  const node = el("article", {
    class: `message ${compact ? "compact" : ""} ${message.ephemeral ? "ephemeral" : ""} ${message.streaming ? "streaming" : ""}`,
    "data-ts": message.ts, "aria-label": `${nameOf(message.user)} at ${timeText(message.ts)}`, tabindex: "-1", "aria-busy": message.streaming ? "true" : null,
  });
  if (message.subtype === "tombstone") {
    node.append(el("span", { class: "avatar gone", "aria-hidden": "true" }, icon("trash")), el("div", { class: "body" }, el("p", { class: "muted" }, "This message was deleted."), summary(message, view, on)));
    return node;
  }
  node.append(compact ? el("time", { class: "gutter", "aria-hidden": "true" }, timeText(message.ts)) : avatar(message.user));
  node.append(el("div", { class: "body" },
    message.ephemeral ? el("div", { class: "only-you" }, [icon("eye"), "Only visible to you"]) : null,
    compact ? null : byline(message),
    view === "channel" && titleOf(message) && message.subtype !== "assistant_app_thread" ? el("div", { class: "thread-title" }, plainText(titleOf(message))) : null,
    foldable(content(message, on), message),
    message.edited && !isBot(message.user) ? el("span", { class: "muted edited" }, "(edited)") : null,
    (message.attachments || []).map(preview),
    (message.files || []).map((file) => [fileCard(file, on), isPicture(file) ? thumbnail(file, () => on.openFile(file)) : null]),
    reactions(message, on),
    stopControl(message, on),
    view === "channel" ? summary(message, view, on) : null));
  if (!message.ephemeral) node.append(tools(message, mine, view, on));
  return node;
}

function byline(message) {
  return el("div", { class: "byline" },
    el("strong", {}, message.username || nameOf(message.user)),
    isBot(message.user) ? el("span", { class: "tag" }, "APP") : null,
    user(message.user)?.is_restricted ? el("span", { class: "tag" }, "GUEST") : null,
    isOutside(user(message.user)) ? el("span", { class: "tag" }, "OUTSIDE") : null,
    el("a", { class: "when", href: permalink(message), tabindex: "-1", "data-internal": "1", title: `${dayText(message.ts)}, ${timeText(message.ts)}` }, timeText(message.ts)));
}

export function permalink(message) {
  const link = `/archives/${message.channel}/p${message.ts.replace(".", "")}`;
  return message.thread_ts && message.thread_ts !== message.ts ? `${link}?thread_ts=${message.thread_ts}&cid=${message.channel}` : link;
}

function content(message, on) {
  // What people typed is in both text and blocks; the text keeps *their* formatting.
  if (message.blocks?.length && isBot(message.user)) {
    const press = async (element, value, more) => on.tell(await act("click", { channel: message.channel, ts: message.ts, action_id: element.action_id, value: value ?? null, ...more }));
    return el("div", { class: "content" }, blocks(message.blocks, press, `${message.channel} ${message.ts}`));
  }
  return message.text ? mrkdwn(message.text) : null;
}

/** The name that the app gave the thread of this message. */
export const titleOf = (message) => state.channels.get(message.channel)?.titles?.[message.ts] || "";

/** What is long is cut with "Show more", as Slack does, unless it is being written or says that it is to be seen whole. */
function foldable(node, message) {
  if (!node || message.streaming || unfolded.has(message.ts) || message.blocks?.some((block) => block.expand)) return node;
  const box = el("div", { class: "foldable" }, node);
  requestAnimationFrame(() => {
    if (box.scrollHeight <= LONG_PX) return;
    box.classList.add("folded");
    const more = button("Show more", () => { unfolded.add(message.ts); box.classList.remove("folded"); more.remove(); }, { class: "show-more" });
    box.after(more);
    box.addEventListener("focusin", (event) => { if (event.target.getBoundingClientRect().bottom > more.getBoundingClientRect().top) more.click(); });
    box.dispatchEvent(new Event("folded", { bubbles: true })); // the list may have to scroll
  });
  return box;
}

const preview = (attachment) => el("div", { class: "preview-card" }, el("strong", {}, plainText(attachment.title || attachment.fallback || "")), el("div", { class: "muted" }, attachment.from_url || ""));

function stopControl(message, on) {
  if (!message.streaming || !state.canStop) return null;
  return button([icon("stop"), "Stop"], async () => on.tell(await act("stop", { channel: message.channel, ts: message.ts })), { class: "press stop" });
}

const COLOURS = { pdf: "red", doc: "blue", docx: "blue", xls: "green", xlsx: "green", csv: "green", ppt: "orange", pptx: "orange", md: "grey", txt: "grey", html: "teal" };

export function fileCard(file, on) {
  if (file.mode === "tombstone") return el("div", { class: "file gone", "data-file": file.id }, el("span", { class: "kind grey" }, "—"), el("span", { class: "muted" }, "This file was deleted."));
  const kind = (file.filetype || "file").slice(0, 4).toUpperCase();
  const mayDelete = file.user === state.me || user(state.me)?.is_admin;
  return el("div", { class: "file", "data-file": file.id },
    el("span", { class: `kind ${COLOURS[file.filetype] || "grey"}`, "aria-hidden": "true" }, kind),
    el("button", { type: "button", class: "file-name", onclick: () => on.openFile(file), title: `Open ${file.name}` },
      el("strong", {}, file.title || file.name), el("span", { class: "muted" }, `${file.pretty_type || kind} · ${sizeText(file.size)}`)),
    el("a", { class: "icon", href: fileUrl(file.id), download: file.name, "aria-label": `Download ${file.name}`, title: "Download" }, icon("download")),
    mayDelete ? button(icon("trash"), () => on.deleteFile(file), { class: "icon", "aria-label": `Delete ${file.name}`, title: "Delete file" }) : null);
}

function reactions(message, on) {
  if (!message.reactions?.length) return null;
  return el("div", { class: "reactions" }, message.reactions.map((reaction) => button(
    [el("span", {}, emoji(reaction.name)), el("span", {}, String(reaction.count))],
    async () => on.tell(await act("react", { channel: message.channel, ts: message.ts, emoji: reaction.name })),
    { class: `reaction ${reaction.users.includes(state.me) ? "mine" : ""}`, "aria-pressed": String(reaction.users.includes(state.me)),
      title: `${reaction.users.map(nameOf).join(", ")} reacted with :${reaction.name}:`, "aria-label": `${reaction.count} ${reaction.name}` })));
}

function summary(message, view, on) {
  if (view !== "channel") return null;
  const status = state.statuses.get(statusKey(message.channel, message.ts));
  const line = status ? statusLine(status) : null;
  if (!message.reply_count) return line;
  const count = message.reply_count === 1 ? "1 reply" : `${message.reply_count} replies`;
  return [button([message.reply_users.slice(0, 4).map(avatar), el("span", { class: "count" }, count),
    el("span", { class: "muted" }, `Last at ${timeText(message.latest_reply)}`)], () => on.reply(message), { class: "summary" }), line];
}

export function statusLine(status) {
  const text = /^is |^are |^has |^was /.test(status) ? `${nameOf(state.bot)} ${status}` : status;
  return el("div", { class: "status" }, el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i")), text);
}

function tools(message, mine, view, on) {
  const menu = el("div", { class: "menu", role: "menu" });
  // Filled when it is first opened: most menus never are, and hundreds of them would slow the page.
  const fill = () => { if (!menu.firstChild) menu.append(...menuItems(message, mine, on)); };
  const more = el("details", { class: "more" }, el("summary", { class: "icon", "aria-label": "More actions", title: "More", onclick: fill }, icon("more")), menu);
  return el("div", { class: "tools" },
    view === "channel" ? button(icon("reply"), () => on.reply(message), { class: "icon", "aria-label": "Reply in thread", title: "Reply in thread" }) : null, more);
}

function menuItems(message, mine, on) {
  const channel = message.channel, ts = message.ts;
  return [
    el("div", { class: "quick", role: "group", "aria-label": "Reactions" }, QUICK.map((name) => menuItem(emoji(name), async () => on.tell(await act("react", { channel, ts, emoji: name })), `React with ${name}`))),
    menuItem("Reply in thread", () => on.reply(message)),
    menuItem("Copy link", () => navigator.clipboard?.writeText(location.origin + permalink(message))),
    ...state.shortcuts.map(([id, label]) => menuItem(label, async () => on.tell(await act("shortcut", { channel, ts, callback_id: id })))),
    mine ? menuItem("Edit message", () => on.edit(message)) : null,
    mine || user(state.me)?.is_admin ? menuItem("Delete message", () => on.deleteMessage(message), "Delete message", "danger") : null,
  ].filter(Boolean);
}

function menuItem(label, onclick, title, kind = "") {
  const close = (event) => {
    const menu = event.currentTarget.closest("details");
    menu.open = false;
    menu.querySelector("summary").focus({ preventScroll: true }); // a dialog gives the focus back to where it was
    onclick();
  };
  return button(label, close, { role: "menuitem", class: kind, "aria-label": title || label });
}
