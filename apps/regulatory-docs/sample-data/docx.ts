import { strToU8, zipSync } from "fflate";
import { spansOf } from "./source-document.ts";
import type { Block, SourceDocument } from "./source-document.ts";

// Office Open XML (ECMA-376 part 1): the few parts a word processor asks for, no more.
const word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
const relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const packageRelations = "http://schemas.openxmlformats.org/package/2006/relationships";
const declaration = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';

// Local fields on purpose: a ZIP entry holds local time, so these digits are the same in every zone.
const entryTime = new Date(2026, 0, 5, 8, 0, 0);

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function runs(text: string, bold = false): string {
  return spansOf(text)
    .map((span) => {
      const marks = `${bold || span.bold ? "<w:b/>" : ""}${span.italic ? "<w:i/>" : ""}`;
      const properties = marks === "" ? "" : `<w:rPr>${marks}</w:rPr>`;
      return `<w:r>${properties}<w:t xml:space="preserve">${escape(span.text)}</w:t></w:r>`;
    })
    .join("");
}

function paragraph(text: string, style: string, bold = false): string {
  return `<w:p><w:pPr><w:pStyle w:val="${style}"/></w:pPr>${runs(text, bold)}</w:p>`;
}

function table(rows: string[][]): string {
  const columns = Math.max(...rows.map((row) => row.length));
  const width = Math.floor(9026 / columns);
  const border = ["top", "left", "bottom", "right", "insideH", "insideV"]
    .map((side) => `<w:${side} w:val="single" w:sz="4" w:space="0" w:color="999999"/>`)
    .join("");
  const grid = `<w:gridCol w:w="${width}"/>`.repeat(columns);
  const body = rows
    .map((row, index) => {
      const cells = row.map(
        (cell) => `<w:tc><w:tcPr><w:tcW w:w="${width}" w:type="dxa"/></w:tcPr>${paragraph(cell, "TableText", index === 0)}</w:tc>`,
      );
      const head = index === 0 ? "<w:trPr><w:tblHeader/></w:trPr>" : "";
      return `<w:tr>${head}${cells.join("")}</w:tr>`;
    })
    .join("");
  const properties = `<w:tblPr><w:tblW w:w="0" w:type="auto"/><w:tblBorders>${border}</w:tblBorders></w:tblPr>`;
  // A table may not end a document or stand against another: Word asks for a paragraph between.
  return `<w:tbl>${properties}<w:tblGrid>${grid}</w:tblGrid>${body}</w:tbl>${paragraph("", "Normal")}`;
}

function block(item: Block): string {
  if (item.kind === "heading") return paragraph(item.text, `Heading${Math.min(item.level, 3)}`);
  if (item.kind === "bullet") {
    return `<w:p><w:pPr><w:pStyle w:val="ListBullet"/><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr></w:pPr>${runs(item.text)}</w:p>`;
  }
  if (item.kind === "table") return table(item.rows);
  return paragraph(item.text, "Normal");
}

function style(id: string, name: string, size: number, extra = "", paragraphExtra = ""): string {
  const basedOn = id === "Normal" ? "" : '<w:basedOn w:val="Normal"/>';
  const first = id === "Normal" ? ' w:default="1"' : "";
  return (
    `<w:style w:type="paragraph"${first} w:styleId="${id}"><w:name w:val="${name}"/>${basedOn}` +
    `<w:pPr>${paragraphExtra}</w:pPr><w:rPr>${extra}<w:sz w:val="${size * 2}"/></w:rPr></w:style>`
  );
}

