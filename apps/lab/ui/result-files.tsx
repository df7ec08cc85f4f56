import css from "./result-grid.module.css";

/** How many files are beside a result; they are opened where its history is. Nothing where there is none. */
export function ResultFiles({ of, files, onOpen }: { of: string; files: number; onOpen: () => void }) {
  if (files === 0) return null;
  const said = files === 1 ? "1 file" : `${files} files`;
  return (
    <button
      type="button"
      className={css.files}
      onClick={onOpen}
      title={`${said} beside it`}
      aria-label={`${said} beside ${of}`}
    >
      <svg width="12" height="14" viewBox="0 0 12 14" aria-hidden="true">
        <path d="M1.5 1h6l3 3v9h-9zM3.5 6h5M3.5 8.5h5" />
      </svg>
      {files}
    </button>
  );
}
