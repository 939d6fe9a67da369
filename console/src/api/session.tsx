/** Who is logged in, and what that account may do. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, useContext, useEffect, useMemo, type ReactNode } from 'react';
import { call, get, Problem, setCsrfToken, whenUnauthorized } from './http';
import type { OwnerKind, Session } from './types';

interface SessionState {
  /** `undefined` while the first answer is awaited, `null` when nobody is logged in. */
  session: Session | null | undefined;
  error: Problem | null;
  logIn: (login: string, password: string, totp?: string) => Promise<Session>;
  logOut: () => Promise<void>;
  reload: () => Promise<unknown>;
}

const SessionContext = createContext<SessionState | null>(null);
const KEY = ['session'];
/** Set while somebody is logged in here: the next start may fetch ahead. It grants nothing. */
export const HINT = 'tongka.loggedIn';

export async function fetchSession(): Promise<Session | null> {
  try {
    const session = await get<Session>('/session');
    setCsrfToken(session.csrf_token);
    localStorage.setItem(HINT, '1');
    return session;
  } catch (error) {
    if (error instanceof Problem && error.status === 401) {
      localStorage.removeItem(HINT);
      return null;
    }
    throw error;
  }
}

export function SessionProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const query = useQuery({ queryKey: KEY, queryFn: fetchSession, staleTime: Infinity, retry: false });

  useEffect(() => whenUnauthorized(() => client.setQueryData(KEY, null)), [client]);

  const state = useMemo<SessionState>(
    () => ({
      session: query.data,
      error: query.error instanceof Problem ? query.error : null,
      reload: () => query.refetch(),
      logIn: async (login, password, totp) => {
        const session = await call<Session>('POST', '/sessions', {
          body: { login, password, ...(totp ? { totp } : {}) },
        });
        setCsrfToken(session.csrf_token);
        client.removeQueries({ predicate: (q) => q.queryKey[0] !== KEY[0] });
        client.setQueryData(KEY, session);
        return session;
      },
      logOut: async () => {
        await call('DELETE', '/session');
        localStorage.removeItem(HINT);
        sessionStorage.clear();
        client.setQueryData(KEY, null);
        client.removeQueries({ predicate: (q) => q.queryKey[0] !== KEY[0] });
      },
    }),
    [client, query],
  );
  return <SessionContext value={state}>{children}</SessionContext>;
}

export function useSessionState(): SessionState {
  const state = useContext(SessionContext);
  if (!state) throw new Error('no SessionProvider');
  return state;
}

/** The session of a page that is only shown to someone logged in. */
export function useSession(): Session {
  const { session } = useSessionState();
  if (!session) throw new Error('nobody is logged in');
  return session;
}

export function useCan(): (permission: string) => boolean {
  const { session } = useSessionState();
  return useMemo(() => {
    const held = new Set(session?.permissions ?? []);
    return (permission: string) => held.has(permission);
  }, [session]);
}

/** Whose an account is, read from the API's words: `member:10002900`. */
export function ownerOf(owner: string): { kind: OwnerKind; code: string | null } {
  const [kind, code] = owner.split(':');
  return { kind: kind === 'member' || kind === 'tenant' ? kind : 'centre', code: code ?? null };
}

export function useOwner(): { kind: OwnerKind; code: string | null } {
  return ownerOf(useSession().account.owner);
}

export function useSide(): OwnerKind {
  return useOwner().kind;
}
