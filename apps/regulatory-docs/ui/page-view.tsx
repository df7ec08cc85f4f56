import { Act } from "@probity/web/kit/act.tsx";
import { EmptyState } from "@probity/web/kit/empty-state.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { useQuery } from "@tanstack/react-query";
import * as pdf from "pdfjs-dist";
import workerUrl from "pdfjs-dist/build/pdf.worker.min.mjs?url";
import { useEffect, useRef, useState } from "react";
import { locate } from "./text-marks.ts";
import type { Mark } from "./text-view.tsx";
import css from "./page-view.module.css";

pdf.GlobalWorkerOptions.workerSrc = workerUrl;

interface Props {
  load: (documentId: string) => Promise<ArrayBuffer>;
  documentId: string;
  page: number;
  marks: Mark[];
  active: number;
}

interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
  mark: number;
}

/** Opens a file with everything off that would fetch or compile: the policy of the page allows neither. */
async function open(data: ArrayBuffer): Promise<pdf.PDFDocumentProxy> {
  return pdf.getDocument({
    data: new Uint8Array(data),
    useWasm: false,
    enableXfa: false,
    cMapUrl: "/pdf/cmaps/",
    cMapPacked: true,
    standardFontDataUrl: "/pdf/standard_fonts/",
  }).promise;
}

/** Rectangles over the runs a quote touches, in CSS pixels of the drawn page. */
async function boxesOf(page: pdf.PDFPageProxy, viewport: pdf.PageViewport, marks: Mark[]): Promise<Box[]> {
  const content = await page.getTextContent();
  const runs = content.items.flatMap((item) => ("str" in item ? [item] : []));
  const words = runs.map((run) => run.str);
  const boxes: Box[] = [];
  for (const mark of marks) {
    for (const hit of locate(words, mark.quote)) {
      const run = runs[hit.run];
      if (run === undefined || run.str.length === 0) continue;
      const matrix = pdf.Util.transform(viewport.transform, run.transform);
      const height = Math.hypot(matrix[2] ?? 0, matrix[3] ?? 0);
      const scale = viewport.scale * run.width;
      boxes.push({
        left: (matrix[4] ?? 0) + (scale * hit.start) / run.str.length,
        top: (matrix[5] ?? 0) - height * 0.9,
        width: (scale * (hit.end - hit.start)) / run.str.length,
        height: height * 1.15,
        mark: mark.index,
      });
    }
  }
  return boxes;
}

/** One page of a PDF as it was printed, with the quotes outlined on it. */
export function PageView({ load, documentId, page, marks, active }: Props) {
  const [turned, setTurned] = useState(0);
  const [boxes, setBoxes] = useState<Box[]>([]);
  const [drawn, setDrawn] = useState(false);
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const file = useQuery({
    queryKey: ["document-pdf", documentId],
    queryFn: async () => open(await load(documentId)),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  const number = Math.min(file.data?.numPages ?? 1, Math.max(1, page + turned));

  useEffect(() => setTurned(0), [page, active]);
  useEffect(() => {
    const target = canvas.current;
    if (file.data === undefined || target === null) return;
    let gone = false;
    let stop = () => {};
    const draw = async (source: pdf.PDFDocumentProxy) => {
      const sheet = await source.getPage(number);
      if (gone) return;
      const plain = sheet.getViewport({ scale: 1 });
      const viewport = sheet.getViewport({
        scale: Math.max(0.3, ((frame.current?.clientWidth ?? 600) - 32) / plain.width),
      });
      const dense = Math.min(2, window.devicePixelRatio);
      target.width = viewport.width * dense;
      target.height = viewport.height * dense;
      target.style.width = `${viewport.width}px`;
      target.style.height = `${viewport.height}px`;
      const task = sheet.render({ canvas: target, viewport, transform: [dense, 0, 0, dense, 0, 0] });
      stop = () => task.cancel();
      await task.promise;
      if (gone) return;
      setBoxes(await boxesOf(sheet, viewport, marks));
      setDrawn(true);
    };
    draw(file.data).catch(() => {
      // A cancelled drawing is followed by the next one.
    });
    return () => {
      gone = true;
      stop();
    };
  }, [file.data, number, marks]);

  if (file.isError) {
    return (
      <EmptyState>
        The page could not be drawn. The text is safe. Use the text view, which holds the same words.
      </EmptyState>
    );
  }
  return (
    <div className={css.frame} ref={frame} tabIndex={0} role="group" aria-label={`Page ${number}`} data-viewer>
      {!drawn && <Skeleton rows={12} label="Drawing the page" />}
      <div className={css.sheet}>
        <canvas ref={canvas} role="img" aria-label={`Page ${number} as printed; the text view reads it aloud`} />
        {boxes.map((box, at) => (
          <span
            key={at}
            className={css.box}
            data-evidence={box.mark}
            data-active={box.mark === active || undefined}
            style={{ left: box.left, top: box.top, width: box.width, height: box.height }}
          />
        ))}
      </div>
      {(file.data?.numPages ?? 1) > 1 && (
        <p className={css.turn}>
          <Act label="Page before" onAct={() => setTurned(number - 1 - page)}>
            ‹
          </Act>
          page {number} of {file.data?.numPages}
          <Act label="Next page" onAct={() => setTurned(number + 1 - page)}>
            ›
          </Act>
        </p>
      )}
    </div>
  );
}
