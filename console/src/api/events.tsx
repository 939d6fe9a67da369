/**
 * Live news from the server (server-sent events). An event only says what changed: pages then ask again, so that what
 * they show always comes from the same place. The browser reconnects by itself with Last-Event-ID.
 */
import { useQueryClient } from '@tanstack/react-query';
import { createContext, useContext, useEffect, useState, type ReactNode } from 'react';
import { href } from './http';

const KINDS: Record<string, string[][]> = {
  day: [['dashboard'], ['day'], ['list'], ['today']],
  file: [['dashboard'], ['list', 'uploads'], ['list', 'receipts'], ['list', 'result-files'], ['today']],
  job: [['dashboard'], ['job'], ['list', 'jobs']],
  approval: [['dashboard'], ['approval'], ['list', 'approvals'], ['list', 'suspicious'], ['list', 'adjustments']],
};

/** `null` until the server has answered for the first time. */
const LiveContext = createContext<boolean | null>(null);

export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const [live, setLive] = useState<boolean | null>(null);
  useEffect(() => {
    const source = new EventSource(href('/events'));
    source.onopen = () => setLive(true);
    source.onerror = () => setLive(false);
    for (const [kind, keys] of Object.entries(KINDS)) {
      source.addEventListener(kind, () => {
        setLive(true);
        for (const queryKey of keys) void client.invalidateQueries({ queryKey });
      });
    }
    return () => source.close();
  }, [client]);
  return <LiveContext value={live}>{children}</LiveContext>;
}

export function useLive(): boolean | null {
  return useContext(LiveContext);
}
