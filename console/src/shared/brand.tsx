/** The mark: one light, and what it reaches growing. */
export function Mark({ size = 22 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" fill="none" aria-hidden="true">
      <g stroke="var(--jx-light)" strokeWidth="3" strokeLinecap="round">
        <path d="M7 15.5a9.5 9.5 0 0 1 9.5 9.5" />
        <path d="M7 9.500A15.500 15.500 0 0 1 22.500 25" opacity="0.7" />
        <path d="M7 3.500A21.500 21.500 0 0 1 28.500 25" opacity="0.4" />
      </g>
      <circle cx="7" cy="25" r="3.5" fill="var(--jx-light)" />
    </svg>
  );
}
