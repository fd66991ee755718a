// Slack's mrkdwn and standard Markdown to DOM nodes. Nothing here ever parses HTML.
import { el } from "./dom.js";
import { withEmoji } from "./emoji.js";

const SAFE_LINK = /^(https?:|mailto:)/i;
const unescapeText = (text) => text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");

let names = { user: (id) => id, channel: (id) => id };
export const setNames = (lookup) => { names = lookup; };

/** A link, or only its label where the address is of no safe kind. */
export function link(url, label) {
  const shown = label || url;
  if (!SAFE_LINK.test(url)) return el("span", {}, shown);
  return el("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, shown);
}

export function mention(kind, id, label) {
  if (kind === "@") return el("span", { class: "mention" }, `@${names.user(id) || label || id}`);
  if (kind === "#") return el("span", { class: "mention" }, `#${names.channel(id) || label || id}`);
  return el("span", { class: "mention" }, `@${(label || id).split("^")[0]}`);
}

const LONG_DATE = { weekday: "long", year: "numeric", month: "long", day: "numeric" };
const DATE_TOKENS = {
  date_num: (day) => `${day.getFullYear()}-${String(day.getMonth() + 1).padStart(2, "0")}-${String(day.getDate()).padStart(2, "0")}`,
  date: (day) => day.toLocaleDateString([], { year: "numeric", month: "long", day: "numeric" }),
  date_short: (day) => day.toLocaleDateString([], { year: "numeric", month: "short", day: "numeric" }),
  date_long: (day) => day.toLocaleDateString([], LONG_DATE),
  time: (day) => day.toLocaleTimeString([], { hour: "numeric", minute: "2-digit" }),
  time_secs: (day) => day.toLocaleTimeString([], { hour: "numeric", minute: "2-digit", second: "2-digit" }),
};

/** A moment in the reader's own time zone, by Slack's template: "{date_short} at {time}". */
export function dateNode(seconds, template, fallback, url) {
  const day = new Date(Number(seconds) * 1000);
  const known = !Number.isNaN(day.getTime()) && template;
  const text = known ? template.replace(/\{(\w+)\}/g, (all, token) => DATE_TOKENS[token.replace("_pretty", "")]?.(day) ?? all) : fallback || "";
  return el("time", known ? { datetime: day.toISOString() } : {}, url ? link(url, text) : text);
}

// <@U1>, <#C1|name>, <!here>, <https://…|label>
function angle(inner) {
  const [head, label] = inner.split("|", 2);
  if (head.startsWith("!date^")) { const [, seconds, template, url] = head.split("^"); return dateNode(seconds, unescapeText(template || ""), label && unescapeText(label), url && unescapeText(url)); }
  if (/^[@#!]/.test(head)) return mention(head[0], head.slice(1), label && unescapeText(label));
  return link(unescapeText(head), label && unescapeText(label));
}

const plain = (text) => withEmoji(unescapeText(text));

// Inline rules, tried at each place in order; the first group is what they surround.
const MRKDWN = [
  [/`([^`\n]+)`/y, (m) => el("code", {}, unescapeText(m[1]))],
  [/<([^<>\n]+)>/y, (m) => angle(m[1])],
  [/\*(?=\S)([^*\n]*[^*\s])\*(?![\w*])/y, (m) => el("strong", {}, inline(m[1], MRKDWN))],
  [/_(?=\S)([^_\n]*[^_\s])_(?!\w)/y, (m) => el("em", {}, inline(m[1], MRKDWN))],
  [/~(?=\S)([^~\n]*[^~\s])~(?!\w)/y, (m) => el("s", {}, inline(m[1], MRKDWN))],
];
const MARKDOWN = [
  [/``([^\n]+?)``|`([^`\n]+)`/y, (m) => el("code", {}, unescapeText(m[1] || m[2]))],
  [/\\([\\`*_{}[\]()#+\-.!|~<>&])/y, (m) => document.createTextNode(m[1])],
  [/!\[([^\]\n]*)\]\(\s*<?([^)\s>]+)>?[^)\n]*\)/y, (m) => el("span", { class: "muted" }, m[1] || "image")],
  [/\[((?:[^[\]\n]|\[[^\]\n]*\])+)\]\(\s*<?([^()\s>]+(?:\([^()\s]*\))?)>?(?:\s+"[^"\n]*")?\s*\)/y,
    (m) => { const a = link(unescapeText(m[2])); a.replaceChildren(...inline(m[1], MARKDOWN)); return a; }],
  [/<([@#!][^<>\n]+|https?:[^<>\n]+|mailto:[^<>\n]+)>/y, (m) => angle(m[1])],
  [/\*\*\*(?=\S)(.+?)\*\*\*/y, (m) => el("strong", {}, el("em", {}, inline(m[1], MARKDOWN)))],
  [/\*\*(?=\S)(.+?\S|\S)\*\*(?!\*)/y, (m) => el("strong", {}, inline(m[1], MARKDOWN))],
  [/__(?=\S)(.+?\S|\S)__(?!\w)/y, (m) => el("strong", {}, inline(m[1], MARKDOWN))],
  [/~~(?=\S)(.+?)~~/y, (m) => el("s", {}, inline(m[1], MARKDOWN))],
  [/\*(?=[^\s*])([^*\n]*[^*\s]|[^*\s])\*(?!\*)/y, (m) => el("em", {}, inline(m[1], MARKDOWN))],
  [/_(?=\S)([^_\n]*[^_\s])_(?!\w)/y, (m) => el("em", {}, inline(m[1], MARKDOWN))],
  [/https?:\/\/[^\s<>()[\]"']+[^\s<>()[\]"'.,;:!?]/y, (m) => link(unescapeText(m[0]))],
];

function inline(text, rules) {
  const nodes = [];
  let pending = "";
  for (let at = 0; at < text.length; ) {
    const found = match(text, at, rules);
    if (!found) { pending += text[at++]; continue; }
    if (pending) nodes.push(plain(pending));
    pending = "";
    nodes.push(found.node);
    at = found.end;
  }
  if (pending) nodes.push(plain(pending));
  return nodes;
}

function match(text, at, rules) {
  const afterWord = at > 0 && /\w/.test(text[at - 1]);
  if (!/[`<*_~\\![h]/.test(text[at])) return null;
  if (afterWord && (rules === MRKDWN ? /[*_~]/ : /[_h]/).test(text[at])) return null;
  for (const [pattern, build] of rules) {
    pattern.lastIndex = at;
    const m = pattern.exec(text);
    if (m) return { node: build(m), end: at + m[0].length };
  }
  return null;
}

const lines = (text, rules) => text.split("\n").flatMap((line, n) => [n ? el("br") : null, ...inline(line, rules)]);

/** Slack's mrkdwn, with quotes, code and list-like lines. */
export function mrkdwn(text) {
  const box = el("div", { class: "text" });
  for (const [n, part] of text.split(/```\n?/).entries()) {
    if (n % 2) box.append(el("pre", {}, unescapeText(part.replace(/\n$/, ""))));
    else box.append(...quoted(part));
  }
  return box;
}

function quoted(text) {
  const nodes = [];
  let run = [], isQuote = false;
  const close = () => {
    if (!run.length) return;
    nodes.push(isQuote ? el("blockquote", {}, lines(run.join("\n"), MRKDWN)) : el("div", {}, lines(run.join("\n"), MRKDWN)));
    run = [];
  };
  for (const line of text.replace(/^\n|\n$/g, "").split("\n")) {
    const quote = /^(&gt;|>) ?/.exec(line);
    if (Boolean(quote) !== isQuote) { close(); isQuote = Boolean(quote); }
    run.push(quote ? line.slice(quote[0].length) : line);
  }
  close();
  return text.trim() ? nodes : [];
}

export const plainText = (text) => withEmoji(unescapeText(text));

const FENCE = /^\s{0,3}(```|~~~)/;
const HEADING = /^\s{0,3}(#{1,6})\s+(.*?)\s*#*$/;
const RULE = /^\s{0,3}([-*_])(\s*\1){2,}\s*$/;
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const QUOTE = /^\s{0,3}(?:>|&gt;)\s?/;
const TABLE_RULE = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;

/** Standard Markdown, as in a markdown block or a stream; an unfinished end is shown as far as it is clear. */
export function markdown(text) {
  return el("div", { class: "text markdown" }, blocksOf(text.split("\n")));
}

function blocksOf(source) {
  const nodes = [];
  let at = 0;
  while (at < source.length) {
    const rest = source.slice(at);
    const [node, used] = blockAt(rest);
    if (node) nodes.push(node);
    at += used;
  }
  return nodes;
}

function blockAt(rest) {
  const first = rest[0];
  if (!first.trim()) return [null, 1];
  if (FENCE.test(first)) return codeBlock(rest);
  const heading = HEADING.exec(first);
  if (heading) return [el(`h${Math.min(6, heading[1].length + 1)}`, {}, inline(heading[2], MARKDOWN)), 1];
  if (RULE.test(first)) return [el("hr"), 1];
  if (QUOTE.test(first)) return gather(rest, (l) => QUOTE.test(l), (ls) => el("blockquote", {}, blocksOf(ls.map((l) => l.replace(QUOTE, "")))));
  if (ITEM.test(first)) return listBlock(rest);
  if (first.includes("|") && rest[1] !== undefined && TABLE_RULE.test(rest[1]) && rest[1].includes("-")) return tableBlock(rest);
  return gather(rest, isParagraph, (ls) => el("p", {}, lines(ls.join("\n").replace(/\s+$/, ""), MARKDOWN)));
}

const isParagraph = (line, n) =>
  n === 0 || (line.trim() && !FENCE.test(line) && !HEADING.test(line) && !QUOTE.test(line) && !ITEM.test(line) && !RULE.test(line));

function gather(rest, belongs, build) {
  let end = 0;
  while (end < rest.length && belongs(rest[end], end)) end++;
  return [build(rest.slice(0, end)), end];
}

function codeBlock(rest) {
  const fence = FENCE.exec(rest[0])[1];
  let end = 1;
  while (end < rest.length && !rest[end].trim().startsWith(fence)) end++;
  return [el("pre", {}, unescapeText(rest.slice(1, end).join("\n"))), end + 1];
}

function listBlock(rest) {
  const [, indent, marker] = ITEM.exec(rest[0]);
  const ordered = /\d/.test(marker);
  const items = [];
  let at = 0;
  while (at < rest.length) {
    const item = ITEM.exec(rest[at]);
    if (!item || item[1].length < indent.length || /\d/.test(item[2]) !== ordered) break;
    let end = at + 1;
    while (end < rest.length && goesOn(rest, end, indent.length)) end++;
    const inside = rest.slice(at + 1, end).map((line) => line.replace(/^\s{1,4}/, ""));
    items.push(el("li", {}, inline(item[3], MARKDOWN), inside.some((l) => l.trim()) ? blocksOf(inside) : []));
    at = end;
  }
  return [el(ordered ? "ol" : "ul", ordered ? { start: parseInt(marker, 10) } : {}, items), at];
}

function goesOn(rest, at, depth) {
  const line = rest[at];
  if (!line.trim()) return at + 1 < rest.length && /^\s+/.exec(rest[at + 1])?.[0].length > depth;
  return /^\s*/.exec(line)[0].length > depth;
}

// A wide table scrolls within its message, also with the arrow keys.
export const SCROLLS = { class: "table", tabindex: "0", role: "group", "aria-label": "Table" };

const cells = (row) => row.trim().replace(/^\||\|$/g, "").split(/(?<!\\)\|/).map((cell) => cell.trim().replace(/\\\|/g, "|"));

function tableBlock(rest) {
  let end = 2;
  while (end < rest.length && rest[end].includes("|")) end++;
  const head = el("thead", {}, el("tr", {}, cells(rest[0]).map((cell) => el("th", {}, inline(cell, MARKDOWN)))));
  const body = rest.slice(2, end).map((row) => el("tr", {}, cells(row).map((cell) => el("td", {}, inline(cell, MARKDOWN)))));
  return [el("div", SCROLLS, el("table", {}, head, el("tbody", {}, body))), end];
}
