// The first screen: how to connect an app while none is there, then what to do here, until somebody closes it.
import { say } from "./announce.js";
import { $, button, clear, el } from "./dom.js";
import { icon } from "./icons.js";
import { nameOf, state } from "./server.js";

const isClosed = () => Boolean(localStorage.getItem("welcomed"));
const isPutOff = () => Boolean(sessionStorage.getItem("connects-later"));
const named = () => `@${state.users.get(state.bot)?.name}`;

/** `box` is the message box that a hint fills; `isDirect` whether the app need not be mentioned; `onclose` draws the rest anew. */
export function drawWelcome(channel, box, isHome, onclose) {
  const isWaiting = state.connect && !state.connected && !isPutOff();
  $("welcome").hidden = !channel || channel.is_archived || isHome || (isClosed() && !isWaiting);
  if ($("welcome").hidden) return;
  const put = () => (isWaiting ? sessionStorage.setItem("connects-later", "1") : localStorage.setItem("welcomed", "1"));
  const close = button(icon("close"), () => { put(); onclose(); box.input.focus(); }, { class: "icon", "aria-label": "Close this introduction", title: "Got it" });
  clear($("welcome"), isWaiting ? connecting() : [steps(), hints(box, channel.kind !== "im")], close);
}

function hints(box, needsMention) {
  const place = el("div", { id: "channel-hints" });
  drawHints(place, box, needsMention);
  return place;
}

/** Questions to try; a press puts one into the message box. */
export function drawHints(place, box, needsMention, hasRoom = true) {
  const before = needsMention ? `${named()} ` : "";
  const offered = hasRoom && !isClosed() ? state.hints : [];
  clear(place, offered.length ? el("span", { class: "muted" }, "Try one of these: press it, then Enter.") : null,
    offered.map((hint) => button(hint, () => box.fill(before + hint), { class: "hint" })));
}

function steps() {
  const mention = el("span", {}, "Write ", el("code", {}, named()), state.hints.length ? " and a question." : " and a message.");
  const [heading, lines] = state.hints.length
    ? [`Ask ${nameOf(state.bot)} about your files`, ["Drop a file here.", mention, "Press Enter: the answer comes in a thread, with its sources."]]
    : ["Your app is connected", [mention, "Press Enter: the app hears it as it would in Slack.", "Try it when things go wrong: Faults, in the side bar."]];
  return el("div", { class: "grow" }, el("h2", {}, heading), el("ol", {}, lines.map((line) => el("li", {}, line))));
}

function connecting() {
  const { api_url: api, bot_token: bot, app_token: app } = state.connect;
  return el("div", { class: "grow" },
    el("h2", {}, "Connect your app"),
    el("p", {}, "This page stands in for Slack. Start your app with these, then write to it here. They hold until this workspace stops."),
    el("dl", { class: "connect" }, [["Web API", api], ["Bot token", bot], ["App token", app]].map(([name, value]) => el("div", {},
      el("dt", {}, name), el("dd", {}, el("code", {}, value), button("Copy", () => copy(name, value), { class: "press", "aria-label": `Copy the ${name}` }))))));
}

async function copy(name, value) {
  await navigator.clipboard?.writeText(value);
  say(`${name} copied.`);
}
