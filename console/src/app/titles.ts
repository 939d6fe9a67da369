/** Titles of pages and tabs. */
import { matchPath } from 'react-router';
import type { Translate } from '../i18n';
import { PAGES, type PageDef } from './pages';

export function pageTitle(page: PageDef, t: Translate, side: string, params: Record<string, string | undefined> = {}): string {
  const key = side === 'member' && page.memberTitle ? page.memberTitle : page.title;
  return t(key, Object.fromEntries(Object.entries(params).map(([name, value]) => [name, value ?? ''])));
}

/** The title of a path, from the page it belongs to. */
export function titleOf(path: string, t: Translate, side: string): string {
  for (const page of PAGES) {
    const match = matchPath(page.path, path);
    if (match) return pageTitle(page, t, side, match.params);
  }
  return t('nav.notFound');
}
