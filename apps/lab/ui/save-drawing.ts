import { saveFile } from "@probity/web/shell/api.ts";

const kept = [
  "fill",
  "stroke",
  "stroke-width",
  "stroke-dasharray",
  "font-family",
  "font-size",
  "font-weight",
  "opacity",
];

/** Saves a drawing of the page as an SVG file that stands alone: its colours and type written into it. */
export function saveDrawing(drawing: SVGSVGElement | null, name: string, title: string): void {
  if (drawing === null) return;
  const copy = drawing.cloneNode(true);
  if (!(copy instanceof SVGSVGElement)) return;
  const parts = [...drawing.querySelectorAll("*")];
  for (const [index, part] of [...copy.querySelectorAll("*")].entries()) {
    const shown = parts[index];
    if (shown === undefined) continue;
    const style = getComputedStyle(shown);
    for (const property of kept) part.setAttribute(property, style.getPropertyValue(property));
    for (const attribute of ["class", "style", "tabindex", "role", "aria-pressed"]) part.removeAttribute(attribute);
  }
  const box = drawing.viewBox.baseVal;
  const paper = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [attribute, value] of [
    ["width", String(box.width)],
    ["height", String(box.height)],
    ["fill", getComputedStyle(document.body).backgroundColor],
  ] as const)
    paper.setAttribute(attribute, value);
  copy.prepend(paper);
  const words = document.createElementNS("http://www.w3.org/2000/svg", "title");
  words.textContent = title;
  copy.prepend(words);
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  saveFile(new Blob([new XMLSerializer().serializeToString(copy)], { type: "image/svg+xml" }), `${name}.svg`);
}
