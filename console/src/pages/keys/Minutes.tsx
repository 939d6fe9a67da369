/** The minutes of a ceremony, to print and sign: who, when, check values. No key and no component. */
import { Descriptions } from 'antd';
import type { Ceremony } from '../../api/keys';
import { Time } from '../../components/figures';
import { useT, type MessageKey } from '../../i18n';

export function Minutes({ ceremony }: { ceremony: Ceremony }) {
  const t = useT();
  const { key } = ceremony;
  return (
    <article className="panel panel-body minutes">
      <h2>{t('minutes.title')}</h2>
      <Descriptions
        size="small"
        bordered
        column={2}
        items={[
          { key: 'name', label: t('key.name'), children: <span className="mono">{key.name}</span> },
          { key: 'usage', label: t('key.usage'), children: `${key.usage} ${t(`key.usage.${key.usage}` as MessageKey)}` },
          { key: 'algorithm', label: t('key.algorithm'), children: key.sm4 ? 'SM4' : '3DES' },
          { key: 'level', label: t('key.level'), children: t(`key.level.${key.level}` as MessageKey) },
          { key: 'version', label: `${t('key.version')} / ${t('key.index')}`, children: `${key.version} / ${key.index}` },
          { key: 'kcv', label: t('minutes.kcv'), children: <b className="mono">{ceremony.kcv}</b> },
          { key: 'device', label: t('minutes.device'), children: ceremony.device },
          { key: 'at', label: t('common.time'), children: <Time value={ceremony.finished_at} /> },
          { key: 'leader', label: t('ceremony.leader'), children: ceremony.leader },
        ]}
      />
      <table className="plain-table minutes-table">
        <thead>
          <tr>
            <th>#</th>
            <th>{t('key.custodian')}</th>
            <th>{t('ceremony.componentKcv')}</th>
            <th>{t('minutes.enteredAt')}</th>
            <th>{t('minutes.signature')}</th>
          </tr>
        </thead>
        <tbody>
          {ceremony.participants.map((p, at) => (
            <tr key={p.custodian}>
              <td>{at + 1}</td>
              <td>{p.custodian}</td>
              <td className="mono">{p.kcv}</td>
              <td>
                <Time value={p.entered_at} />
              </td>
              <td className="signature-cell" />
            </tr>
          ))}
        </tbody>
      </table>
      <p className="muted">{t('minutes.note')}</p>
    </article>
  );
}
