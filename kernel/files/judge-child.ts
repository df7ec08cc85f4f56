// The thread beside the one that serves requests: it judges uploads and reads what extraction children answered. A large
// file takes up to a second here, and nobody's request waits for it.
import { createHash } from "node:crypto";
import { parentPort } from "node:worker_threads";
import { inspectAttachment } from "./attachment.ts";
import { inspectUpload } from "./detect.ts";
import { decodeAnswer } from "./extract-answer.ts";
import type { JudgeAnswer, JudgeTask } from "./judge.ts";

async function answerTo(task: JudgeTask): Promise<{ answer: JudgeAnswer; moved: ArrayBuffer[] }> {
  if (task.act === "decode") {
    const decoded = decodeAnswer(task.bytes);
    return { answer: { act: "decode", decoded }, moved: decoded.said === "document" ? [decoded.json.buffer] : [] };
  }
  const sha256 = createHash("sha256").update(task.bytes).digest("hex");
  if (task.act === "attach") {
    const file = await inspectAttachment(task.bytes, task.fileName, task.limits);
    return { answer: { act: "attach", sha256, file }, moved: [] };
  }
  const judged = await inspectUpload(task.bytes, task.fileName, task.limits);
  if (judged.outcome === "refused") return { answer: { act: "judge", sha256, refused: judged }, moved: [] };
  const { bytes, keep, ...accepted } = judged;
  // Unchanged bytes lie with the caller already: only a copy without macros is sent back.
  const changed = bytes === task.bytes ? undefined : new Uint8Array(bytes);
  return {
    answer: {
      act: "judge",
      sha256,
      accepted: { ...accepted, kept: keep !== null, ...(changed === undefined ? {} : { changed }) },
    },
    moved: changed === undefined ? [] : [changed.buffer],
  };
}

parentPort?.on("message", (task: JudgeTask) => {
  void answerTo(task).then(
    ({ answer, moved }) => parentPort?.postMessage(answer, moved),
    (error: unknown) =>
      parentPort?.postMessage({ act: "failed", message: error instanceof Error ? error.message : String(error) }, []),
  );
});
