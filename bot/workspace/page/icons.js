// The page's own signs, drawn, because not every machine has a font with pictures.
const PATHS = {
  bolt: "M13 3L5 14h6l-1 7 8-11h-6z",
  keyboard: "M3 7h18v10H3zM7 10.5h.01M10.3 10.5h.01M13.7 10.5h.01M17 10.5h.01M8 14h8",
  picture: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9h.01",
  plus: "M12 5v14M5 12h14",
  close: "M6 6l12 12M18 6L6 18",
  menu: "M4 7h16M4 12h16M4 17h16",
  more: "M5.5 12h.01M12 12h.01M18.5 12h.01",
  send: "M4 12l16-8-5 16-3.5-6.5zM11.5 13.5L20 4",
  trash: "M4 7h16M9 7V4h6v3M6.5 7l1 13h9l1-13M10 11v5M14 11v5",
  download: "M12 4v11M7.5 11l4.5 4.5 4.5-4.5M5 20h14",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  reply: "M4 5h16v11h-8l-5 4v-4H4z",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 9.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6z",
  people: "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20c0-4 3-6.5 6.5-6.5s6.5 2.5 6.5 6.5M16 4.5a3.5 3.5 0 0 1 0 6.5M18 14c2.2.8 3.5 3 3.5 6",
  stop: "M7 7h10v10H7z",
  up: "M7 11v9H4v-9zM7 11l4-8c1.7 0 2.5 1 2.3 2.6L12.8 9H19c1.2 0 2 1 1.7 2.3l-1.6 7c-.2 1-1 1.7-2 1.7H7",
  down: "M7 13V4H4v9zM7 13l4 8c1.7 0 2.5-1 2.3-2.6L12.8 15H19c1.2 0 2-1 1.7-2.3l-1.6-7C18.9 4.7 18.1 4 17.1 4H7",
  file: "M6 3h8l4 4v14H6zM14 3v5h4",
};
const SPACE = "http://www.w3.org/2000/svg";

export function icon(name) {
  const svg = document.createElementNS(SPACE, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `sign-${name}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SPACE, "path");
  path.setAttribute("d", PATHS[name] || PATHS.more);
  svg.append(path);
  return svg;
}
