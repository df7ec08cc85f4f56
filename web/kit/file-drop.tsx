import { type DragEvent, type ReactNode, useRef, useState } from "react";
import { Act } from "./act.tsx";
import css from "./file-drop.module.css";

/** Every file in a drop, folders included, in path order. */
async function filesOf(transfer: DataTransfer): Promise<File[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (entries.length === 0) return [...transfer.files];
  const found: File[] = [];
  const walk = async (entry: FileSystemEntry): Promise<void> => {
    if (entry.name.startsWith(".")) return;
    if (entry instanceof FileSystemFileEntry) {
      found.push(await new Promise<File>((resolve, reject) => entry.file(resolve, reject)));
    } else if (entry instanceof FileSystemDirectoryEntry) {
      const reader = entry.createReader();
      // readEntries hands out at most 100 at a time and an empty list at the end.
      for (;;) {
        const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
        if (batch.length === 0) break;
        for (const child of batch) await walk(child);
      }
    }
  };
  for (const entry of entries) await walk(entry);
  return found.toSorted((a, b) => a.name.localeCompare(b.name));
}

interface Props {
  onFiles: (files: File[]) => void;
  /** Extensions the chooser offers; the server decides what it takes. */
  accept: string;
  children: ReactNode;
  /** `page`: the large sheet of the first page; `line`: one row above a list. */
  look?: "page" | "line";
  refused?: string | undefined;
  /** Another way in, beside the two choosers. */
  more?: ReactNode;
  /** One file and no folder. */
  single?: boolean;
}

/** Files or a folder, dropped or chosen. */
export function FileDrop(props: Props) {
  const [over, setOver] = useState(false);
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const stop = (event: DragEvent) => {
    event.preventDefault();
    setOver(event.type === "dragover");
  };
  const take = (list: FileList | null) => {
    if (list !== null && list.length > 0) props.onFiles([...list]);
  };
  return (
    <div
      className={props.look === "line" ? css.line : css.page}
      data-over={over || undefined}
      onDragOver={stop}
      onDragLeave={stop}
      onDrop={(event) => {
        stop(event);
        if (props.refused === undefined) void filesOf(event.dataTransfer).then(props.onFiles);
      }}
    >
      <div className={css.words}>{props.children}</div>
      <div className={css.acts}>
        <Act
          look={props.look === "line" ? "plain" : "main"}
          size={props.look === "line" ? "row" : "form"}
          disabledReason={props.refused}
          onAct={() => files.current?.click()}
        >
          {props.single ? "Choose a file" : "Choose files"}
        </Act>
        {!props.single && (
          <Act
            size={props.look === "line" ? "row" : "form"}
            disabledReason={props.refused}
            onAct={() => folder.current?.click()}
          >
            Choose a folder
          </Act>
        )}
        {props.more}
      </div>
      <input
        ref={files}
        type="file"
        multiple={props.single !== true}
        hidden
        accept={props.accept}
        aria-label="Files"
        onChange={(event) => {
          take(event.currentTarget.files);
          event.currentTarget.value = "";
        }}
      />
      <input
        ref={folder}
        type="file"
        hidden
        aria-label="Folder"
        {...{ webkitdirectory: "" }}
        onChange={(event) => {
          take(event.currentTarget.files);
          event.currentTarget.value = "";
        }}
      />
    </div>
  );
}
