/** 试算平衡: all accounts as one sheet, debits left, credits right, the two sums equal; prints on A4 with its signature lines. */
import { PrinterOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Button, Skeleton } from 'antd';
import { Link } from 'react-router';
import { get } from '../../api/http';
import type { Page, Row } from '../../api/types';
import { MemberName, Money, ToneTag } from '../../components/figures';
import { PageHead } from '../../components/PageHead';
import { ProblemView } from '../../components/ProblemView';
import { SignatureLines } from '../../components/SignatureLines';
import { useT } from '../../i18n';
import { useDashboard } from '../../api/dashboard';
import { LedgerKind } from './LedgerKind';
import { formatTime } from '../../lib/text';

async function allAccounts(): Promise<Row[]> {
  const rows: Row[] = [];
  let cursor: string | null = null;
  do {
    const page: Page = await get<Page>('/ledger-accounts', { limit: 500, cursor });
    rows.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor);
  return rows;
}

export default function TrialBalance() {
  const t = useT();
  const accounts = useQuery({ queryKey: ['list', 'ledger-accounts', 'all'], queryFn: allAccounts });
  const clock = useDashboard().data?.clock;
  if (accounts.error) return <ProblemView error={accounts.error} retry={() => void accounts.refetch()} />;
  if (!accounts.data) return <Skeleton active className="panel-body" />;
  const rows = accounts.data.map((row) => {
    const debits = Number(row['debits_fen']);
    const credits = Number(row['credits_fen']);
    const net = debits - credits;
    return { row, debits, credits, debit: net > 0 ? net : 0, credit: net < 0 ? -net : 0 };
  });
  const sum = (of: (r: (typeof rows)[number]) => number) => rows.reduce((total, r) => total + of(r), 0);
  const balanced = sum((r) => r.debits) === sum((r) => r.credits);
  return (
    <section className="page">
      <PageHead title={t('ledger.trial')} intro={clock && t('common.asOf', { time: formatTime(clock) })}>
        <ToneTag tone={balanced ? 'ok' : 'bad'}>{t(balanced ? 'ledger.balanced' : 'ledger.unbalanced')}</ToneTag>
        <Button icon={<PrinterOutlined />} onClick={() => print()}>
          {t('common.print')}
        </Button>
      </PageHead>
      <div className="panel panel-body">
        <table className="plain-table">
          <thead>
            <tr>
              <th>{t('ledger.account')}</th>
              <th>{t('ledger.kind')}</th>
              <th>{t('common.member')}</th>
              <th className="right">{t('ledger.debits')}</th>
              <th className="right">{t('ledger.credits')}</th>
              <th className="right">{t('ledger.debitBalance')}</th>
              <th className="right">{t('ledger.creditBalance')}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ row, debits, credits, debit, credit }) => (
              <tr key={String(row['code'])}>
                <td className="mono">
                  <Link to={`/ledger/${encodeURIComponent(String(row['code']))}`}>{String(row['code'])}</Link>
                </td>
                <td><LedgerKind kind={String(row['kind'])} /></td>
                <td>{row['owner'] ? <MemberName code={String(row['owner'])} /> : ''}</td>
                <td className="right">
                  <Money fen={debits} />
                </td>
                <td className="right">
                  <Money fen={credits} />
                </td>
                <td className="right">{debit ? <Money fen={debit} /> : ''}</td>
                <td className="right">{credit ? <Money fen={credit} /> : ''}</td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <td colSpan={3}>{t('common.total')}</td>
              {[sum((r) => r.debits), sum((r) => r.credits), sum((r) => r.debit), sum((r) => r.credit)].map((fen, i) => (
                <td key={i} className="right">
                  <Money fen={fen} strong />
                </td>
              ))}
            </tr>
          </tfoot>
        </table>
        <SignatureLines />
      </div>
    </section>
  );
}
