/** The name, ruled like the paper it stands on. */
export function Wordmark() {
  return (
    <svg width="86" height="24" viewBox="0 0 86 24" role="img" aria-label="Probity">
      <path d="M1 4h10M1 12h10M1 20h5" style={{ stroke: "var(--p-accent)", strokeWidth: 2 }} />
      <circle cx="9.6" cy="20" r="2" style={{ fill: "var(--p-accent)" }} />
      <text x="18" y="18" style={{ fill: "var(--p-ink)", font: "600 18px var(--p-sans)", letterSpacing: "-0.01em" }}>
        Probity
      </text>
    </svg>
  );
}
