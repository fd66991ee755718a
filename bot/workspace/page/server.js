// Talks to the workspace: one socket of changes, and actions by POST. Holds what this person sees.

const KEY = document.querySelector("meta[name=page-key]").content;

export const state = {
  me: sessionStorage.getItem("me") || "",
  users: new Map(), channels: new Map(), messages: new Map(), statuses: new Map(),
  team: "", teamId: "", bot: "", hints: [], commands: [], shortcuts: [], connected: false, notice: "", home: null, start: null, canStop: false, faults: [],
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
    change.isNew = !messagesOf(message.channel).has(message.ts);
    messagesOf(message.channel).set(message.ts, message);
  } else if (change.type === "gone") {
    change.message = messagesOf(change.channel).get(change.ts);
    messagesOf(change.channel).delete(change.ts);
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
    shortcuts: change.shortcuts, connected: change.connected, notice: change.notice, home: change.home,
    start: change.start, canStop: change.can_stop, faults: change.faults,
    users: new Map(change.users.map((person) => [person.id, person])),
    channels: new Map(change.channels.map((channel) => [channel.id, channel])),
    messages: new Map(change.channels.map((channel) => [channel.id, new Map(channel.messages.map((m) => [m.ts, m]))])),
    statuses: new Map(change.statuses.map((s) => [statusKey(s.channel, s.thread_ts), s.status])),
  });
  sessionStorage.setItem("me", state.me);
}
