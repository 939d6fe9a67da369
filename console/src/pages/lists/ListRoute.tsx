/** The page of a list. What the console knows about single lists is in `configs`. */
import type { ComponentType } from 'react';
import { useListSpec } from '../../api/lists';
import { ListView } from '../../components/list/ListView';
import { useUrlParams } from '../../components/list/params';
import { PageHead } from '../../components/PageHead';
import { usePick, useT } from '../../i18n';
import { CONFIGS } from './configs';

const pages = new Map<string, ComponentType>();

export function listRoute(name: string): ComponentType {
  let found = pages.get(name);
  if (!found) {
    found = () => <ListPage name={name} />;
    pages.set(name, found);
  }
  return found;
}

function ListPage({ name }: { name: string }) {
  const t = useT();
  const pick = usePick();
  const spec = useListSpec(name);
  const [params, setParams] = useUrlParams();
  const config = CONFIGS[name];
  return (
    <section className="page">
      <PageHead title={pick(spec)} intro={config?.intro && t(config.intro)} />
      <ListView name={name} params={params} setParams={setParams} config={config} />
    </section>
  );
}
