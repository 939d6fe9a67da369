/** A balance on a scale with its stop line, warning line and target. */
import { Tooltip } from 'antd';
import { useDisplay } from '../app/display';
import { useT } from '../i18n';
import { formatFen } from '../lib/money';

interface Props {
  balance_fen: number;
  target_fen: number;
  warning_fen: number;
  stop_fen: number;
  level: string;
}

export function LevelBar({ balance_fen, target_fen, warning_fen, stop_fen, level }: Props) {
  const t = useT();
  const { unit } = useDisplay();
  const top = Math.max(target_fen, balance_fen, 1) * 1.05;
  const at = (fen: number) => `${Math.max(0, Math.min(100, (fen / top) * 100))}%`;
  const text = [
    `${t('dash.balance')} ${formatFen(balance_fen, unit)}`,
    `${t('dash.target')} ${formatFen(target_fen, unit)}`,
    `${t('dash.warning')} ${formatFen(warning_fen, unit)}`,
    `${t('dash.stop')} ${formatFen(stop_fen, unit)}`,
  ];
  return (
    <Tooltip title={text.map((line) => <div key={line}>{line}</div>)}>
      <span className={`level-bar ${level}`} role="img" aria-label={text.join('，')}>
        <i className="level-fill" style={{ width: at(balance_fen) }} />
        <i className="level-mark stop" style={{ left: at(stop_fen) }} />
        <i className="level-mark warning" style={{ left: at(warning_fen) }} />
        <i className="level-mark target" style={{ left: at(target_fen) }} />
      </span>
    </Tooltip>
  );
}
