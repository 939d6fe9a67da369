/** How this account likes to see things: theme and money unit. Kept in the browser, so that the first paint is right. */
import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';
import type { MoneyUnit } from '../lib/money';

export type ThemeMode = 'light' | 'dark';

interface Display {
  theme: ThemeMode;
  setTheme: (theme: ThemeMode) => void;
  unit: MoneyUnit;
  setUnit: (unit: MoneyUnit) => void;
}

const DisplayContext = createContext<Display | null>(null);

export function DisplayProvider({ children }: { children: ReactNode }) {
  const [theme, setTheme] = useState<ThemeMode>(() => {
    const stored = localStorage.getItem('tongka.theme');
    if (stored === 'dark' || stored === 'light') return stored;
    return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  });
  const [unit, setUnit] = useState<MoneyUnit>(() => (localStorage.getItem('tongka.unit') === 'wan' ? 'wan' : 'yuan'));
  useEffect(() => {
    document.documentElement.dataset['theme'] = theme;
  }, [theme]);
  const display = useMemo(
    () => ({
      theme,
      setTheme: (next: ThemeMode) => {
        localStorage.setItem('tongka.theme', next);
        setTheme(next);
      },
      unit,
      setUnit: (next: MoneyUnit) => {
        localStorage.setItem('tongka.unit', next);
        setUnit(next);
      },
    }),
    [theme, unit],
  );
  return <DisplayContext value={display}>{children}</DisplayContext>;
}

export function useDisplay(): Display {
  const display = useContext(DisplayContext);
  if (!display) throw new Error('no DisplayProvider');
  return display;
}
