/** Two card edges that pass each other: what goes out to one city comes back from another. */
export function Logo({ size = 24 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden>
      <rect width="32" height="32" rx="7" fill="#1d4f91" />
      <path d="M7 12.5h11.5a3.5 3.5 0 0 1 0 7H16" fill="none" stroke="#fff" strokeWidth="2.6" strokeLinecap="round" />
      <path d="M25 19.5H13.5a3.5 3.5 0 0 1 0-7H16" fill="none" stroke="#8fc7ff" strokeWidth="2.6" strokeLinecap="round" />
    </svg>
  );
}
