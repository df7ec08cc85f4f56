import { useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { Dialog } from "../kit/dialog.tsx";
import { apps } from "./apps.ts";
import { page } from "./path.ts";
import { usePlace } from "./place.tsx";
import css from "./palette.module.css";

interface Entry {
  title: string;
  kind: string;
  path: string;
}

/** Ctrl+K: pages, then records whose name holds the words. */
export function Palette({ ws, onClose }: { ws: string; onClose: () => void }) {
  const { go } = usePlace();
  const [words, setWords] = useState("");
  const [at, setAt] = useState(0);
  const list = useId();
  const pages: Entry[] = [
    { title: "Home", kind: "page", path: page.home(ws) },
    ...apps.flatMap((app) => app.lists.map((item) => ({ title: item.title, kind: app.title, path: item.path(ws) }))),
    { title: "Audit", kind: "page", path: page.audit(ws) },
    { title: "Retention and erasure", kind: "page", path: page.retention(ws) },
    { title: "Ledger: who holds it", kind: "page", path: page.ledger(ws) },
    { title: "Ledger: streams", kind: "page", path: page.streams(ws) },
    { title: "People & access", kind: "page", path: page.people(ws) },
    { title: "Policy", kind: "page", path: page.policy(ws) },
    { title: "Me", kind: "page", path: page.me() },
    { title: "Trust", kind: "page", path: page.trust() },
    { title: "Gap check without keeping anything", kind: "page", path: page.check() },
  ];
  const found = useQuery({
    queryKey: ["palette", ws, words],
    queryFn: async () => (await Promise.all(apps.map((app) => app.find(words, ws)))).flat(),
    enabled: words.trim().length > 1,
  });
  const wanted = words.trim().toLowerCase();
  const entries = [...pages.filter((entry) => entry.title.toLowerCase().includes(wanted)), ...(found.data ?? [])];
  const active = entries[Math.min(at, entries.length - 1)];
  const open = (entry: Entry) => {
    onClose();
    go(entry.path);
  };
  return (
    <Dialog open onClose={onClose} title="Search or go to">
      <input
        className={css.input}
        role="combobox"
        aria-label="Page or record"
        aria-expanded="true"
        aria-controls={list}
        aria-activedescendant={active === undefined ? undefined : `${list}-${entries.indexOf(active)}`}
        data-autofocus
        autoComplete="off"
        value={words}
        onChange={(event) => {
          setWords(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          if (event.key === "ArrowDown") setAt(Math.min(entries.length - 1, at + 1));
          else if (event.key === "ArrowUp") setAt(Math.max(0, at - 1));
          else if (event.key === "Enter" && active !== undefined) open(active);
          else return;
          event.preventDefault();
        }}
      />
      <ul id={list} role="listbox" aria-label="Found" className={css.list}>
        {entries.map((entry, index) => (
          <li
            key={entry.path}
            id={`${list}-${index}`}
            role="option"
            aria-selected={entry === active}
            onClick={() => open(entry)}
          >
            {entry.title} <span>{entry.kind}</span>
          </li>
        ))}
      </ul>
      {entries.length === 0 && <p className={css.none}>Nothing has this in its name.</p>}
    </Dialog>
  );
}
