/** One role: what it may do, by area. Duties that must not meet are said before the server refuses them. */
import { useQuery } from '@tanstack/react-query';
import { Alert, Checkbox, Skeleton } from 'antd';
import { useMemo, useState } from 'react';
import { useParams } from 'react-router';
import { call, get } from '../../api/http';
import { useCan } from '../../api/session';
import { useTabTitle } from '../../app/tabs';
import { ActionButton } from '../../components/ActionButton';
import { ToneTag } from '../../components/figures';
import { PageHead } from '../../components/PageHead';
import { Panel } from '../../components/Panel';
import { RoleNames } from './RoleNames';
import { ProblemView } from '../../components/ProblemView';
import { usePick, useT } from '../../i18n';
import { clashes, type Permission } from '../../lib/duties';

interface Role {
  code: string;
  zh: string;
  en: string;
  permissions: string[];
  built_in: boolean;
}

export default function RolePage() {
  const t = useT();
  const code = useParams()['code']!;
  const role = useQuery({ queryKey: ['role', code], queryFn: () => get<Role>(`/roles/${encodeURIComponent(code)}`) });
  const permissions = useQuery({ queryKey: ['permissions'], staleTime: Infinity, queryFn: async () => (await get<{ permissions: Permission[] }>('/permissions')).permissions });
  useTabTitle(`${t('nav.roles')} ${code}`);
  const error = role.error ?? permissions.error;
  if (error) return <ProblemView error={error} />;
  if (!role.data || !permissions.data) return <Skeleton active className="panel-body" />;
  return <Editor key={role.data.permissions.join()} role={role.data} all={permissions.data} />;
}

function Editor({ role, all }: { role: Role; all: Permission[] }) {
  const t = useT();
  const pick = usePick();
  const can = useCan();
  const [held, setHeld] = useState<ReadonlySet<string>>(new Set(role.permissions));
  const areas = useMemo(() => [...new Set(all.map((p) => p.code.split('.')[0]!))], [all]);
  const conflicts = clashes(all, held);
  const changed = held.size !== role.permissions.length || role.permissions.some((p) => !held.has(p));
  const may = can('access.role') && !role.built_in;
  const toggle = (code: string, on: boolean) => {
    const next = new Set(held);
    if (on) next.add(code);
    else next.delete(code);
    setHeld(next);
  };
  return (
    <section className="page">
      <PageHead
        title={
          <>
            {pick(role)} <span className="code muted">{role.code}</span>
          </>
        }
        intro={role.built_in ? t('role.builtIn', { n: held.size }) : t('role.intro', { n: held.size })}
      >
        {may && (
          <ActionButton<{ zh: string; en: string }>
            primary
            label={t('common.save')}
            disabled={!changed ? t('role.unchanged') : conflicts.length ? t('role.conflict') : undefined}
            initial={{ zh: role.zh, en: role.en }}
            submit={(values) => call('PUT', `/roles/${encodeURIComponent(role.code)}`, { body: { ...values, permissions: [...held].sort() } })}
            invalidate={[['role', role.code], ['list', 'roles'], ['session']]}
          >
            <RoleNames />
          </ActionButton>
        )}
      </PageHead>
      {conflicts.map((area) => (
        <Alert key={area} type="error" showIcon title={t('role.clash', { area })} className="dialog-note" />
      ))}
      <div className="role-grid">
        {areas.map((area) => (
          <Panel key={area} title={<span className="mono">{area}</span>}>
            {all
              .filter((p) => p.code.startsWith(`${area}.`))
              .map((p) => (
                <div key={p.code} className="role-row">
                  <Checkbox checked={held.has(p.code)} disabled={!may} onChange={(e) => toggle(p.code, e.target.checked)}>
                    {pick(p)}
                  </Checkbox>
                  {p.duty === 'maker' && <ToneTag tone="info">{t('role.maker')}</ToneTag>}
                  {p.duty === 'checker' && <ToneTag tone="warn">{t('role.checker')}</ToneTag>}
                </div>
              ))}
          </Panel>
        ))}
      </div>
    </section>
  );
}
