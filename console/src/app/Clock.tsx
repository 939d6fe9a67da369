/** The clock of the centre, not of the person's computer: what decides about deadlines. */
import { Tooltip } from 'antd';
import { useEffect, useState } from 'react';
import { useDashboard } from '../api/dashboard';
import { useT } from '../i18n';

function wallClock(ms: number): string {
  return new Date(ms + 8 * 3_600_000).toISOString().slice(11, 19);
}

export function Clock() {
  const t = useT();
  const { data, dataUpdatedAt } = useDashboard();
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  if (!data) return null;
  return (
    <Tooltip title={`${t('app.serverClock')} UTC+8`}>
      <time className="clock num" aria-label={t('app.serverClock')}>
        {wallClock(Date.parse(data.clock) + Math.max(0, now - dataUpdatedAt))}
      </time>
    </Tooltip>
  );
}
