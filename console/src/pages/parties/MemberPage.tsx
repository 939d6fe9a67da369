/** One member: who it is and everything the scheme book says of it. */
import { useQuery } from '@tanstack/react-query';
import { Descriptions, Empty, Skeleton, Tabs } from 'antd';
import { useParams } from 'react-router';
import { get } from '../../api/http';
import { useListSpec, useLists } from '../../api/lists';
import { useCan } from '../../api/session';
import type { Page, Row } from '../../api/types';
import { useTabTitle } from '../../app/tabs';
import { EmbeddedList } from '../../components/list/EmbeddedList';
import { CellValue } from '../../components/list/cell';
import { useUrlParams } from '../../components/list/params';
import { PageHead } from '../../components/PageHead';
import { Panel } from '../../components/Panel';
import { ProblemView } from '../../components/ProblemView';
import { usePick, useT, type MessageKey } from '../../i18n';
import { CONFIGS } from '../lists/configs';
import { SetExpected, SetReserve } from './actions';
import { ChangeButton } from './ChangeButton';

/** Lists about a member, with the column that names it. */
const LISTS: [list: string, column: string, title: MessageKey][] = [
  ['issuers', 'member', 'nav.issuers'],
  ['psam-ranges', 'member', 'nav.psamRanges'],
  ['certificates', 'member', 'nav.certificates'],
  ['certificate-uploads', 'member', 'nav.certificateUploads'],
  ['fees', 'issuer', 'member.feesIssuer'],
  ['fees', 'acquirer', 'member.feesAcquirer'],
  ['reserves', 'member', 'nav.reserves'],
  ['reserve-events', 'member', 'nav.reserveEvents'],
  ['expected-files', 'member', 'nav.expectedFiles'],
  ['uploads', 'member', 'nav.uploads'],
  ['positions', 'member', 'nav.positions'],
  ['accounts', 'member', 'nav.accounts'],
];

export default function MemberPage() {
  const t = useT();
  const pick = usePick();
  const code = useParams()['code']!;
  const [params, setParams] = useUrlParams();
  const spec = useListSpec('members');
  const lists = useLists().data ?? [];
  const member = useQuery({ queryKey: ['list', 'members', 'one', code], queryFn: async () => (await get<Page>('/members', { code, limit: 1 })).items[0] ?? null });
  useTabTitle(member.data ? String(member.data['name']) : null);
  if (member.error) return <ProblemView error={member.error} retry={() => void member.refetch()} />;
  if (member.isPending || !spec) return <Skeleton active className="panel-body" />;
  if (!member.data) return <Empty description={t('error.notFound')} className="panel-body" />;
  const row = member.data;
  const tabs = LISTS.filter(([list, column]) => lists.some((l) => l.name === list && l.columns.some((c) => c.name === column && c.filterable)));
  return (
    <section className="page">
      <PageHead
        title={
          <>
            {String(row['name'])} <span className="code muted">{code}</span>
          </>
        }
      >
        <Deeds row={row} />
      </PageHead>
      <Panel title={t('member.facts')}>
        <Descriptions
          size="small"
          column={{ xs: 1, md: 2, lg: 3, xl: 4 }}
          items={spec.columns.filter((column) => column.name !== 'code').map((column) => ({ key: column.name, label: pick(column), children: <CellValue spec={column} value={row[column.name]} /> }))}
        />
      </Panel>
      <Tabs
        size="small"
        className="page-tabs"
        activeKey={params.get('tab') ?? `${tabs[0]?.[0]}.${tabs[0]?.[1]}`}
        onChange={(next) => setParams(() => new URLSearchParams({ tab: next }))}
        items={tabs.map(([list, column, title]) => ({
          key: `${list}.${column}`,
          label: t(title),
          children: (
            <>
              <TabDeeds list={list} code={code} />
              <EmbeddedList name={list} fixed={{ [column]: code }} config={CONFIGS[list]} />
            </>
          ),
        }))}
      />
    </section>
  );
}

function Deeds({ row }: { row: Row }) {
  const t = useT();
  const { code, name, city } = row;
  const state = String(row['state']);
  if (state === 'closed') return null;
  return (
    <>
      <ChangeButton kind="member.edit" label={t('common.edit')} known={{ code, name, city }} />
      {state === 'suspended' ? (
        <ChangeButton kind="member.resume" label={t('member.resume')} known={{ code }} />
      ) : (
        <ChangeButton kind="member.suspend" label={t('member.suspend')} known={{ code }} danger />
      )}
      <ChangeButton kind="member.close" label={t('member.close')} known={{ code }} danger />
    </>
  );
}

/** What can be added to each of a member's lists. */
function TabDeeds({ list, code }: { list: string; code: string }) {
  const t = useT();
  const can = useCan();
  if (!can('member.propose')) return null;
  const button = {
    issuers: <ChangeButton kind="member.issuer.add" label={t('member.addIssuer')} known={{ member: code }} />,
    'psam-ranges': <ChangeButton kind="member.psam.add" label={t('member.addPsam')} known={{ member: code, state: 'active' }} />,
    certificates: <ChangeButton kind="member.certificate.register" label={t('member.addCertificate')} known={{ member: code }} />,
    reserves: <SetReserve member={code} />,
    'expected-files': <SetExpected member={code} />,
  }[list];
  return button ? <div className="tab-tools">{button}</div> : null;
}
