// A list of messages: a window on a channel or a thread, which moves while one scrolls and keeps the place where one reads.
import { say } from "./announce.js";
import { button, clear, dayText, el } from "./dom.js";
import { messageNode, statusLine } from "./messages.js";
import { isBot, load, messagesOf, state, statusKey } from "./server.js";

const PAGE = 50; // as many as a screen or two hold
const MOST = 250; // messages in the document at once: what is far from the reader goes, and comes back when needed
const NEAR_PX = 600;

export const isRoot = (m) => !m.thread_ts || m.thread_ts === m.ts || m.subtype === "thread_broadcast";
export const inThread = (m, root) => m.ts === root || m.thread_ts === root;
const isCompact = (before, m) => Boolean(before && before.user === m.user && !before.ephemeral && !m.ephemeral && isRoot(before) === isRoot(m) && !(isBot(m.user) && before.blocks) && before.subtype !== "tombstone" && !before.reply_count && m.ts - before.ts < 300);
const separator = (text, kind = "") => el("div", { class: `day ${kind}`, role: "separator" }, el("span", {}, text));
const repliesText = (count) => (count === 1 ? "1 reply" : `${count} replies`);

/** `view` is "channel" or "thread"; `on` is what a message can ask for (see messages.js). */
export function messageList(node, view, on) {
  // From `floor` to `ceiling` is in the document; an empty one means that nothing lies beyond.
  const shown = { channel: "", thread: "", floor: "", ceiling: "", busy: false, unseen: 0, turn: 0, isOpening: false, coming: null, isAtEnd: true, top: 0 };
  const jump = button("", () => toLatest(), { class: "jump", hidden: true });
  node.after(el("div", { class: "jump-place" }, jump));

  const belongs = (m) => m.channel === shown.channel && (view === "thread" ? inThread(m, shown.thread) : isRoot(m));
  const isInside = (m) => m.ts === shown.thread || (m.ts >= shown.floor && (!shown.ceiling || m.ts <= shown.ceiling));
  const known = () => [...messagesOf(shown.channel).values()].filter(belongs).sort((a, b) => (a.ts < b.ts ? -1 : 1));
  const rows = () => known().filter(isInside);
  const nodes = () => [...node.querySelectorAll(":scope > .message")];
  const find = (ts) => node.querySelector(`:scope > [data-ts="${CSS.escape(ts)}"]`);
  const messageAt = (at) => messagesOf(shown.channel).get(at?.dataset.ts);
  const isNearEnd = () => node.scrollHeight - node.scrollTop - node.clientHeight < 120;
  const key = () => (shown.thread ? statusKey(shown.channel, shown.thread) : shown.channel);
  const toEnd = () => { node.scrollTop = node.scrollHeight; Object.assign(shown, { isAtEnd: true, top: node.scrollTop }); };

  /** Show a conversation: its end, or what stands around one message. */
  async function open(channel, thread = "", around = "") {
    Object.assign(shown, { channel, thread, floor: "", ceiling: "", unseen: 0, busy: false, isOpening: false, coming: null });
    node.removeAttribute("aria-busy");
    const turn = ++shown.turn, floor = lowestKnown();
    if (floor !== null && (!around || around >= floor)) return showTail(floor, around);
    clear(node, el("div", { class: "empty muted" }, "Loading…"));
    shown.isOpening = true;
    const found = await ask(around ? { around } : {});
    if (turn !== shown.turn) return undefined;
    shown.isOpening = false;
    if (!found) return undefined;
    frame(found);
    draw();
    return around ? undefined : toEnd();
  }

  /** From which message on everything is known here; "" when from the first, null when something is missing. */
  function lowestKnown() {
    const floor = state.floors.get(key());
    if (floor !== undefined || !shown.thread) return floor ?? "";
    const root = messagesOf(shown.channel).get(shown.thread);
    const replies = known().filter((m) => m.ts !== shown.thread && !m.ephemeral);
    return root && replies.length >= (root.reply_count || 0) ? "" : null;
  }

  function showTail(floor, around) {
    shown.floor = floor;
    const all = rows(), wanted = all.findIndex((m) => m.ts === around);
    const first = Math.min(all.length - PAGE, wanted < 0 ? Infinity : wanted - 20);
    if (first > 0) shown.floor = all[first].ts;
    draw();
    if (!around) toEnd();
  }

  /** Take what was loaded as the window. */
  function frame({ rows: found, hasOlder, hasNewer }) {
    const replies = found.filter((m) => m.ts !== shown.thread);
    shown.floor = hasOlder && replies.length ? replies[0].ts : "";
    shown.ceiling = hasNewer && replies.length ? replies[replies.length - 1].ts : "";
    if (!hasNewer) state.floors.set(key(), shown.floor);
  }

  async function ask(place) {
    const turn = shown.turn;
    shown.busy = true;
    node.setAttribute("aria-busy", "true");
    const found = await load(shown.channel, shown.thread, place);
    if (turn !== shown.turn) return null; // another conversation was opened meanwhile
    shown.busy = false;
    node.removeAttribute("aria-busy");
    return found;
  }

  /** A snapshot came: what is in view is asked for again where the snapshot does not hold it. */
  async function refresh() {
    const turn = shown.turn, floor = lowestKnown();
    if (floor === null || shown.ceiling || shown.floor < floor) {
      const found = await ask({ since: shown.floor || "0", until: shown.ceiling });
      if (!found || turn !== shown.turn) return;
      frame(found);
    }
    keepingPlace(draw);
  }

  // ---- drawing ----

  function draw() {
    const all = rows();
    clear(node, all.length ? nodesOf(all, null) : el("div", { class: "empty muted" }, "No messages yet. Say something, or drop a file here."));
    drawStatus();
    drawJump();
  }

  /** The nodes of some messages that follow one another, after `before`. */
  function nodesOf(messages, before) {
    const built = [];
    if (!before && view === "channel" && shown.floor) built.push(olderButton());
    for (const message of messages) {
      if (view === "channel" && (!before || dayText(before.ts) !== dayText(message.ts))) built.push(separator(dayText(message.ts)));
      built.push(messageNode(message, view, on, isCompact(before, message)));
      if (view === "thread" && message.ts === shown.thread) built.push(...underRoot(message));
      before = message;
    }
    return built;
  }

  const underRoot = (root) => [root.reply_count ? separator(repliesText(root.reply_count), "left") : null, shown.floor ? olderButton() : null].filter(Boolean);
  const olderButton = () => button(view === "thread" ? "Show earlier replies" : "Show earlier messages", () => older(), { class: "older" });

  function drawStatus() {
    node.querySelector(":scope > .status")?.remove();
    const status = view === "thread" && !shown.ceiling && state.statuses.get(statusKey(shown.channel, shown.thread));
    if (status) add([statusLine(status)]);
  }

  function add(built) {
    const stick = isNearEnd();
    const status = node.querySelector(":scope > .status");
    if (status) status.before(...built);
    else node.append(...built);
    if (stick) toEnd();
  }

  function drawJump() {
    const text = shown.unseen === 1 ? "1 new message" : shown.unseen ? `${shown.unseen} new messages` : "Jump to the newest";
    jump.hidden = !shown.ceiling && !shown.unseen;
    jump.textContent = `${text} ↓`;
  }

  // ---- changes ----

  function changed(message, isNew = false) {
    if (!belongs(message) || shown.isOpening) return;
    if (isNew && !isInside(message)) return missed(message);
    if (!isInside(message)) return;
    const old = find(message.ts), exists = messagesOf(message.channel).has(message.ts);
    if (old && exists) keepingPlace(() => replace(old, message));
    else if (exists && isLast(message)) append(message);
    else keepingPlace(draw);
  }

  function replace(old, message) {
    const hadFocus = old.contains(document.activeElement);
    const fresh = messageNode(message, view, on, old.classList.contains("compact"));
    old.replaceWith(fresh);
    if (hadFocus) fresh.focus({ preventScroll: true });
    const count = message.ts === shown.thread && node.querySelector(":scope > .left span");
    if (count) count.textContent = repliesText(message.reply_count);
    else if (message.ts === shown.thread && message.reply_count) fresh.after(...underRoot(message));
  }

  const isLast = (message) => { const last = messageAt(nodes().pop()); return last && last.ts < message.ts; };

  function append(message) {
    const away = !isNearEnd() && message.user !== state.me;
    add(nodesOf([message], messageAt(nodes().pop())));
    if (message.user === state.me) toEnd();
    else if (away) { shown.unseen++; drawJump(); }
    if (!away) trim("first");
  }

  function missed(message) {
    if (message.user === state.me) { toLatest(); return; }
    shown.unseen++;
    drawJump();
  }

  async function toLatest() {
    await open(shown.channel, shown.thread);
    nodes().pop()?.focus({ preventScroll: true });
  }

  // ---- moving the window ----

  /** Earlier messages; while they are on their way, a second call waits for the same ones. */
  function older() {
    if (!shown.floor || (shown.busy && !shown.coming)) return null;
    shown.coming ||= fetchOlder().then((came) => { shown.coming = null; if (came) look(); });
    return shown.coming;
  }

  async function fetchOlder() {
    const found = await ask({ before: shown.floor });
    if (!found) return false;
    const came = found.rows.filter((m) => m.ts !== shown.thread && m.ts < shown.floor);
    keepingPlace(() => prepend(came, found.hasOlder), { stick: false });
    if (!shown.ceiling) state.floors.set(key(), shown.floor);
    trim("last");
    say(`${came.length} earlier ${view === "thread" ? "replies" : "messages"} shown${shown.floor ? "" : "; this is the beginning"}.`);
    return came.length > 0;
  }

  /** Put earlier messages before the first one, whose day and byline may change with what now precedes it. */
  function prepend(came, hasOlder) {
    const marker = node.querySelector(":scope > .older"), first = nodes().find((n) => n.dataset.ts !== shown.thread);
    const holder = document.activeElement === marker || first?.contains(document.activeElement) ? first?.dataset.ts : "";
    const next = messageAt(first);
    while (marker.nextElementSibling && marker.nextElementSibling !== first) marker.nextElementSibling.remove();
    shown.floor = hasOlder && came.length ? came[0].ts : "";
    const before = view === "thread" ? messagesOf(shown.channel).get(shown.thread) : null;
    marker.before(...(view === "thread" && shown.floor ? [olderButton()] : []), ...nodesOf([...came, ...(next ? [next] : [])], before));
    first?.remove();
    marker.remove();
    if (holder) find(holder)?.focus({ preventScroll: true });
  }

  async function newer() {
    if (shown.busy || !shown.ceiling) return;
    const found = await ask({ after: shown.ceiling });
    if (!found) return;
    const last = nodes().pop(), from = shown.ceiling;
    shown.ceiling = found.hasNewer ? found.rows[found.rows.length - 1].ts : "";
    keepingPlace(() => { node.append(...nodesOf(rows().filter((m) => m.ts > from && m.ts !== shown.thread), messageAt(last))); trim("first"); }, { stick: false });
    if (!shown.ceiling) drawStatus();
    look();
  }

  /** Take out what is too much, at the end that the reader is far from. */
  function trim(end) {
    const all = nodes().filter((n) => n.dataset.ts !== shown.thread);
    if (all.length <= MOST) return;
    if (end === "last") {
      shown.ceiling = all[MOST - 1].dataset.ts;
      for (const extra of all.slice(MOST)) extra.remove();
      node.querySelector(":scope > .status")?.remove();
      drawJump();
    } else {
      shown.floor = all[all.length - (MOST - PAGE)].dataset.ts;
      keepingPlace(draw);
    }
  }

  /** Do something to the list; the reader sees the same message at the same height, or the end if the end was seen. */
  function keepingPlace(change, { stick = true } = {}) {
    const wasAtEnd = stick && !shown.ceiling && isNearEnd(), top = node.scrollTop;
    const edge = node.getBoundingClientRect().top;
    const mark = nodes().find((n) => n.getBoundingClientRect().bottom > edge);
    const before = mark?.getBoundingClientRect().top;
    change();
    if (wasAtEnd) return toEnd();
    const again = mark && find(mark.dataset.ts);
    if (again) node.scrollTop += again.getBoundingClientRect().top - before;
    else node.scrollTop = top;
    return undefined;
  }

  /** Fetch what comes into reach. */
  function look() {
    if (node.hidden || !node.clientHeight) return;
    if (shown.floor && node.scrollTop < NEAR_PX) older();
    else if (shown.ceiling && node.scrollHeight - node.scrollTop - node.clientHeight < NEAR_PX) newer();
    if (shown.unseen && !shown.ceiling && isNearEnd()) { shown.unseen = 0; drawJump(); }
  }
  node.addEventListener("scroll", () => {
    // Not when the event tells of our own scrolling: what was at the end then may have grown since.
    if (Math.abs(node.scrollTop - shown.top) > 1) shown.isAtEnd = isNearEnd();
    shown.top = node.scrollTop;
    look();
  }, { passive: true });

  // Pictures arrive, the message box grows, a window is turned: who was at the end stays there.
  const stay = () => { if (shown.isAtEnd && !shown.ceiling) toEnd(); };
  node.addEventListener("load", stay, true);
  node.addEventListener("folded", stay);
  new ResizeObserver(stay).observe(node);

  // ---- with the keyboard ----

  /** Focus the message next to one, in either direction; earlier ones are fetched. */
  async function step(from, by) {
    const all = nodes(), at = all.indexOf(from);
    if (at < 0) return all.pop()?.focus();
    if (!all[at + by] && by < 0) await older();
    const now = nodes(), next = now[now.indexOf(find(from.dataset.ts)) + by];
    next?.focus();
    return next?.scrollIntoView({ block: "nearest" });
  }

  const edge = (last) => { const all = nodes(); return last ? toLatest() : all[0]?.focus(); };

  return { node, open, refresh, changed, drawStatus, find, step, edge, messageAt };
}
