/** Ctrl+K: pages by name, and members, files, batches, cards by what the server finds. */
import { SearchOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Input, Modal } from 'antd';
import { useDeferredValue, useEffect, useMemo, useState } from 'react';
import { matchPath, useNavigate } from 'react-router';
import { get } from '../api/http';
import { useListSpec } from '../api/lists';
import type { Page } from '../api/types';
import { useSide } from '../api/session';
import { useT, type Translate } from '../i18n';
import { fuzzy } from '../lib/text';
import { usePages } from './access';
import { pageTitle } from './titles';

/** Something that the server found, and where it is shown. */
interface Hit {
  kind: string;
  label: string;
  path: string;
}

function kindOf(kind: string, t: Translate): string {
  switch (kind) {
    case 'member':
      return t('common.member');
    case 'file':
      return t('dash.files');
    case 'day':
      return t('nav.days');
    case 'card':
      return t('record.card');
    default:
      return kind;
  }
}

interface Entry {
  key: string;
  to: string;
  title: string;
  hint: string;
}

interface Group {
  title: 'app.palettePages' | 'app.paletteFound';
  entries: Entry[];
}

export function Palette({ open, setOpen }: { open: boolean; setOpen: (open: boolean) => void }) {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        setOpen(true);
      }
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [setOpen]);
  const t = useT();
  return (
    <Modal open={open} onCancel={() => setOpen(false)} footer={null} closable={false} destroyOnHidden width={620} className="palette" title={null} aria-label={t('app.palette')}>
      <Search done={() => setOpen(false)} />
    </Modal>
  );
}

function Search({ done }: { done: () => void }) {
  const t = useT();
  const side = useSide();
  const pages = usePages();
  const navigate = useNavigate();
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState(0);
  const listsUploads = Boolean(useListSpec('uploads'));
  const query = useDeferredValue(text.trim());
  const found = useQuery({
    queryKey: ['search', query],
    enabled: query.length >= 2,
    queryFn: async ({ signal }) => {
      const { items } = await get<{ items: Hit[] }>('/search', { q: query }, signal);
      // The search leaves out what is between the parts of a file's name; the list takes it as it is.
      if (!listsUploads || !query.includes('_')) return { items };
      const named = await get<Page>('/uploads', { 'name.like': query, limit: 8 }, signal);
      const files = named.items.map((row): Hit => ({ kind: 'file', label: String(row['name']), path: `/uploads/${String(row['name'])}` }));
      return { items: [...items.filter((hit) => !files.some((file) => file.path === hit.path)), ...files] };
    },
  });

  const groups = useMemo<Group[]>(() => {
    const named = (pages ?? [])
      .filter((page) => page.group)
      .map((page) => ({ key: page.path, to: page.path, title: pageTitle(page, t, side), hint: page.path }))
      .filter((entry) => fuzzy(`${entry.title} ${entry.hint}`, query));
    // The server finds by permission; a page may be the other side's.
    const opens = (hit: Hit) => (pages ?? []).some((page) => matchPath(page.path, hit.path.split('?')[0]!));
    const data = (query.length >= 2 ? (found.data?.items ?? []) : []).filter(opens).map((hit) => ({
      key: `${hit.kind} ${hit.path}`,
      to: hit.path,
      title: hit.label,
      hint: kindOf(hit.kind, t),
    }));
    const shownPages: Group = { title: 'app.palettePages', entries: named.slice(0, query ? 8 : 12) };
    const shownData: Group = { title: 'app.paletteFound', entries: data };
    // Who types a page's very name wants the page.
    const groups = query && named.some((entry) => entry.title.includes(query)) ? [shownPages, shownData] : [shownData, shownPages];
    return groups.filter((group) => group.entries.length > 0);
  }, [pages, found.data, query, side, t]);

  const all = groups.flatMap((group) => group.entries);
  const at = Math.min(chosen, all.length - 1);
  const go = (entry: Entry | undefined) => {
    if (!entry) return;
    done();
    void navigate(entry.to);
  };
  const option = (entry: Entry) => {
    const index = all.indexOf(entry);
    return (
      <li
        key={entry.key}
        id={`palette-${index}`}
        role="option"
        aria-selected={index === at}
        className={index === at ? 'chosen' : undefined}
        onMouseMove={() => setChosen(index)}
        onClick={() => go(entry)}
      >
        <span>{entry.title}</span>
        <span className="muted mono small">{entry.hint}</span>
      </li>
    );
  };
  return (
    <>
      <Input
        autoFocus
        size="large"
        variant="borderless"
        prefix={<SearchOutlined />}
        placeholder={t('app.palette')}
        value={text}
        role="combobox"
        aria-label={t('app.palette')}
        aria-expanded
        aria-controls="palette-list"
        aria-activedescendant={all.length ? `palette-${at}` : undefined}
        onChange={(event) => {
          setText(event.target.value);
          setChosen(0);
        }}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown') setChosen(Math.min(at + 1, all.length - 1));
          else if (event.key === 'ArrowUp') setChosen(Math.max(at - 1, 0));
          else if (event.key === 'Enter') go(all[at]);
          else return;
          event.preventDefault();
        }}
      />
      <div className="palette-list" id="palette-list" role="listbox" aria-label={t('app.palette')}>
        {groups.map((group) => (
          <ul key={group.title} role="group" aria-label={t(group.title)}>
            <li role="presentation" className="palette-head">
              {t(group.title)}
            </li>
            {group.entries.map(option)}
          </ul>
        ))}
        {all.length === 0 && !found.isFetching && <p className="muted palette-none">{t('app.paletteEmpty')}</p>}
      </div>
      <p className="muted small palette-hint">{t('app.paletteHint')}</p>
    </>
  );
}
