import { useT } from '../i18n';

/** 经办、复核、审批: the lines that people sign on paper. */
export function SignatureLines() {
  const t = useT();
  return (
    <div className="signatures print-only">
      {(['print.maker', 'print.checker', 'print.approver', 'print.stamp'] as const).map((key) => (
        <span key={key}>
          {t(key)}
          <i />
        </span>
      ))}
    </div>
  );
}
