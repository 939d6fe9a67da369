/** 双边矩阵: money between cities of one clearing date. */
import { DatePicker, Empty, Skeleton } from 'antd';
import dayjs from 'dayjs';
import { useDashboard } from '../../api/dashboard';
import { useFlows } from '../../api/days';
import { FlowViews } from '../../components/flows/FlowViews';
import { useUrlParams } from '../../components/list/params';
import { PageHead } from '../../components/PageHead';
import { ProblemView } from '../../components/ProblemView';
import { useT } from '../../i18n';

export default function FlowsPage() {
  const t = useT();
  const [params, setParams] = useUrlParams();
  const { data } = useDashboard();
  const date = params.get('date') ?? data?.last_closed?.clearing_date ?? null;
  const flows = useFlows(date);
  return (
    <section className="page">
      <PageHead title={t('nav.flows')}>
        <label>
          {t('flows.date')}{' '}
          <DatePicker
            allowClear={false}
            value={date ? dayjs(date) : null}
            onChange={(day) =>
              setParams((old) => {
                const next = new URLSearchParams(old);
                next.set('date', day!.format('YYYY-MM-DD'));
                return next;
              })
            }
          />
        </label>
      </PageHead>
      <div className="panel panel-body">
        {flows.error ? (
          <ProblemView error={flows.error} retry={() => void flows.refetch()} />
        ) : flows.data ? (
          <FlowViews data={flows.data} params={params} setParams={setParams} />
        ) : data && !date ? (
          <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('common.empty')} />
        ) : (
          <Skeleton active paragraph={{ rows: 10 }} />
        )}
      </div>
    </section>
  );
}
