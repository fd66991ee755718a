// Talks to the workspace: one socket of changes, and actions by POST. Holds what this person sees.

const KEY = document.querySelector("meta[name=page-key]").content;

export const state = {
  me: sessionStorage.getItem("me") || "",
  users: new Map(), channels: new Map(), messages: new Map(), statuses: new Map(), floors: new Map(),
  team: "", teamId: "", bot: "", hints: [], commands: [], shortcuts: [], globalShortcuts: [], hasChats: false, connected: false, notice: "", home: null, start: null, canStop: false, faults: [], connect: null,
};

/** Which feedback button this page's people pressed: "person message action" → value. */
export const pressed = new Map();

export const user = (id) => state.users.get(id);
export const isBot = (id) => id === state.bot;
export const isOutside = (person) => Boolean(person && person.team_id !== state.teamId);
export const nameOf = (id) => (id === "USLACKBOT" ? "Workspace" : user(id)?.real_name || "Somebody");
export const messagesOf = (channel) => state.messages.get(channel) || new Map();
export const statusKey = (channel, thread) => `${channel} ${thread}`;

/** Do something as this person. Resolves to the answer; refusals arrive as {ok: false, error: sentence}. */
export async function act(action, body = {}) {
  const headers = { "X-Page-Key": KEY };
  let payload;
  if (body.files?.length) {
    payload = new FormData();
    payload.append("user", state.me);
    for (const [name, value] of Object.entries(body)) {
      if (name === "files") value.forEach((file) => payload.append("files", file, file.name));
      else payload.append(name, value);
    }
  } else {
    headers["Content-Type"] = "application/json";
    const { files, ...rest } = body;
    payload = JSON.stringify({ user: state.me, ...rest });
  }
  try {
    const response = await fetch(`/page/do/${action}`, { method: "POST", headers, body: payload });
    if (response.ok) return await response.json();
    return { ok: false, error: response.status === 413 ? "That is too large to upload." : "This page is out of date; reload it." };
  } catch {
    return { ok: false, error: "The workspace does not answer; is it still running?" };
  }
}

export function fileUrl(id, inline = false) {
  return `/page/file/${id}?key=${encodeURIComponent(KEY)}&user=${state.me}${inline ? "&inline=1" : ""}`;
}

// ---- older messages: the snapshot holds the newest of each channel only ----

let clock = 0; // counts changes, so that an answer that was on its way meanwhile does not undo them
let era = 0; // counts snapshots: what was asked for before one is not wanted after it
const heard = new Map(); // "channel ts" → when it last changed or went
const newest = new Map(); // channel → the latest ts: what is unknown and later is new, what is unknown and earlier is old

/** Ask for a window on a channel or a thread, and remember what comes: {rows, hasOlder, hasNewer}; null when it is not to be had. */
export async function load(channel, thread, place = {}) {
  const asked = clock, then = era;
  const answer = await act("history", { channel, thread_ts: thread, ...place });
  if (!answer.ok || era !== then) return null;
  const known = messagesOf(channel);
  for (const m of answer.messages) if (!(heard.get(statusKey(channel, m.ts)) > asked)) known.set(m.ts, m);
  state.messages.set(channel, new Map([...known].sort(([a], [b]) => (a < b ? -1 : 1))));
  return { rows: answer.messages.filter((m) => known.has(m.ts)), hasOlder: answer.has_older, hasNewer: answer.has_newer };
}

let socket = null;

/** Listen as state.me; `onchange(change)` is called after the state holds the change. */
export function listen(onchange) {
  socket?.close();
  const mine = new WebSocket(`ws://${location.host}/page/feed?key=${encodeURIComponent(KEY)}&user=${state.me}`);
  socket = mine;
  mine.onmessage = (event) => {
    if (socket !== mine) return;
    const change = JSON.parse(event.data);
    apply(change);
    onchange(change);
  };
  mine.onclose = () => {
    if (socket !== mine) return;
    onchange({ type: "offline" });
    setTimeout(() => { if (socket === mine) listen(onchange); }, 1000);
  };
}

function apply(change) {
  if (change.type === "snapshot") return applySnapshot(change);
  if (change.type === "message") {
    const { message } = change;
    if (!state.messages.has(message.channel)) state.messages.set(message.channel, new Map());
    change.before = messagesOf(message.channel).get(message.ts);
    change.isNew = !change.before && message.ts > (newest.get(message.channel) || "");
    if (change.isNew) newest.set(message.channel, message.ts);
    heard.set(statusKey(message.channel, message.ts), ++clock);
    messagesOf(message.channel).set(message.ts, message);
  } else if (change.type === "gone") {
    change.message = messagesOf(change.channel).get(change.ts);
    messagesOf(change.channel).delete(change.ts);
    heard.set(statusKey(change.channel, change.ts), ++clock);
  } else if (change.type === "status") {
    if (change.status) state.statuses.set(statusKey(change.channel, change.thread_ts), change.status);
    else state.statuses.delete(statusKey(change.channel, change.thread_ts));
  } else if (change.type === "connected") {
    Object.assign(state, { connected: change.connected, notice: change.notice });
  } else if (change.type === "faults") {
    state.faults = change.faults;
  } else if (change.type === "view" && change.view.type === "home") {
    state.home = change.view;
  }
  return undefined;
}

function applySnapshot(change) {
  Object.assign(state, {
    me: change.me, team: change.team, teamId: change.team_id, bot: change.bot, hints: change.hints, commands: change.commands,
    shortcuts: change.shortcuts, globalShortcuts: change.global_shortcuts, hasChats: change.has_chats, connected: change.connected, notice: change.notice, home: change.home,
    start: change.start, canStop: change.can_stop, faults: change.faults, connect: change.connect,
    users: new Map(change.users.map((person) => [person.id, person])),
    channels: new Map(change.channels.map((channel) => [channel.id, channel])),
    messages: new Map(change.channels.map((channel) => [channel.id, new Map(channel.messages.map((m) => [m.ts, m]))])),
    floors: new Map(change.channels.map((channel) => [channel.id, channel.has_older ? channel.messages[0].ts : ""])),
    statuses: new Map(change.statuses.map((s) => [statusKey(s.channel, s.thread_ts), s.status])),
  });
  era++;
  for (const channel of change.channels) newest.set(channel.id, channel.messages.map((m) => m.latest_reply || m.ts).sort().pop() || "");
  sessionStorage.setItem("me", state.me);
}
