/** One upload: its receipt, what became of its records, the records themselves. */
import { DownloadOutlined } from '@ant-design/icons';
import { Alert, Button, Descriptions, Skeleton, Tabs } from 'antd';
import { Link, useParams } from 'react-router';
import { useUpload, type UploadDetail } from '../../api/files';
import { href } from '../../api/http';
import { useCan } from '../../api/session';
import { useTabTitle } from '../../app/tabs';
import { Digest, MemberName, Money, Time } from '../../components/figures';
import { useUrlParams } from '../../components/list/params';
import { PageHead } from '../../components/PageHead';
import { Panel } from '../../components/Panel';
import { ProblemView } from '../../components/ProblemView';
import { VerdictMix } from '../../components/VerdictMix';
import { FileResult } from '../../components/verdicts';
import { useT } from '../../i18n';
import { formatCount } from '../../lib/money';
import { RecordsTab } from './RecordsTab';

export default function UploadPage() {
  const t = useT();
  const can = useCan();
  const name = useParams()['name']!;
  const [params, setParams] = useUrlParams();
  const upload = useUpload(name);
  useTabTitle(name);
  if (upload.error) return <ProblemView error={upload.error} retry={() => void upload.refetch()} />;
  if (!upload.data) return <Skeleton active className="panel-body" />;
  const data = upload.data;
  return (
    <section className="page">
      <PageHead title={<span className="mono">{name}</span>} intro={data.receipts[0] && <FileResult result={data.receipts[0].result} />}>
        {data.accepted && can('file.download') && (
          <Button icon={<DownloadOutlined />} href={href(`/uploads/${encodeURIComponent(name)}/raw`)}>
            {t('file.raw')}
          </Button>
        )}
      </PageHead>
      {!data.accepted && <Alert type="error" showIcon title={t('file.notAccepted')} description={data.receipts.map((r) => r.detail).filter(Boolean).join('；')} />}
      <Tabs
        size="small"
        className="page-tabs"
        activeKey={params.get('tab') ?? 'overview'}
        onChange={(next) => setParams(() => new URLSearchParams(next === 'overview' ? {} : { tab: next }))}
        items={[
          { key: 'overview', label: t('day.overview'), children: <Overview upload={data} /> },
          ...(data.accepted ? [{ key: 'records', label: t('file.records'), children: <RecordsTab name={name} params={params} setParams={setParams} /> }] : []),
        ]}
      />
    </section>
  );
}

function Overview({ upload }: { upload: UploadDetail }) {
  const t = useT();
  return (
    <div className="dash-grid">
      <Panel title={t('file.facts')} className="span-5">
        <Descriptions
          size="small"
          column={1}
          items={[
            { key: 'member', label: t('file.sender'), children: <MemberName code={upload.member} /> },
            { key: 'day', label: t('nav.days'), children: upload.clearing_date ? <Link to={`/days/${upload.clearing_date}`}>{upload.clearing_date}</Link> : '—' },
            { key: 'date', label: t('file.date'), children: upload.file_date ? `${upload.file_date} · ${String(upload.sequence).padStart(6, '0')}` : '—' },
            { key: 'count', label: t('dash.records'), children: <span className="num">{formatCount(upload.record_count)}</span> },
            { key: 'total', label: t('file.total'), children: <Money fen={upload.total_fen} withUnit /> },
            { key: 'at', label: t('file.acceptedAt'), children: <Time value={upload.accepted_at} /> },
            { key: 'digest', label: t('file.digest'), children: upload.body_digest ? <Digest value={upload.body_digest} /> : '—' },
          ]}
        />
        <h3 className="sub">{t('nav.receipts')}</h3>
        {upload.receipts.map((receipt) => (
          <p key={receipt.name}>
            <Link className="mono" to={`/viewer?receipt=${encodeURIComponent(receipt.name)}`}>
              {receipt.name}
            </Link>{' '}
            <FileResult result={receipt.result} /> <span className="muted num">{receipt.clearing_date}</span> {receipt.detail}
          </p>
        ))}
      </Panel>
      <Panel title={t('dash.verdicts')} className="span-7">
        <VerdictMix verdicts={upload.verdicts} linkTo={(v) => `/uploads/${encodeURIComponent(upload.name)}?tab=records&verdict=${v.verdict}`} />
      </Panel>
      {upload.groups.length > 0 && (
        <Panel title={t('file.groups')} className="span-12">
          <table className="plain-table">
            <thead>
              <tr>
                <th>{t('flows.issuer')}</th>
                <th>{t('file.industry')}</th>
                <th className="right">{t('common.count')}</th>
                <th className="right">{t('flows.gross')}</th>
              </tr>
            </thead>
            <tbody>
              {upload.groups.map((g) => (
                <tr key={`${g.issuer} ${g.industry}`}>
                  <td>
                    <MemberName code={g.issuer} />
                  </td>
                  <td>
                    <Industry code={g.industry} />
                  </td>
                  <td className="right num">{formatCount(g.count)}</td>
                  <td className="right">
                    <Money fen={g.gross_fen} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Panel>
      )}
    </div>
  );
}

/** Industries of the exchange interface, chapter 3, field 19. */
export function Industry({ code }: { code: string | null | undefined }) {
  const t = useT();
  switch (Number(code)) {
    case 1:
      return t('industry.1');
    case 2:
      return t('industry.2');
    case 3:
      return t('industry.3');
    case 4:
      return t('industry.4');
    case 5:
      return t('industry.5');
    case 9:
      return t('industry.9');
    default:
      return code ?? '';
  }
}
