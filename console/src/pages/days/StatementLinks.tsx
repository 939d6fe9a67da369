import { href } from '../../api/http';
import { useT } from '../../i18n';

/** The statement of a member for a date, to print or to work with. */
export function StatementLinks({ date, member }: { date: string; member: string }) {
  const t = useT();
  const link = (format: 'pdf' | 'xlsx') => href(`/statements/${date}/${member}.${format}`);
  return (
    <>
      <a href={link('pdf')} download aria-label={`PDF ${t('nav.statements')} ${member}`}>
        {t('day.statementPdf')}
      </a>
      <a href={link('xlsx')} download aria-label={`Excel ${t('nav.statements')} ${member}`}>
        {t('day.statementXlsx')}
      </a>
    </>
  );
}
