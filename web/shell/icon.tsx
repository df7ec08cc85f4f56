const drawings = {
  home: "M2 7.5 8 2.5l6 5V14H2zM6.5 14V9.5h3V14",
  search: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.3 10.3 14 14",
  menu: "M2 4h12M2 8h12M2 12h12",
  document: "M3 1.5h7l3 3v10H3zM10 1.5v3h3M5.5 8h5M5.5 11h5",
  overview: "M2 2.5h5v5H2zM9 2.5h5v3H9zM9 7.5h5v6H9zM2 9.5h5v4H2z",
  bench: "M6 1.5V6l-3.4 7a1 1 0 0 0 .9 1.5h9a1 1 0 0 0 .9-1.5L10 6V1.5M5 1.5h6M4.6 10h6.8",
  tube: "M5.5 1.5v10a2.5 2.5 0 0 0 5 0v-10M4.5 1.5h7M5.5 8h5",
  grid: "M2 2.5h12v11H2zM2 6h12M2 9.7h12M6 2.5v11",
  question: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.3 10.3 14 14M7 4.8v2.4M7 9v.2",
  clock: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M8 4.5V8l2.5 1.5",
  certificate:
    "M2.5 2h11v8h-4M2.5 2v8h3M5 4.7h6M7.5 8.2a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6M6.4 11.5v3l1.1-.7 1.1.7v-3",
  control: "M2 2v12h12M4.2 10.5l2.6-4 2.6 2.4L13 4.5",
  trend: "M2 2v12h12M5 11.5h.1M6.6 9h.1M8.4 9.8h.1M10 6.6h.1M11.6 7.4h.1M13 4h.1M4 12.5 14 3.5",
  gauge: "M2 11.5a6 6 0 0 1 12 0zM8 11.5l3-4.2",
  box: "M2.5 5 8 2l5.5 3v6L8 14l-5.5-3zM2.5 5 8 8l5.5-3M8 8v6",
  book: "M2 3h4.5A1.5 1.5 0 0 1 8 4.5v9A1.5 1.5 0 0 0 6.5 12H2zM14 3H9.5A1.5 1.5 0 0 0 8 4.5v9A1.5 1.5 0 0 1 9.5 12H14z",
  eye: "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8M8 6a2 2 0 1 0 0 4 2 2 0 0 0 0-4",
  sliders: "M2 4h8M12 4h2M10 2.5v3M2 8h2M6 8h8M6 6.5v3M2 12h6M10 12h4M10 10.5v3",
  calendar: "M2 3.5h12v10.5H2zM2 6.7h12M5 2v3M11 2v3M5 9.5h.1M8 9.5h.1M11 9.5h.1M5 11.8h.1M8 11.8h.1",
  audit: "M2 3.5h12M2 8h12M2 12.5h7M12 11v3.5M10.3 12.7h3.4",
  ledger: "M3 1.5h10v13H3zM5.5 5h5M5.5 8h5M10.5 11.5a1.5 1.5 0 1 1-3 0 1.5 1.5 0 0 1 3 0",
  people:
    "M6 7.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5M1.5 14c0-3 2-4.5 4.5-4.5s4.5 1.5 4.5 4.5M11 3a2.2 2.2 0 0 1 0 4.3M12.2 9.8c1.5.6 2.3 2 2.3 4.2",
  mail: "M1.5 3.5h13v9h-13zM1.5 4l6.5 5 6.5-5",
  policy: "M2 4.5h6M12 4.5h2M10 2.5v4M2 11.5h2M8 11.5h6M6 9.5v4",
  shield: "M8 1.5 13.5 4v4c0 3.4-2.3 5.6-5.5 6.5C4.8 13.6 2.5 11.4 2.5 8V4zM5.5 8l1.8 1.8L10.7 6.3",
  me: "M8 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6M2.5 14.5c0-3 2.3-4.5 5.5-4.5s5.5 1.5 5.5 4.5",
} as const;

export type IconName = keyof typeof drawings;

/** A drawing of 16 × 16 beside words; it says nothing that the words don't. */
export function Icon({ name, className }: { name: IconName; className?: string | undefined }) {
  return (
    <svg className={className} width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
      <path
        d={drawings[name]}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.25"
        strokeLinejoin="round"
        strokeLinecap="round"
      />
    </svg>
  );
}
