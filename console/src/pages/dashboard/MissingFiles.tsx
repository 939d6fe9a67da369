/** Files that should have come: a warning before the deadline, an alarm after it. */
import { CheckCircleFilled } from '@ant-design/icons';
import type { Dashboard, DaySummary } from '../../api/types';
import { MemberName, ToneTag } from '../../components/figures';
import { Panel } from '../../components/Panel';
import { useT } from '../../i18n';
import { spanText } from '../../lib/span';
import { formatTime } from '../../lib/text';

export function MissingFiles({ files, day }: { files: Dashboard['missing_files']; day: DaySummary | null }) {
  const t = useT();
  const sorted = [...files].sort((a, b) => b.late_minutes - a.late_minutes);
  return (
    <Panel title={`${t('dash.missing')} ${files.length || ''}`} className="dash-missing">
      {sorted.length === 0 ? (
        <p className="all-fine">
          {!day ? (
            t('common.none')
          ) : day.files.accepted >= day.files.expected ? (
            <>
              <CheckCircleFilled className="tone-text-ok" /> {t('dash.missingNone')}
            </>
          ) : (
            // Nobody is late, but not everything is there either.
            t('dash.missingNotDue', { accepted: day.files.accepted, expected: day.files.expected })
          )}
        </p>
      ) : (
        <ul className="rows">
          {sorted.map((file) => (
            <li key={file.member + file.expected_by}>
              <MemberName code={file.member} />
              <span className="muted num">{t('dash.expectedBy', { time: formatTime(file.expected_by).slice(5, 16) })}</span>
              {file.late_minutes > 0 ? (
                <ToneTag tone="bad">{t('dash.late', { time: spanText(t, file.late_minutes) })}</ToneTag>
              ) : (
                <ToneTag tone={file.late_minutes > -30 ? 'warn' : 'plain'}>{t('dash.dueIn', { time: spanText(t, -file.late_minutes) })}</ToneTag>
              )}
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
