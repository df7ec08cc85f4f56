import { Act } from "@probity/web/kit/act.tsx";
import { Notice } from "@probity/web/kit/notice.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { ApiProblem } from "@probity/web/shell/problem.ts";
import { useQuery } from "@tanstack/react-query";
import * as pdf from "pdfjs-dist";
import workerUrl from "pdfjs-dist/build/pdf.worker.min.mjs?url";
import { useEffect, useRef, useState } from "react";
import css from "./certificate.module.css";

pdf.GlobalWorkerOptions.workerSrc = workerUrl;

/** The pages of a certificate as they are printed. Nothing in the file may fetch or compile. */
export function CertificatePreview({ of, load }: { of: string; load: () => Promise<ArrayBuffer> }) {
  const [turned, setTurned] = useState(1);
  const [blank, setBlank] = useState(false);
  const [drawing, setDrawing] = useState(true);
  const [tries, setTries] = useState(0);
  const canvas = useRef<HTMLCanvasElement>(null);
  const file = useQuery({
    queryKey: ["lab-certificate-pdf", of],
    queryFn: async () => {
      const data = new Uint8Array(await load());
      return pdf.getDocument({
        data,
        useWasm: false,
        enableXfa: false,
        cMapUrl: "/pdf/cmaps/",
        cMapPacked: true,
        standardFontDataUrl: "/pdf/standard_fonts/",
      }).promise;
    },
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  const pages = file.data?.numPages ?? 1;
  const number = Math.min(pages, turned);
  useEffect(() => {
    const document = file.data;
    if (document === undefined) return;
    let task: pdf.RenderTask | undefined;
    let gone = false;
    setBlank(false);
    setDrawing(true);
    void (async () => {
      const sheet = await document.getPage(number);
      const target = canvas.current;
      if (gone || target === null) return;
      const viewport = sheet.getViewport({ scale: 2 });
      target.width = viewport.width;
      target.height = viewport.height;
      task = sheet.render({ canvas: target, viewport });
      await task.promise;
      setDrawing(false);
    })().catch(() => {
      // A page turned away from is left unfinished; one that stays and can't be drawn says so.
      if (gone) return;
      setBlank(true);
      setDrawing(false);
    });
    return () => {
      gone = true;
      task?.cancel();
    };
  }, [file.data, number, tries]);
  return (
    <div className={css.paper}>
      {file.isPending && <Skeleton label="Drawing the page" rows={8} />}
      {file.isError &&
        (file.error instanceof ApiProblem ? (
          <ProblemNotice problem={file.error} onRetry={() => void file.refetch()} />
        ) : (
          <Undrawn onAgain={() => void file.refetch()} />
        ))}
      {file.isSuccess && (
        <>
          {blank && <Undrawn onAgain={() => setTries(tries + 1)} />}
          <canvas
            ref={canvas}
            role="img"
            hidden={blank}
            aria-busy={drawing}
            aria-label={`Page ${number} of ${pages}, as it is printed`}
          />
          <div className={css.turn}>
            <Act
              disabledReason={number === 1 ? "This is the first page." : undefined}
              onAct={() => setTurned(number - 1)}
            >
              Page before
            </Act>
            <span>{`Page ${number} of ${pages}`}</span>
            <Act
              disabledReason={number === pages ? "This is the last page." : undefined}
              onAct={() => setTurned(number + 1)}
            >
              Next page
            </Act>
          </div>
        </>
      )}
    </div>
  );
}

/** A page that this browser can't draw: the file itself is whole. */
function Undrawn({ onAgain }: { onAgain: () => void }) {
  return (
    <Notice tone="gap" urgent act={<Act onAct={onAgain}>Draw it again</Act>}>
      <strong>This page could not be drawn here.</strong> The file is not changed. Draw it again, or download the PDF
      and open it in another reader.
    </Notice>
  );
}
