/** 今日, a member's first page: what was expected of it, what arrived, what became of it, what there is to fetch. */
import { CheckCircleFilled, DownloadOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Alert, Button, Empty, Skeleton } from 'antd';
import { Link } from 'react-router';
import { useDashboard } from '../../api/dashboard';
import { get, href } from '../../api/http';
import { useCan, useOwner } from '../../api/session';
import type { Dashboard, Page } from '../../api/types';
import { MemberName, Money, ToneTag } from '../../components/figures';
import { LevelBar } from '../../components/LevelBar';
import { Panel } from '../../components/Panel';
import { ProblemView } from '../../components/ProblemView';
import { VerdictMix } from '../../components/VerdictMix';
import { FileResult } from '../../components/verdicts';
import { useT } from '../../i18n';
import { formatCount } from '../../lib/money';
import { spanText } from '../../lib/span';
import { formatTime, timeOfDay } from '../../lib/text';
import { TrendPanel } from '../dashboard/TrendPanel';
import { UploadButton } from '../files/UploadButton';

export default function TodayPage() {
  const t = useT();
  const owner = useOwner();
  const { data, error, refetch } = useDashboard();
  if (error && !data) return <ProblemView error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton active paragraph={{ rows: 10 }} className="panel-body" />;
  return (
    <section className="page dashboard" aria-label={t('nav.today')}>
      <h1 className="visually-hidden">{t('nav.today')}</h1>
      <div className="dash-head">
        <span className="dash-date">
          <MemberName code={owner.code} link={false} />
        </span>
        <span className="muted">{data.open_day ? t('app.openDay', { date: data.open_day.clearing_date }) : t('app.noOpenDay')}</span>
        <span className="header-gap" />
        <span className="muted">{t('common.asOf', { time: timeOfDay(data.clock) })}</span>
        <UploadButton />
      </div>
      <Missing data={data} />
      <Counts data={data} />
      <div className="dash-grid">
        <Receipts />
        <Panel title={t('dash.verdicts')} className="span-6" extra={data.open_day?.clearing_date}>
          {data.open_day && data.open_day.verdicts.length > 0 ? (
            <VerdictMix verdicts={data.open_day.verdicts} clearingDate={data.open_day.clearing_date} />
          ) : (
            <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('portal.noRecords')} />
          )}
        </Panel>
        <LastDay data={data} member={owner.code ?? ''} />
        <Reserve data={data} />
        <TrendPanel trend={data.trend} />
      </div>
    </section>
  );
}

function Missing({ data }: { data: Dashboard }) {
  const t = useT();
  const file = data.missing_files[0];
  if (!data.open_day) return null;
  if (!file && data.open_day.files.accepted < data.open_day.files.expected) return <Alert className="dialog-note" showIcon type="info" title={t('portal.notSent')} />;
  if (!file) {
    return (
      <p className="portal-fine">
        <CheckCircleFilled className="tone-text-ok" /> {t('dash.missingNone')}
      </p>
    );
  }
  const late = file.late_minutes > 0;
  return (
    <Alert
      className="dialog-note"
      showIcon
      type={late ? 'error' : 'warning'}
      title={t('dash.expectedBy', { time: formatTime(file.expected_by).slice(5, 16) })}
      description={late ? t('dash.late', { time: spanText(t, file.late_minutes) }) : t('dash.dueIn', { time: spanText(t, -file.late_minutes) })}
    />
  );
}

