/** Keyset pages: the count, first, previous, next. Earlier cursors are kept, so that going back costs one click. */
import { LeftOutlined, RightOutlined, VerticalRightOutlined } from '@ant-design/icons';
import { Button, Select, Tooltip } from 'antd';
import { useRef } from 'react';
import { useT } from '../../i18n';
import { formatCount } from '../../lib/money';
import { limitOf } from '../../lib/listquery';
import type { Page } from '../../api/types';
import type { SetParams } from './params';

const SIZES = [20, 50, 100, 200, 500];

export function Pager({ page, params, setParams }: { page: Page | undefined; params: URLSearchParams; setParams: SetParams }) {
  const t = useT();
  const number = Math.max(1, Number(params.get('page')) || 1);
  const cursors = useRef(new Map<number, string>());
  const cursor = params.get('cursor');
  if (cursor) cursors.current.set(number, cursor);
  const go = (to: number, next: string | null) =>
    setParams((old) => {
      const changed = new URLSearchParams(old);
      if (next === null) {
        changed.delete('cursor');
        changed.delete('page');
      } else {
        changed.set('cursor', next);
        changed.set('page', String(to));
      }
      return changed;
    });
  const total = page ? (
    page.total_is_exact ? (
      <span>{t('list.total', { n: formatCount(page.total) })}</span>
    ) : (
      <Tooltip title={t('list.totalAboutHint', { n: formatCount(page.total) })}>
        <span>{t('list.totalAbout', { n: formatCount(page.total) })}</span>
      </Tooltip>
    )
  ) : (
    <span />
  );
  const previous = number === 2 ? null : cursors.current.get(number - 1);
  return (
    <div className="pager">
      {total}
      <span className="pager-gap" />
      <Button size="small" disabled={number === 1} icon={<VerticalRightOutlined />} aria-label={t('list.first')} title={t('list.first')} onClick={() => go(1, null)} />
      <Button size="small" disabled={number === 1 || previous === undefined} icon={<LeftOutlined />} aria-label={t('list.prev')} title={t('list.prev')} onClick={() => go(number - 1, previous ?? null)} />
      <span className="num">{t('list.page', { n: number })}</span>
      <Button size="small" disabled={!page?.next_cursor} icon={<RightOutlined />} aria-label={t('list.next')} title={t('list.next')} onClick={() => page?.next_cursor && go(number + 1, page.next_cursor)} />
      <Select
        size="small"
        aria-label={t('list.pageSize')}
        value={limitOf(params)}
        options={SIZES.map((n) => ({ value: n, label: t('list.perPage', { n }) }))}
        onChange={(limit: number) =>
          setParams((old) => {
            const changed = new URLSearchParams(old);
            for (const name of ['cursor', 'page']) changed.delete(name);
            changed.set('limit', String(limit));
            return changed;
          })
        }
      />
    </div>
  );
}
