/** The fee rules of a what-if: rates are edited in place, rules added and removed; what differs from today is marked. */
import { DeleteOutlined, PlusOutlined, UndoOutlined } from '@ant-design/icons';
import { Button, Input, Select } from 'antd';
import { useState } from 'react';
import { useMembers } from '../../api/lists';
import { useT } from '../../i18n';
import { formatPpm, parsePercent } from '../../lib/money';
import { ToneTag } from '../../components/figures';

export interface FeeRule {
  id: number;
  acquirer: string | null;
  issuer: string | null;
  industry: string | null;
  issuer_rate_ppm: number;
  centre_rate_ppm: number;
  from_date: string;
  to_date: string | null;
  state?: string;
}

interface Props {
  rules: FeeRule[];
  present: FeeRule[];
  change: (rules: FeeRule[] | null) => void;
}

const INDUSTRIES = ['1', '2', '3', '4', '5', '9'] as const;

export function FeeEditor({ rules, present, change }: Props) {
  const t = useT();
  const { members } = useMembers();
  const before = new Map(present.map((rule) => [rule.id, rule]));
  const update = (id: number, next: Partial<FeeRule>) => change(rules.map((rule) => (rule.id === id ? { ...rule, ...next } : rule)));
  const memberOptions = [{ value: '*', label: t('form.any') }, ...members.map((m) => ({ value: m.code, label: `${m.name} ${m.code}` }))];
  const industryOptions = [{ value: '*', label: t('form.any') }, ...INDUSTRIES.map((code) => ({ value: code as string, label: t(`industry.${code}`) }))];
  const add = () => {
    const id = Math.min(0, ...rules.map((rule) => rule.id)) - 1;
    change([...rules, { id, acquirer: null, issuer: null, industry: null, issuer_rate_ppm: 0, centre_rate_ppm: 0, from_date: '2000-01-01', to_date: null }]);
  };
  return (
    <div>
      <table className="plain-table fee-editor">
        <thead>
          <tr>
            <th>{t('flows.acquirer')}</th>
            <th>{t('flows.issuer')}</th>
            <th>{t('file.industry')}</th>
            <th>{t('field.issuerRate')}</th>
            <th>{t('field.centreRate')}</th>
            <th>{t('field.from')}</th>
            <th>{t('field.to')}</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {rules.map((rule) => {
            const old = before.get(rule.id);
            const changed = !old || old.issuer_rate_ppm !== rule.issuer_rate_ppm || old.centre_rate_ppm !== rule.centre_rate_ppm;
            const pickers = (name: 'acquirer' | 'issuer') => (
              <Select
                size="small"
                showSearch
                optionFilterProp="label"
                className="grow"
                aria-label={t(`flows.${name}`)}
                disabled={Boolean(old)}
                value={rule[name] ?? '*'}
                options={memberOptions}
                onChange={(v: string) => update(rule.id, { [name]: v === '*' ? null : v })}
              />
            );
            return (
              <tr key={rule.id}>
                <td>{pickers('acquirer')}</td>
                <td>{pickers('issuer')}</td>
                <td>
                  <Select
                    size="small"
                    className="grow"
                    aria-label={t('file.industry')}
                    disabled={Boolean(old)}
                    value={Number(rule.industry) ? String(Number(rule.industry)) : '*'}
                    options={industryOptions}
                    onChange={(v: string) => update(rule.id, { industry: v === '*' ? null : v })}
                  />
                </td>
                <td>
                  <Rate label={t('field.issuerRate')} ppm={rule.issuer_rate_ppm} change={(ppm) => update(rule.id, { issuer_rate_ppm: ppm })} />
                </td>
                <td>
                  <Rate label={t('field.centreRate')} ppm={rule.centre_rate_ppm} change={(ppm) => update(rule.id, { centre_rate_ppm: ppm })} />
                </td>
                <td className="num">{rule.from_date}</td>
                <td className="num">{rule.to_date ?? '—'}</td>
                <td className="nowrap">
                  {changed && <ToneTag tone="warn">{t(old ? 'whatIf.changed' : 'whatIf.added')}</ToneTag>}
                  <Button size="small" type="text" icon={<DeleteOutlined />} aria-label={t('common.delete')} onClick={() => change(rules.filter((r) => r !== rule))} />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      <div className="wizard-buttons start">
        <Button size="small" icon={<PlusOutlined />} onClick={add}>
          {t('whatIf.addRule')}
        </Button>
        <Button size="small" icon={<UndoOutlined />} onClick={() => change(null)}>
          {t('whatIf.undo')}
        </Button>
      </div>
    </div>
  );
}

function Rate({ label, ppm, change }: { label: string; ppm: number; change: (ppm: number) => void }) {
  const [text, setText] = useState(() => formatPpm(ppm).replace('%', ''));
  const bad = parsePercent(text) === null;
  return (
    <Input
      size="small"
      suffix="%"
      inputMode="decimal"
      aria-label={label}
      aria-invalid={bad}
      status={bad ? 'error' : undefined}
      value={text}
      onChange={(e) => {
        setText(e.target.value);
        const next = parsePercent(e.target.value);
        if (next !== null) change(next);
      }}
    />
  );
}
