// Pictures in messages. Only those that lie in this workspace are drawn: the page fetches nothing from elsewhere.
import { button, el } from "./dom.js";
import { icon } from "./icons.js";
import { fileUrl } from "./server.js";
import { link } from "./text.js";

const DRAWN = /^image\/(png|jpeg|gif)$/;
const OF_A_FILE = /\/files-pri\/\w+-(\w+)\/|\/files\/\w+\/(\w+)\//;

export const isPicture = (file) => DRAWN.test(file.mimetype || "");

/** The file in this workspace that an image block or element shows, if it is one. */
function fileOf({ slack_file: file, image_url: url }) {
  const address = file?.url || url || "";
  const found = OF_A_FILE.exec(address.startsWith(location.origin) || file ? address : "");
  return file?.id || found?.[1] || found?.[2] || "";
}

/** An image element or block: the picture, or what it would show. `kind` is "wide" or "small". */
export function picture(item, kind) {
  const alt = item.alt_text || "picture", id = fileOf(item);
  if (!id) return instead(alt, kind, item.image_url);
  const image = el("img", { class: `picture ${kind}`, src: fileUrl(id, true), alt });
  image.addEventListener("error", () => image.replaceWith(instead(alt, kind)));
  return image;
}

/** What stands in the place of a picture that is not drawn: its description, and its address for who wants it. */
function instead(alt, kind, url) {
  if (kind === "small") return el("span", { class: "no-picture small", role: "img", "aria-label": alt, title: alt }, icon("picture"));
  return el("span", { class: "no-picture" }, icon("picture"), el("span", { class: "grow" }, alt), url ? link(url, "Open") : null);
}

/** A picture that somebody uploaded, small; a press opens it. */
export function thumbnail(file, open) {
  return button(el("img", { src: fileUrl(file.id, true), alt: "", loading: "lazy" }), open, { class: "thumbnail", "aria-label": `Open the picture ${file.name}` });
}