const styles =
  `${declaration}<w:styles xmlns:w="${word}"><w:docDefaults><w:rPrDefault><w:rPr>` +
  '<w:rFonts w:ascii="Calibri" w:hAnsi="Calibri" w:cs="Calibri"/><w:lang w:val="en-GB"/></w:rPr></w:rPrDefault></w:docDefaults>' +
  style("Normal", "Normal", 11, "", '<w:spacing w:after="120" w:line="264" w:lineRule="auto"/>') +
  style("Title", "Title", 22, "<w:b/>", '<w:spacing w:after="60"/>') +
  style("Subtitle", "Subtitle", 11, '<w:color w:val="666666"/>', '<w:spacing w:after="240"/>') +
  style("Heading1", "heading 1", 15, "<w:b/>", '<w:keepNext/><w:spacing w:before="320" w:after="100"/><w:outlineLvl w:val="0"/>') +
  style("Heading2", "heading 2", 12, "<w:b/>", '<w:keepNext/><w:spacing w:before="200" w:after="80"/><w:outlineLvl w:val="1"/>') +
  style("Heading3", "heading 3", 11, "<w:b/>", '<w:keepNext/><w:outlineLvl w:val="2"/>') +
  style("ListBullet", "List Bullet", 11, "", '<w:ind w:left="360" w:hanging="240"/>') +
  style("TableText", "Table Text", 10, "", '<w:spacing w:before="40" w:after="40"/>') +
  style("Header", "header", 9, '<w:color w:val="666666"/>') +
  style("Footer", "footer", 9, '<w:color w:val="666666"/>') +
  "</w:styles>";

const numbering =
  `${declaration}<w:numbering xmlns:w="${word}"><w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:start w:val="1"/>` +
  '<w:numFmt w:val="bullet"/><w:lvlText w:val="•"/><w:pPr><w:ind w:left="360" w:hanging="240"/></w:pPr></w:lvl></w:abstractNum>' +
  '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>';

function field(code: string): string {
  return `<w:fldSimple w:instr="${code}"><w:r><w:t>1</w:t></w:r></w:fldSimple>`;
}

const documentType = "application/vnd.openxmlformats-officedocument.wordprocessingml";
const parts = ["styles", "numbering", "header", "footer"];

/** A sample document as DOCX, with heading styles, real tables, header and page count. Same source, same bytes. */
export function writeDocx(source: SourceDocument): Uint8Array {
  const identity = `${source.number}, revision ${source.revision}`;
  const body = [
    paragraph(`${source.number} ${source.title}`, "Title"),
    paragraph(`Revision ${source.revision}, effective ${source.effective}, owner: ${source.owner}`, "Subtitle"),
    ...source.blocks.map(block),
    '<w:sectPr><w:headerReference w:type="default" r:id="rId3"/><w:footerReference w:type="default" r:id="rId4"/>' +
      '<w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1440" w:right="1440" w:bottom="1440" w:left="1440" w:header="708" w:footer="708" w:gutter="0"/></w:sectPr>',
  ].join("");
  const files: Record<string, string> = {
    "[Content_Types].xml":
      `${declaration}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
      '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>' +
      `<Override PartName="/word/document.xml" ContentType="${documentType}.document.main+xml"/>` +
      parts.map((part) => `<Override PartName="/word/${part}.xml" ContentType="${documentType}.${part}+xml"/>`).join("") +
      "</Types>",
    "_rels/.rels": `${declaration}<Relationships xmlns="${packageRelations}"><Relationship Id="rId1" Type="${relations}/officeDocument" Target="word/document.xml"/></Relationships>`,
    "word/_rels/document.xml.rels": `${declaration}<Relationships xmlns="${packageRelations}">${parts
      .map((part, index) => `<Relationship Id="rId${index + 1}" Type="${relations}/${part}" Target="${part}.xml"/>`)
      .join("")}</Relationships>`,
    "word/document.xml": `${declaration}<w:document xmlns:w="${word}" xmlns:r="${relations}"><w:body>${body}</w:body></w:document>`,
    "word/styles.xml": styles,
    "word/numbering.xml": numbering,
    "word/header.xml": `${declaration}<w:hdr xmlns:w="${word}">${paragraph(`Brackwater Medical Ltd, ${identity}`, "Header")}</w:hdr>`,
    "word/footer.xml": `${declaration}<w:ftr xmlns:w="${word}"><w:p><w:pPr><w:pStyle w:val="Footer"/></w:pPr>${runs("Page ")}${field("PAGE")}${runs(" of ")}${field("NUMPAGES")}</w:p></w:ftr>`,
  };
  return zipSync(
    Object.fromEntries(Object.entries(files).map(([name, text]) => [name, strToU8(text)])),
    { mtime: entryTime, level: 6 },
  );
}
