/** A file that a change names: sent as soon as it is chosen; the server says how many entries it has and which rows are wrong. */
import { UploadOutlined } from '@ant-design/icons';
import { Alert, Button, Upload } from 'antd';
import { useState } from 'react';
import { sendSchemeFile, type RowFault, type SentFile } from '../api/changes';
import { usePick, useT } from '../i18n';
import { formatCount } from '../lib/money';
import { ProblemView } from './ProblemView';

/** Rows shown; the file itself has the rest. */
const MOST = 50;

interface Props {
  of: 'cards' | 'scheme';
  id?: string;
  value?: SentFile;
  onChange?: (value: SentFile | undefined) => void;
}

export function SchemeFile({ of, id, value, onChange }: Props) {
  const t = useT();
  const [busy, setBusy] = useState(false);
  const [name, setName] = useState('');
  const [error, setError] = useState<unknown>(null);
  const take = async (file: File) => {
    setBusy(true);
    setError(null);
    setName(file.name);
    onChange?.(undefined);
    try {
      onChange?.(await sendSchemeFile(of, file));
    } catch (caught) {
      setError(caught);
    }
    setBusy(false);
  };
  return (
    <div className="stack">
      <Upload
        id={id}
        accept={of === 'cards' ? '.csv,.toml,.txt' : '.toml'}
        showUploadList={false}
        beforeUpload={(file) => {
          void take(file);
          return false;
        }}
      >
        <Button icon={<UploadOutlined />} loading={busy}>
          {t('form.chooseFile')}
        </Button>{' '}
        <span className="mono">{name}</span>
      </Upload>
      {error !== null && <ProblemView error={error} />}
      {value && <Alert showIcon type={value.faults?.length ? 'warning' : 'success'} title={t('form.fileEntries', { n: formatCount(value.entries) })} />}
      {value?.faults && <RowFaults faults={value.faults} />}
    </div>
  );
}

export function RowFaults({ faults }: { faults: RowFault[] }) {
  const t = useT();
  const pick = usePick();
  if (faults.length === 0) return null;
  return (
    <div className="row-faults" tabIndex={0} role="region" aria-label={t('form.rowFaults', { n: formatCount(faults.length) })}>
      <table className="plain-table">
        <caption>{t('form.rowFaults', { n: formatCount(faults.length) })}</caption>
        <thead>
          <tr>
            <th>{t('form.row')}</th>
            <th>{t('approval.field')}</th>
            <th>{t('common.reason')}</th>
          </tr>
        </thead>
        <tbody>
          {faults.slice(0, MOST).map((fault) => (
            <tr key={`${fault.row}.${fault.field}.${fault.code}`}>
              <td className="num">{fault.row}</td>
              <td className="mono">{fault.field || '—'}</td>
              <td>{pick(fault)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
