/** Who is logged in, and what that account may do. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, useCallback, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { call, get, Problem, setCsrfToken, whenUnauthorized } from './http';
import type { OwnerKind, Session } from './types';

/** Why nobody is logged in any more: left, idle too long, or the server no longer knows the session. */
export type Ending = 'out' | 'idle' | 'lost';

interface SessionState {
  /** `undefined` while the first answer is awaited, `null` when nobody is logged in. */
  session: Session | null | undefined;
  error: Problem | null;
  logIn: (login: string, password: string, totp?: string) => Promise<Session>;
  /** Why the last session of this window ended. */
  ended: Ending | null;
  end: (why: Ending) => Promise<void>;
  reload: () => Promise<unknown>;
}

const SessionContext = createContext<SessionState | null>(null);
const KEY = ['session'];
const OPENED_BY = 'tongka.openedBy';
export const DASHBOARD_PERMISSION = 'dashboard.read';
/** Set while somebody is logged in here, with what the next start may fetch ahead. It grants nothing. */
export const HINT = 'tongka.loggedIn';

function welcome(session: Session): Session {
  setCsrfToken(session.csrf_token);
  localStorage.setItem(HINT, session.permissions.includes(DASHBOARD_PERMISSION) ? DASHBOARD_PERMISSION : 'lists');
  return session;
}

/** The pages that stayed open are for the account that opened them. */
function leavePagesOfOthers(session: Session): void {
  const who = String(session.account.id);
  if (sessionStorage.getItem(OPENED_BY) !== who) sessionStorage.clear();
  sessionStorage.setItem(OPENED_BY, who);
}

export async function fetchSession(): Promise<Session | null> {
  try {
    const session = await get<Session>('/session');
    return welcome(session);
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

  const [ended, setEnded] = useState<Ending | null>(() => (localStorage.getItem(HINT) ? 'lost' : null));
  // Pages ask on while a session is ended: that they are refused is no reason of its own.
  const leaving = useRef(false);
  const forget = useCallback(
    (why: Ending) => {
      if (why === 'lost' && (leaving.current || client.getQueryData(KEY) === null)) return;
      localStorage.removeItem(HINT);
      setCsrfToken(null);
      setEnded(why);
      client.setQueryData(KEY, null);
      client.removeQueries({ predicate: (q) => q.queryKey[0] !== KEY[0] });
    },
    [client],
  );

  useEffect(() => whenUnauthorized(() => forget('lost')), [forget]);
  // Asked again while somebody was logged in, and the server knew nothing: the same as a refused call.
  const known = useRef(false);
  useEffect(() => {
    if (query.data) known.current = true;
    else if (query.data === null && known.current) {
      known.current = false;
      setEnded((why) => why ?? 'lost');
    }
  }, [query.data]);

  const end = useCallback(
    async (why: Ending) => {
      // Whoever leaves takes the open pages along; whoever was away finds them again.
      if (why === 'out') sessionStorage.clear();
      leaving.current = true;
      try {
        await call('DELETE', '/session');
      } catch {
        // The session is gone already, or the network is: either way nothing is shown any more.
      }
      forget(why);
      leaving.current = false;
    },
    [forget],
  );
  const { refetch } = query;
  const reload = useCallback(() => refetch(), [refetch]);

  const state = useMemo<SessionState>(
    () => ({
      session: query.data,
      error: query.error instanceof Problem ? query.error : null,
      ended,
      end,
      reload,
      logIn: async (login, password, totp) => {
        const session = await call<Session>('POST', '/sessions', {
          body: { login, password, ...(totp ? { totp } : {}) },
        });
        welcome(session);
        setEnded(null);
        leavePagesOfOthers(session);
        client.removeQueries({ predicate: (q) => q.queryKey[0] !== KEY[0] });
        client.setQueryData(KEY, session);
        return session;
      },
    }),
    [client, query.data, query.error, ended, end, reload],
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

/** Whether an upload may be opened: the centre opens all, a member those it sent, which their name tells. */
export function useOpensUpload(): (name: string) => boolean {
  const { kind, code } = useOwner();
  const can = useCan();
  return useMemo(() => (name: string) => can('file.read') && (kind === 'centre' || name.slice(13, 21) === code), [kind, code, can]);
}

export function useSide(): OwnerKind {
  return useOwner().kind;
}
