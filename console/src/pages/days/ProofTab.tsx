/** The second computation from the raw files against the books. */
import { Alert, Empty, Skeleton } from 'antd';
import { useProof } from '../../api/days';
import type { DaySummary } from '../../api/types';
import { Money } from '../../components/figures';
import { ProblemView } from '../../components/ProblemView';
import { useT } from '../../i18n';
import { formatCount } from '../../lib/money';
import { formatTime } from '../../lib/text';

export function ProofTab({ day }: { day: DaySummary }) {
  const t = useT();
  const proof = useProof(day.clearing_date);
  if (proof.error) return <ProblemView error={proof.error} retry={() => void proof.refetch()} />;
  if (!proof.data) return <Skeleton active />;
  const { state, proved_at: at, differences, error } = proof.data;
  if (state === 'none') return <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('day.proofNone')} />;
  if (state === 'running') return <Alert type="info" showIcon title={t('day.proofRunning')} />;
  if (state === 'failed') return <Alert type="error" showIcon title={t('day.proofFailed')} description={error} />;
  const agrees = differences.length === 0 && proof.data.imbalance_fen === 0;
  const rows = [
    [t('day.proofUploads'), formatCount(proof.data.uploads)],
    [t('day.proofRaw'), formatCount(proof.data.raw_records)],
    [t('day.proofLake'), formatCount(proof.data.lake_records)],
    [t('day.proofFiles'), formatCount(proof.data.result_files)],
    [t('day.proofImbalance'), <Money key="m" fen={proof.data.imbalance_fen} />],
  ];
  return (
    <div className="stack">
      <Alert showIcon type={agrees ? 'success' : 'error'} title={t(agrees ? 'day.proofAgrees' : 'day.proofDiffers')} description={at && formatTime(at)} />
      <div className="panel panel-body">
        <table className="plain-table narrow">
          <tbody>
            {rows.map(([name, value], i) => (
              <tr key={i}>
                <td>{name}</td>
                <td className="right num">{value}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {differences.length > 0 && (
          <>
            <h3 className="sub">{t('day.proofDifferences')}</h3>
            <ul className="plain-list">
              {differences.map((line) => (
                <li key={line} className="mono">
                  {line}
                </li>
              ))}
            </ul>
          </>
        )}
      </div>
    </div>
  );
}
