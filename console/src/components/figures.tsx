/** How single values look everywhere: money, counts, members, digests, times, tags. */
import { Tag, Tooltip } from 'antd';
import { Link } from 'react-router';
import type { Tone } from '../api/types';
import { useListSpec, useMembers } from '../api/lists';
import { useDisplay } from '../app/display';
import { formatFen } from '../lib/money';
import { formatTime, shortDigest } from '../lib/text';
import { useT } from '../i18n';
import { CopyButton } from './CopyButton';

/** An amount in the chosen unit; in 万元 the exact amount is one hover away. */
export function Money({ fen, signed, strong, withUnit }: { fen: number | null | undefined; signed?: boolean; strong?: boolean; withUnit?: boolean }) {
  const { unit } = useDisplay();
  const t = useT();
  if (fen === null || fen === undefined) return <span className="muted">—</span>;
  const text = (signed && fen > 0 ? '+' : '') + formatFen(fen, unit);
  const className = `num${fen < 0 ? ' negative' : ''}${strong ? ' strong' : ''}`;
  const figure = (
    <span className={className}>
      {text}
      {withUnit && <span className="unit"> {t(`app.unit.${unit}`)}</span>}
    </span>
  );
  return unit === 'wan' ? <Tooltip title={`${formatFen(fen)} ${t('app.unit.yuan')}`}>{figure}</Tooltip> : figure;
}

/** A member: its name with its code, leading to its page for those who may see it. */
export function MemberName({ code, link = true }: { code: string | null | undefined; link?: boolean }) {
  const t = useT();
  const { names } = useMembers();
  const listed = useListSpec('members');
  if (!code) return <span className="muted">—</span>;
  if (code === '00000000') return <span>{t('common.centre')}</span>;
  const name = names.get(code);
  const body = (
    <>
      {name && <span className="member-name">{name}</span>}
      <span className="code">{code}</span>
    </>
  );
  return link && listed && name ? (
    <Link className="member" to={`/members/${code}`}>
      {body}
    </Link>
  ) : (
    <span className="member">{body}</span>
  );
}

export function Digest({ value }: { value: string }) {
  return (
    <span className="digest">
      <Tooltip title={<span className="mono wrap">{value}</span>}>
        <span className="mono">{shortDigest(value)}</span>
      </Tooltip>
      <CopyButton text={value} label={shortDigest(value)} />
    </span>
  );
}

export function Time({ value }: { value: string | null | undefined }) {
  return value ? <span className="num">{formatTime(value)}</span> : <span className="muted">—</span>;
}

export function ToneTag({ tone, children, title }: { tone: Tone; children: React.ReactNode; title?: string }) {
  return (
    <Tag className={`tone tone-${tone}`} title={title}>
      {children}
    </Tag>
  );
}
