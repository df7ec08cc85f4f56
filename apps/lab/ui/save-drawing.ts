import { saveFile } from "@probity/web/shell/api.ts";

const kept = [
  "fill",
  "fill-opacity",
  "stroke",
  "stroke-width",
  "stroke-opacity",
  "stroke-dasharray",
  "stroke-linejoin",
  "font-family",
  "font-size",
  "font-weight",
  "text-anchor",
  "dominant-baseline",
  "opacity",
];
/** Pixels of a picture for each of the drawing: sharp on paper and in a report. */
const sharpness = 3;

/** Room above the drawing for what it is called: a picture in a report has no page around it. */
const headline = 32;

export type DrawingKind = "svg" | "png";

/** Saves a drawing of the page as a file that stands alone: an SVG with its colours and type written into it, or a PNG of it. */
export async function saveDrawing(
  drawing: SVGSVGElement | null,
  { name, title, kind }: { name: string; title: string; kind: DrawingKind },
): Promise<void> {
  const alone = drawing === null ? null : standAlone(drawing, title);
  if (alone === null) return;
  const svg = new Blob([alone.text], { type: "image/svg+xml" });
  if (kind === "svg") saveFile(svg, `${name}.svg`);
  else saveFile(await picture(svg, alone), `${name}.png`);
}

/** The browser draws the SVG once more, onto a canvas; nothing is fetched. */
async function picture(svg: Blob, box: { width: number; height: number }): Promise<Blob> {
  const address = URL.createObjectURL(svg);
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [Math.round(box.width * sharpness), Math.round(box.height * sharpness)];
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
    const made = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
    if (made === null) throw new Error("The browser drew no picture");
    return made;
  } finally {
    URL.revokeObjectURL(address);
  }
}

function standAlone(drawing: SVGSVGElement, title: string): { text: string; width: number; height: number } | null {
  const copy = drawing.cloneNode(true);
  if (!(copy instanceof SVGSVGElement)) return null;
  const parts = [...drawing.querySelectorAll("*")];
  for (const [index, part] of [...copy.querySelectorAll("*")].entries()) {
    const shown = parts[index];
    if (shown === undefined) continue;
    const style = getComputedStyle(shown);
    for (const property of kept) part.setAttribute(property, style.getPropertyValue(property));
    for (const attribute of ["class", "style", "tabindex", "role", "aria-pressed"]) part.removeAttribute(attribute);
  }
  const { x, width } = drawing.viewBox.baseVal;
  const [y, height] = [drawing.viewBox.baseVal.y - headline, drawing.viewBox.baseVal.height + headline];
  const paper = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [attribute, value] of [
    ["x", String(x)],
    ["y", String(y)],
    ["width", String(width)],
    ["height", String(height)],
    ["fill", getComputedStyle(document.body).backgroundColor],
  ] as const)
    paper.setAttribute(attribute, value);
  const head = document.createElementNS("http://www.w3.org/2000/svg", "text");
  head.textContent = title;
  for (const [attribute, value] of [
    ["x", String(x + 8)],
    ["y", String(y + headline - 10)],
    ["fill", getComputedStyle(document.body).color],
    ["font-family", getComputedStyle(document.body).fontFamily],
    ["font-size", "14px"],
    ["font-weight", "600"],
  ] as const)
    head.setAttribute(attribute, value);
  copy.prepend(paper, head);
  const words = document.createElementNS("http://www.w3.org/2000/svg", "title");
  words.textContent = title;
  copy.prepend(words);
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("viewBox", `${x} ${y} ${width} ${height}`);
  // A picture needs a size of its own; on the page the drawing takes that of its place.
  copy.setAttribute("width", String(width));
  copy.setAttribute("height", String(height));
  copy.removeAttribute("class");
  copy.removeAttribute("style");
  return { text: new XMLSerializer().serializeToString(copy), width, height };
}
