/** One record's way: bytes, every check with what it looked at, verdict, group, fee, positions, lines of result files. */
import { CheckOutlined, CloseOutlined, MinusOutlined } from '@ant-design/icons';
import { Alert, Skeleton } from 'antd';
import { Link, useParams } from 'react-router';
import { useExplained, type Explained } from '../../api/files';
import { useTabTitle } from '../../app/tabs';
import { MemberName, Money } from '../../components/figures';
import { PageHead } from '../../components/PageHead';
import { Panel } from '../../components/Panel';
import { ProblemView } from '../../components/ProblemView';
import { FileResult, ReasonText, VerdictTag } from '../../components/verdicts';
import { RawLine } from '../../components/wire/RawLine';
import { useT } from '../../i18n';
import { formatCount, formatPpm } from '../../lib/money';
import { decodeLine, fieldText } from '../../lib/wire';
import { TABLES } from '../../lib/wire-tables';
import { LiabilityView } from '../delivery/LiabilityView';
import { Industry } from './UploadPage';

export default function ExplainPage() {
  const { name, record } = useParams() as { name: string; record: string };
  const explained = useExplained(name, record);
  useTabTitle(`${name.slice(0, 21)}… #${record}`);
  if (explained.error) return <ProblemView error={explained.error} retry={() => void explained.refetch()} />;
  if (!explained.data) return <Skeleton active className="panel-body" />;
  const data = explained.data;
  return (
    <section className="page">
      <PageHead
        title={
          <>
            <Link className="mono" to={`/uploads/${encodeURIComponent(name)}`}>
              {name}
            </Link>{' '}
            #{record}
          </>
        }
      >
        {data.accepted && <CardLink data={data} />}
      </PageHead>
      {data.accepted ? <Trail data={data} /> : <NotAccepted data={data} />}
    </section>
  );
}

function CardLink({ data }: { data: Explained }) {
  const t = useT();
  const decoded = decodeLine(TABLES['TXU']!, data.raw);
  const query = new URLSearchParams({ card: fieldText(decoded, 'serial'), issuer_id: fieldText(decoded, 'issuer_id') });
  return <Link to={`/records?${query}`}>{t('record.history')}</Link>;
}

function NotAccepted({ data }: { data: Explained }) {
  const t = useT();
  return (
    <Alert
      type="error"
      showIcon
      title={t('file.notAccepted')}
      description={(data.receipts ?? []).map((r) => (
        <p key={r.clearing_date + r.result}>
          {r.clearing_date} <FileResult result={r.result} /> {r.detail}
        </p>
      ))}
    />
  );
}

function Trail({ data }: { data: Explained }) {
  const t = useT();
  const decided = data.checks.findIndex((c) => c.applied);
  return (
    <div className="dash-grid">
      <Panel
        className="span-7"
        title={t('record.checks')}
        extra={
          <>
            <VerdictTag verdict={data.verdict} /> <ReasonText reason={data.reason} />
          </>
        }
      >
        <table className="plain-table checks">
          <thead>
            <tr>
              <th>#</th>
              <th>{t('record.check')}</th>
              <th>{t('record.inputs')}</th>
              <th>{t('day.proofResult')}</th>
            </tr>
          </thead>
          <tbody>
            {data.checks.map((check, at) => (
              <tr key={check.order} className={check.applied ? 'hit' : decided >= 0 && at > decided ? 'skipped' : undefined}>
                <td className="num">{check.order}</td>
                <td>
                  {check.applied && <VerdictTag verdict={check.verdict} />} <ReasonText reason={check.reason} />
                </td>
                <td className="mono small wrap">{check.inputs}</td>
                <td className="nowrap">
                  {check.applied ? (
                    <span className="negative">
                      <CloseOutlined /> {t('record.hit')}
                    </span>
                  ) : decided >= 0 && at > decided ? (
                    <span className="muted">
                      <MinusOutlined /> {t('record.notReached')}
                    </span>
                  ) : (
                    <span className="tone-text-ok">
                      <CheckOutlined /> {t('record.passed')}
                    </span>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        {data.liability && <LiabilityView liability={data.liability} />}
        {data.earlier && (
          <p className="explain-note">
            {t('record.earlier')}{' '}
            <Link to={`/uploads/${encodeURIComponent(data.earlier.upload)}/records/${data.earlier.record}`}>
              {data.earlier.upload} #{data.earlier.record}
            </Link>{' '}
            <span className="num">{data.earlier.clearing_date}</span>
          </p>
        )}
      </Panel>
      <div className="span-5 stack">
        <MoneyPanel data={data} />
        <Panel title={t('record.results')}>
          {data.results.length === 0 ? (
            <p className="muted">{t('record.noResults')}</p>
          ) : (
            <ul className="rows">
              {data.results.map((result) => (
                <li key={result.file}>
                  <Link className="mono" to={`/viewer?result=${encodeURIComponent(result.file)}`}>
                    {result.file}
                  </Link>
                  <span className="muted num">{t('record.lineNo', { n: formatCount(result.line) })}</span>
                </li>
              ))}
            </ul>
          )}
        </Panel>
      </div>
      <Panel title={t('wire.bytes')} className="span-12">
        <RawLine table={TABLES['TXU']!} line={data.raw} />
      </Panel>
    </div>
  );
}

/** From the group through the fee rule to the positions, with the sums written out. */
function MoneyPanel({ data }: { data: Explained }) {
  const t = useT();
  const { group, fee_rule: rule } = data;
  return (
    <Panel title={t('record.money')}>
      {!group ? (
        <p className="muted">{t('record.noMoney')}</p>
      ) : (
        <>
          <p>
            {t('record.group')} <MemberName code={group.acquirer} /> × <MemberName code={group.issuer} /> × <Industry code={group.industry} />
          </p>
          <table className="plain-table">
            <tbody>
              <tr>
                <td>{t('flows.gross')}</td>
                <td className="muted num">{t('common.records', { n: formatCount(group.count) })}</td>
                <td className="right">
                  <Money fen={group.gross_fen} />
                </td>
              </tr>
              <tr>
                <td>{t('flows.issuerFee')}</td>
                <td className="muted num">{rule ? `× ${formatPpm(rule.issuer_rate_ppm)}` : t('record.noFee')}</td>
                <td className="right">
                  <Money fen={group.issuer_fee_fen} />
                </td>
              </tr>
              <tr>
                <td>{t('flows.centreFee')}</td>
                <td className="muted num">{rule ? `× ${formatPpm(rule.centre_rate_ppm)}` : t('record.noFee')}</td>
                <td className="right">
                  <Money fen={group.centre_fee_fen} />
                </td>
              </tr>
            </tbody>
          </table>
          {rule && (
            <p className="muted small">
              {t('record.rule', { n: rule.place })} {t('record.rounding')}
            </p>
          )}
          {data.positions.length > 0 && (
            <table className="plain-table">
              <thead>
                <tr>
                  <th>{t('nav.positions')}</th>
                  <th className="right">{t('record.receivable')}</th>
                  <th className="right">{t('record.payable')}</th>
                </tr>
              </thead>
              <tbody>
                {data.positions.map((p) => (
                  <tr key={p.member}>
                    <td>
                      <Link to={`/positions?clearing_date.from=${data.clearing_date}&clearing_date.to=${data.clearing_date}&member=${p.member}`}>{data.clearing_date}</Link> <MemberName code={p.member} />
                    </td>
                    <td className="right">
                      <Money fen={p.receivable_fen} />
                    </td>
                    <td className="right">
                      <Money fen={p.payable_fen} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </>
      )}
    </Panel>
  );
}
