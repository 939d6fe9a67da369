/**
 * Two languages, Chinese first. Every text of the console itself is in `messages/`, both languages side by side;
 * texts that the server owns arrive as `{zh, en}` and go through `pick`.
 */
import { createContext, useContext, useMemo, useState, type ReactNode } from 'react';
import { catalogue, type MessageKey } from './messages';

export type Language = 'zh' | 'en';
export type { MessageKey };

/** Values for `{name}` places of a message. */
export type Params = Record<string, string | number>;
export type Translate = (key: MessageKey, params?: Params) => string;

export function translate(language: Language, key: MessageKey, params?: Params): string {
  const text = catalogue[key][language === 'zh' ? 0 : 1];
  if (!params) return text;
  return text.replace(/\{(\w+)\}/g, (place, name: string) => (name in params ? String(params[name]) : place));
}

interface LanguageState {
  language: Language;
  setLanguage: (language: Language) => void;
}

const LanguageContext = createContext<LanguageState | null>(null);
const STORED = 'tongka.language';

export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, set] = useState<Language>(() => (localStorage.getItem(STORED) === 'en' ? 'en' : 'zh'));
  const state = useMemo(
    () => ({
      language,
      setLanguage: (next: Language) => {
        localStorage.setItem(STORED, next);
        document.documentElement.lang = next === 'zh' ? 'zh-CN' : 'en';
        set(next);
      },
    }),
    [language],
  );
  return <LanguageContext value={state}>{children}</LanguageContext>;
}

export function useLanguage(): LanguageState {
  const state = useContext(LanguageContext);
  if (!state) throw new Error('no LanguageProvider');
  return state;
}

/** The translate function of the present language. */
export function useT(): Translate {
  const { language } = useLanguage();
  return useMemo(() => (key: MessageKey, params?: Params) => translate(language, key, params), [language]);
}

/** Picks a text that came from the server in both languages. */
export function usePick(): (text: { zh?: string | null; en?: string | null } | null | undefined) => string {
  const { language } = useLanguage();
  return useMemo(
    () => (text) => (!text ? '' : (language === 'zh' ? (text.zh ?? text.en) : (text.en ?? text.zh)) ?? ''),
    [language],
  );
}