function Counts({ data }: { data: Dashboard }) {
  const t = useT();
  const day = data.open_day;
  const results = useQuery({
    queryKey: ['today', 'results', data.last_closed?.clearing_date],
    enabled: Boolean(data.last_closed),
    queryFn: () => get<Page>('/result-files', { clearing_date: data.last_closed!.clearing_date, limit: 1 }),
  });
  const tiles: [string, number | string, string][] = day
    ? [
        [t('dash.expected'), day.files.expected, '/uploads'],
        [t('dash.arrived'), day.files.arrived, '/receipts'],
        [t('dash.accepted'), day.files.accepted, `/uploads?clearing_date.from=${day.clearing_date}`],
        [t('dash.refused'), day.files.refused, '/receipts'],
        [t('dash.records'), formatCount(day.records), '/records'],
      ]
    : [];
  return (
    <div className="figures">
      {tiles.map(([name, value, to]) => (
        <Link key={name} className="figure" to={to}>
          <span className="figure-name">{name}</span>
          <span className="figure-value num">{value}</span>
        </Link>
      ))}
      <Link className="figure" to={`/result-files?clearing_date.from=${data.last_closed?.clearing_date ?? ''}`}>
        <span className="figure-name">{t('portal.toFetch')}</span>
        <span className="figure-value num">{results.data?.total ?? '—'}</span>
      </Link>
    </div>
  );
}

function Receipts() {
  const t = useT();
  const receipts = useQuery({ queryKey: ['today', 'receipts'], queryFn: () => get<Page>('/receipts', { limit: 8 }) });
  return (
    <Panel title={t('portal.lastReceipts')} className="span-6" extra={<Link to="/receipts">{t('common.all')}</Link>}>
      {receipts.error ? (
        <ProblemView error={receipts.error} />
      ) : !receipts.data ? (
        <Skeleton active />
      ) : receipts.data.items.length === 0 ? (
        <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} />
      ) : (
        <table className="plain-table">
          <tbody>
            {receipts.data.items.map((row) => (
              <tr key={String(row['id'])}>
                <td>
                  <Link className="mono" to={`/uploads/${encodeURIComponent(String(row['upload_name']))}`}>
                    {String(row['upload_name'])}
                  </Link>
                </td>
                <td>
                  <FileResult result={String(row['result'])} />
                </td>
                <td className="right num muted">{String(row['clearing_date'])}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

function LastDay({ data, member }: { data: Dashboard; member: string }) {
  const t = useT();
  const can = useCan();
  const day = data.last_closed;
  if (!day) return null;
  const { clearing_date: date, positions } = day;
  return (
    <Panel title={`${t('dash.lastClosed')} ${date}`} className="span-6" extra={<Link to={`/positions?clearing_date.from=${date}&clearing_date.to=${date}`}>{t('nav.positions')}</Link>}>
      {positions && (
        <table className="plain-table narrow">
          <tbody>
            <tr>
              <td>{t('record.receivable')}</td>
              <td className="right">
                <Money fen={positions.receivable_fen} />
              </td>
            </tr>
            <tr>
              <td>{t('record.payable')}</td>
              <td className="right">
                <Money fen={positions.payable_fen} />
              </td>
            </tr>
            <tr>
              <td>{t('portal.net')}</td>
              <td className="right">
                <Money fen={positions.receivable_fen - positions.payable_fen} signed strong />
              </td>
            </tr>
          </tbody>
        </table>
      )}
      {can('position.read') && (
        <p className="portal-downloads">
          <Button icon={<DownloadOutlined />} href={href(`/statements/${date}/${member}.pdf`)}>
            {t('portal.statementPdf')}
          </Button>
          <Button icon={<DownloadOutlined />} href={href(`/statements/${date}/${member}.xlsx`)}>
            {t('portal.statementXlsx')}
          </Button>
        </p>
      )}
    </Panel>
  );
}

function Reserve({ data }: { data: Dashboard }) {
  const t = useT();
  const reserve = data.reserves[0];
  if (!reserve) return null;
  const tone = { ok: 'ok', warning: 'warn', stop: 'bad' } as const;
  return (
    <Panel title={t('nav.reserves')} className="span-6" extra={<ToneTag tone={tone[reserve.level]}>{t(`level.${reserve.level}`)}</ToneTag>}>
      <p className="portal-reserve">
        <Money fen={reserve.balance_fen} withUnit strong />
      </p>
      <LevelBar {...reserve} />
      <p className="muted portal-lines">
        {t('dash.stop')} <Money fen={reserve.stop_fen} /> · {t('dash.warning')} <Money fen={reserve.warning_fen} /> · {t('dash.target')} <Money fen={reserve.target_fen} />
      </p>
    </Panel>
  );
}
