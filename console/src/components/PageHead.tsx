import type { ReactNode } from 'react';

/** Title of a page, a line about it, and its actions. */
export function PageHead({ title, intro, children }: { title: ReactNode; intro?: ReactNode; children?: ReactNode }) {
  return (
    <header className="page-head">
      <h1>{title}</h1>
      {intro && <p className="muted">{intro}</p>}
      {children && <div className="page-actions">{children}</div>}
    </header>
  );
}
