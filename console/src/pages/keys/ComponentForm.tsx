/**
 * One custodian's turn. The component lives in the input element alone: not in React's state, not in the query cache,
 * and the input is emptied the moment it is sent, whatever the answer.
 */
import { EyeInvisibleOutlined } from '@ant-design/icons';
import { useQueryClient } from '@tanstack/react-query';
import { Alert, Button, Checkbox, Input } from 'antd';
import { useId, useRef, useState, type FormEvent } from 'react';
import { call } from '../../api/http';
import type { Ceremony } from '../../api/keys';
import { Panel } from '../../components/Panel';
import { ProblemView } from '../../components/ProblemView';
import { useT } from '../../i18n';
import { randomKey } from '../../lib/text';

/** Hex digits of a component: both algorithms have keys of 16 bytes. */
const DIGITS = 32;

export function ComponentForm({ ceremony, custodian, place }: { ceremony: Ceremony; custodian: string; place: number }) {
  const t = useT();
  const id = useId();
  const client = useQueryClient();
  const form = useRef<HTMLFormElement>(null);
  const [alone, setAlone] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [problem, setProblem] = useState('');
  const [digits, setDigits] = useState(0);
  const [busy, setBusy] = useState(false);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const inputs = new FormData(form.current!);
    const text = (name: string) => String(inputs.get(name) ?? '');
    const component = text('component').replaceAll(/\s/g, '').toUpperCase();
    const kcv = text('kcv').trim().toUpperCase();
    setError(null);
    setProblem('');
    if (!/^[0-9A-F]+$/.test(component) || component.length !== DIGITS) return setProblem(t('ceremony.badComponent', { n: DIGITS }));
    if (!/^[0-9A-F]{6}$/.test(kcv)) return setProblem(t('ceremony.badKcv'));
    const body = { custodian, passphrase: text('passphrase'), component, kcv };
    form.current!.reset();
    setDigits(0);
    setAlone(false);
    setBusy(true);
    try {
      await call('POST', `/key-ceremonies/${ceremony.id}/components`, { key: randomKey(), body });
    } catch (caught) {
      setError(caught);
    }
    setBusy(false);
    void client.invalidateQueries({ queryKey: ['ceremony'] });
  };
  return (
    <Panel title={t('ceremony.turn', { n: place, name: custodian })} className="ceremony-step">
      <Alert type="warning" showIcon icon={<EyeInvisibleOutlined />} title={t('ceremony.aloneText')} className="dialog-note" />
      <form ref={form} autoComplete="off" onSubmit={(event) => void submit(event)}>
        <Checkbox checked={alone} onChange={(e) => setAlone(e.target.checked)}>
          {t('ceremony.alone', { name: custodian })}
        </Checkbox>
        <fieldset disabled={!alone || busy} className="component-fields">
          <label htmlFor={`${id}-p`}>{t('ceremony.passphrase')}</label>
          <Input id={`${id}-p`} name="passphrase" type="password" required autoComplete="off" disabled={!alone || busy} />
          <label htmlFor={`${id}-c`}>{t('ceremony.component')}</label>
          <Input
            id={`${id}-c`}
            name="component"
            type="password"
            required
            autoComplete="off"
            spellCheck={false}
            className="mono"
            disabled={!alone || busy}
            onChange={(e) => setDigits(e.target.value.replaceAll(/\s/g, '').length)}
            suffix={
              <span className="num muted">
                {digits} / {DIGITS}
              </span>
            }
          />
          <label htmlFor={`${id}-k`}>{t('ceremony.componentKcv')}</label>
          <Input id={`${id}-k`} name="kcv" required maxLength={6} autoComplete="off" className="mono" disabled={!alone || busy} />
          <span />
          <Button type="primary" htmlType="submit" disabled={!alone} loading={busy}>
            {t('ceremony.enter')}
          </Button>
        </fieldset>
      </form>
      {problem && <Alert type="error" showIcon role="alert" title={problem} />}
      {error !== null && <ProblemView error={error} />}
    </Panel>
  );
}
