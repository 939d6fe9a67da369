/** 密钥盘点: every key of the books held against the device, and what the device has besides. */
import { Alert, Empty, Skeleton } from 'antd';
import { useInventory, type Inventory } from '../../api/keys';
import type { Tone } from '../../api/types';
import { ToneTag } from '../../components/figures';
import { PageHead } from '../../components/PageHead';
import { ProblemView } from '../../components/ProblemView';
import { useT } from '../../i18n';

const TONES: Record<Inventory['items'][number]['finding'], Tone> = { sound: 'ok', missing: 'bad', differs: 'bad', remains: 'warn', unknown: 'warn' };

export default function InventoryPage() {
  const t = useT();
  const inventory = useInventory();
  const items = [...(inventory.data?.items ?? [])].sort((a, b) => Number(a.finding === 'sound') - Number(b.finding === 'sound') || a.name.localeCompare(b.name));
  const wrong = items.filter((item) => item.finding !== 'sound').length;
  return (
    <section className="page">
      <PageHead title={t('nav.keyInventory')} intro={t('inventory.intro')} />
      <div className="panel panel-body stack">
        {inventory.error ? (
          <ProblemView error={inventory.error} retry={() => void inventory.refetch()} />
        ) : !inventory.data ? (
          <Skeleton active />
        ) : (
          <>
            <Alert
              showIcon
              type={wrong ? 'error' : 'success'}
              title={wrong ? t('inventory.wrong', { n: wrong }) : t('inventory.allSound', { n: items.length })}
              description={`${t('minutes.device')} ${inventory.data.device}`}
            />
            {items.length === 0 ? (
              <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('common.empty')} />
            ) : (
              <table className="plain-table">
                <thead>
                  <tr>
                    <th>{t('key.name')}</th>
                    <th>{t('inventory.finding')}</th>
                  </tr>
                </thead>
                <tbody>
                  {items.map((item) => (
                    <tr key={item.name}>
                      <td className="mono">{item.name}</td>
                      <td>
                        <ToneTag tone={TONES[item.finding]}>{t(`inventory.${item.finding}`)}</ToneTag>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )}
          </>
        )}
      </div>
    </section>
  );
}
