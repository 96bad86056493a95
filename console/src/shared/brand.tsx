/** The mark: a light on the horizon whose rays go on growing. */
export function Mark({ size = 22 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" fill="none" aria-hidden="true">
      <path d="M8.5 23a5 5 0 0 1 10 0z" fill="var(--jx-light)" />
      <path d="M5.19 20.77L1.72 19.84M8.26 16.18L5.34 12.37M13.50 14.40L13.50 7.80M18.74 16.18L23.97 9.35M21.81 20.77L32.43 17.93M3 27.5h26" stroke="var(--jx-light)" strokeWidth="2.4" strokeLinecap="round" />
    </svg>
  );
}
