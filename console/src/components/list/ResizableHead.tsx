/** A header cell whose right edge can be dragged. Keyboard users set widths under 列设置. */
import { useRef, type ThHTMLAttributes } from 'react';

type Props = ThHTMLAttributes<HTMLTableCellElement> & { width?: number; onResize?: (width: number) => void };

export function ResizableHead({ onResize, width, children, ...rest }: Props) {
  const cell = useRef<HTMLTableCellElement>(null);
  if (!onResize) return <th {...rest}>{children}</th>;
  return (
    <th {...rest} ref={cell}>
      {children}
      <span
        className="resize-handle"
        aria-hidden
        onClick={(event) => event.stopPropagation()}
        onPointerDown={(event) => {
          event.stopPropagation();
          const handle = event.currentTarget;
          handle.setPointerCapture(event.pointerId);
          const start = event.clientX;
          const before = Number(width) || cell.current?.offsetWidth || 100;
          handle.onpointerup = (up) => {
            handle.onpointerup = null;
            const next = Math.max(48, Math.min(800, Math.round(before + up.clientX - start)));
            if (next !== before) onResize(next);
          };
        }}
      />
    </th>
  );
}
