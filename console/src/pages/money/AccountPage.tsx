/** One account as a T: debits left, credits right, with the other side of each transfer. */
import { PrinterOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Button, DatePicker, Empty, Skeleton } from 'antd';
import dayjs from 'dayjs';
import { Link, useParams, useSearchParams } from 'react-router';
import { get } from '../../api/http';
import type { Page, Row } from '../../api/types';
import { useTabTitle } from '../../app/tabs';
import { MemberName, Money } from '../../components/figures';
import { PageHead } from '../../components/PageHead';
import { Panel } from '../../components/Panel';
import { ProblemView } from '../../components/ProblemView';
import { SignatureLines } from '../../components/SignatureLines';
import { useT } from '../../i18n';
import { formatCount } from '../../lib/money';

const MOST = 200;

function useTransfers(side: 'debit' | 'credit', code: string, from: string, to: string) {
  return useQuery({
    queryKey: ['list', 'ledger-transfers', side, code, from, to],
    queryFn: ({ signal }) => get<Page>('/ledger-transfers', { [side]: code, 'booking_date.from': from, 'booking_date.to': to, sort: '-sequence', limit: MOST }, signal),
  });
}

export default function AccountPage() {
  const t = useT();
  const code = useParams()['code']!;
  const [params, setParams] = useSearchParams();
  const from = params.get('from') ?? '';
  const to = params.get('to') ?? '';
  useTabTitle(`${t('ledger.account')} ${code}`);
  const account = useQuery({ queryKey: ['list', 'ledger-accounts', 'one', code], queryFn: async () => (await get<Page>('/ledger-accounts', { code, limit: 1 })).items[0] ?? null });
  const debits = useTransfers('debit', code, from, to);
  const credits = useTransfers('credit', code, from, to);
  const error = account.error ?? debits.error ?? credits.error;
  if (error) return <ProblemView error={error} />;
  if (!debits.data || !credits.data || account.isPending) return <Skeleton active className="panel-body" />;
  const row = account.data;
  return (
    <section className="page">
      <PageHead
        title={
          <>
            {t('ledger.account')} <span className="mono">{code}</span>
          </>
        }
        intro={row?.['owner'] ? <MemberName code={String(row['owner'])} /> : null}
      >
        <DatePicker.RangePicker
          allowEmpty={[true, true]}
          placeholder={[t('list.from'), t('list.to')]}
          value={[from ? dayjs(from) : null, to ? dayjs(to) : null]}
          onChange={(range) => {
            const next = new URLSearchParams();
            if (range?.[0]) next.set('from', range[0].format('YYYY-MM-DD'));
            if (range?.[1]) next.set('to', range[1].format('YYYY-MM-DD'));
            setParams(next);
          }}
        />
        <Button icon={<PrinterOutlined />} onClick={() => print()}>
          {t('common.print')}
        </Button>
      </PageHead>
      {row && (
        <div className="figures">
          {(['debits_fen', 'credits_fen', 'balance_fen'] as const).map((name) => {
            const fen = name === 'balance_fen' ? balanceOf(row) : Number(row[name]);
            return (
              <div className="figure" key={name}>
                <span className="figure-name">{t(`ledger.${name}`)}</span>
                <span className="figure-value">
                  <Money fen={fen} withUnit />
                </span>
              </div>
            );
          })}
        </div>
      )}
      <div className="t-account">
        <Side title={t('ledger.debits')} page={debits.data} other="credit" />
        <Side title={t('ledger.credits')} page={credits.data} other="debit" />
      </div>
      <SignatureLines />
    </section>
  );
}

/** On the account's normal side. */
function balanceOf(row: Row): number {
  const net = Number(row['debits_fen']) - Number(row['credits_fen']);
  return row['normal_side'] === 'credit' ? -net || 0 : net;
}

function Side({ title, page, other }: { title: string; page: Page; other: 'debit' | 'credit' }) {
  const t = useT();
  const rows = page.items;
  return (
    <Panel title={title} extra={<span className="muted">{page.total > rows.length ? t('ledger.firstOf', { n: rows.length, total: formatCount(page.total) }) : t('list.total', { n: formatCount(page.total) })}</span>}>
      {rows.length === 0 ? (
        <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} />
      ) : (
        <table className="plain-table">
          <thead>
            <tr>
              <th>{t('common.date')}</th>
              <th>{t('ledger.reason')}</th>
              <th>{t('ledger.other')}</th>
              <th className="right">{t('common.amount')}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={String(row['sequence'])}>
                <td className="num">{String(row['booking_date'] ?? row['booked_on'])}</td>
                <td>
                  <Link to={`/ledger-transfers?detail=${String(row['sequence'])}`}>{String(row['reason'])}</Link>
                </td>
                <td className="mono">
                  <Link to={`/ledger/${encodeURIComponent(String(row[other]))}`}>{String(row[other])}</Link>
                </td>
                <td className="right">
                  <Money fen={Number(row['amount_fen'])} />
                </td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <td colSpan={3}>{t(page.total > rows.length ? 'ledger.shownTotal' : 'common.total')}</td>
              <td className="right">
                <Money strong fen={rows.reduce((sum, row) => sum + Number(row['amount_fen']), 0)} />
              </td>
            </tr>
          </tfoot>
        </table>
      )}
    </Panel>
  );
}
