// What a screen reader is told: new messages, and an answer once it is complete, not each of its words.
import { $, el } from "./dom.js";
import { isBot, nameOf, state } from "./server.js";
import { mrkdwn } from "./text.js";

const SETTLED_MS = 800; // an app that changes its message word by word is told of once
const KEPT_MS = 30_000;
const MOST_CHARS = 300;
const settling = new Map();

/** A new node each time: the same sentence twice is read twice, and two at once are both read. */
export function say(text) {
  const line = el("p", {}, text);
  $("said").append(line);
  setTimeout(() => line.remove(), KEPT_MS);
}

/** Tell of a message where somebody reads it; `place` names the conversation when it is another one. */
export function announce({ message, before, isNew }, place = "") {
  const key = `${message.channel} ${message.ts}`;
  if (message.user === state.me || message.subtype === "tombstone") return;
  if (message.streaming) { if (isNew) say(`${nameOf(message.user)} is writing an answer.`); return; }
  const isFinished = before?.streaming || (before && isBot(message.user) && before.text !== message.text);
  if (!isNew && !isFinished) return;
  clearTimeout(settling.get(key));
  settling.set(key, setTimeout(() => { settling.delete(key); say(sentence(message, before?.streaming, place)); }, isNew ? 0 : SETTLED_MS));
}

function sentence(message, wasStreaming, place) {
  if (place) return `New message in ${place}.`;
  const files = (message.files || []).map((file) => file.name).filter(Boolean).join(", ");
  const text = mrkdwn(message.text || "").textContent.slice(0, MOST_CHARS);
  return `${nameOf(message.user)}${wasStreaming ? ", answer complete" : ""}: ${text}${files ? ` (${files})` : ""}`;
}
