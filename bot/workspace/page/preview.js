// Looks into a file: PDFs and pictures in the browser's own viewer, text as text, the rest to download.
import { $, button, clear, el, sizeText } from "./dom.js";
import { icon } from "./icons.js";
import { isPicture } from "./pictures.js";
import { fileUrl } from "./server.js";

const TEXT = /^(text\/|application\/(json|xml|x-yaml|javascript|x-sh))/;
const TEXT_NAMES = new Set(["md", "txt", "csv", "py", "js", "ts", "json", "yml", "yaml", "toml", "sh", "html", "log", "c", "h", "java", "go", "rs", "sql"]);
const MOST_CHARS = 200_000;

/** `place` is the part of an address after #, such as "#page=4". */
export function openFile(file, place = "") {
  const dialog = $("preview");
  const body = el("div", { class: "inside" });
  clear(dialog, el("header", {},
    el("h2", { id: "preview-title" }, file.title || file.name), el("span", { class: "muted" }, sizeText(file.size)),
    el("a", { class: "press", href: fileUrl(file.id), download: file.name }, "Download"),
    button(icon("close"), () => dialog.close(), { class: "icon", "aria-label": "Close" })), body);
  fill(body, file, place || "");
  if (!dialog.open) dialog.showModal();
}

async function fill(body, file, place) {
  const page = /page=(\d+)/.exec(place)?.[1];
  if (file.mimetype === "application/pdf") return body.append(el("iframe", { src: fileUrl(file.id, true) + (page ? `#page=${page}` : ""), title: file.name }));
  if (isPicture(file)) return body.append(el("img", { src: fileUrl(file.id, true), alt: file.name }));
  if (!TEXT.test(file.mimetype) && !TEXT_NAMES.has(file.filetype)) return body.append(el("p", { class: "muted" }, "There is no preview for this kind of file. Download it to open it."));
  const response = await fetch(fileUrl(file.id));
  const text = await response.text();
  return body.append(el("pre", {}, text.length > MOST_CHARS ? `${text.slice(0, MOST_CHARS)}\n…` : text));
}
