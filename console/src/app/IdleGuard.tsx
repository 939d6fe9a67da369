/**
 * Ends a session that nobody uses: the pages keep asking the server by themselves, so only hands on the keyboard or the
 * mouse count, in any window of this browser. A minute before the end there is a warning that any choice answers.
 */
import { Modal } from 'antd';
import { useCallback, useEffect, useRef, useState } from 'react';
import { useSession, useSessionState } from '../api/session';
import { useT } from '../i18n';
import { secondsLeft, WARNING_SECONDS } from '../lib/idle';

const STORED = 'tongka.activity';
const SIGNS = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'] as const;
/** Movements closer together than this are one. */
const PAUSE_MS = 2000;

export function IdleGuard() {
  const t = useT();
  const { idle_minutes: minutes } = useSession();
  const { end, reload } = useSessionState();
  const limit = minutes * 60;
  const [left, setLeft] = useState(limit);
  const warning = left <= Math.min(WARNING_SECONDS, limit / 2);
  const warned = useRef(warning);
  warned.current = warning;
  const told = useRef(Date.now());

  const stay = useCallback(() => {
    localStorage.setItem(STORED, String(Date.now()));
    setLeft(limit);
    told.current = Date.now();
    void reload();
  }, [limit, reload]);

  useEffect(() => {
    let last = 0;
    localStorage.setItem(STORED, String(Date.now()));
    const onSign = () => {
      const now = Date.now();
      // A warning is answered by choosing, not by brushing the mouse.
      if (warned.current || now - last < PAUSE_MS) return;
      last = now;
      localStorage.setItem(STORED, String(now));
    };
    const look = () => {
      const used = Number(localStorage.getItem(STORED)) || Date.now();
      const remaining = secondsLeft(used, Date.now(), limit);
      setLeft(remaining);
      if (remaining <= 0) void end('idle');
      else if (used > told.current && Date.now() - told.current > (limit * 1000) / 3) {
        // Somebody works without asking anything, filling in a form: the server has to know.
        told.current = Date.now();
        void reload();
      }
    };
    for (const sign of SIGNS) addEventListener(sign, onSign, { passive: true });
    const timer = setInterval(look, 1000);
    return () => {
      for (const sign of SIGNS) removeEventListener(sign, onSign);
      clearInterval(timer);
    };
  }, [limit, end, reload]);

  return (
    <Modal
      open={warning}
      title={t('idle.title')}
      okText={t('idle.stay')}
      cancelText={t('app.logout')}
      onOk={stay}
      onCancel={() => void end('out')}
      closable={false}
      keyboard={false}
      mask={{ closable: false }}
      zIndex={2000}
    >
      <p role="alert">{t('idle.text', { seconds: Math.max(0, left), minutes })}</p>
    </Modal>
  );
}
