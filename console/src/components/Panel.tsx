import { useId, type ReactNode } from 'react';

/** A titled box: the unit of every page that is not a list. */
export function Panel({ title, extra, children, className = '' }: { title: ReactNode; extra?: ReactNode; children: ReactNode; className?: string }) {
  const id = useId();
  return (
    <section className={`panel ${className}`} aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {extra && <span className="panel-extra">{extra}</span>}
      </header>
      <div className="panel-body">{children}</div>
    </section>
  );
}
