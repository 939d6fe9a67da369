/** Which pages an account has: by whose it is, by permission, by the lists the server offers it. */
import { useMemo } from 'react';
import { useLists } from '../api/lists';
import { ownerOf, useSession } from '../api/session';
import { PAGES, type PageDef } from './pages';

export function pageIsOffered(page: PageDef, side: string, permissions: ReadonlySet<string>, lists: ReadonlySet<string>): boolean {
  if (page.sides && !(page.sides as string[]).includes(side)) return false;
  if (page.list && !lists.has(page.list)) return false;
  if (page.permissions && !page.permissions.some((p) => permissions.has(p))) return false;
  return true;
}

/** The pages of the account; `undefined` until the server has said which lists it offers. */
export function usePages(): PageDef[] | undefined {
  const session = useSession();
  const { data: lists, isError } = useLists();
  return useMemo(() => {
    if (!lists && !isError) return undefined;
    const names = new Set((lists ?? []).map((list) => list.name));
    const held = new Set(session.permissions);
    return PAGES.filter((page) => pageIsOffered(page, ownerOf(session.account.owner).kind, held, names));
  }, [session, lists, isError]);
}
