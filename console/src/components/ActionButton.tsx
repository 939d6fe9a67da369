/**
 * A button that does something: asks first, keeps one Idempotency-Key for the whole intent (a second press repeats, it
 * does not redo), keeps what was typed when the server refuses, and says what came of it.
 */
import { Alert, App, Button, Form, Modal, Skeleton, Tooltip, type ButtonProps } from 'antd';
import { useQueryClient, type QueryKey } from '@tanstack/react-query';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { Link } from 'react-router';
import { Problem } from '../api/http';
import { useLanguage, useT } from '../i18n';
import { useTabActive } from '../app/tabs';
import { oneLanguage, randomKey } from '../lib/text';
import { ProblemView } from './ProblemView';

type NamePath = (string | number)[];

export interface ActionButtonProps<V extends object> {
  label: ReactNode;
  title?: ReactNode;
  /** What will happen, in the dialog. */
  description?: ReactNode;
  /** Form items; none for a plain confirmation. */
  children?: ReactNode;
  initial?: Partial<V>;
  /** Asks first how things are; the form shows it. */
  load?: () => Promise<Partial<V>>;
  /** Tries it without doing it: what would come of it is shown, and only then it can be submitted. */
  preview?: (values: V) => Promise<ReactNode>;
  /** Does it. The answer may name an approval (202) or a job. */
  submit: (values: V, key: string) => Promise<unknown>;
  /** What to ask again afterwards. */
  invalidate?: QueryKey[];
  done?: (result: unknown) => void;
  danger?: boolean;
  primary?: boolean;
  /** Takes effect only after a second person's approval: said in the dialog. */
  twoPeople?: boolean;
  /** Why the button cannot be pressed. */
  disabled?: ReactNode;
  okText?: ReactNode;
  icon?: ReactNode;
  size?: ButtonProps['size'];
  type?: ButtonProps['type'];
  width?: number;
  /** The answer is shown by `done`: no word of success besides. */
  quiet?: boolean;
}

export function ActionButton<V extends object>(props: ActionButtonProps<V>) {
  const { label, disabled, danger, primary, icon, size, type } = props;
  const [open, setOpen] = useState(false);
  const active = useTabActive();
  const button = (
    <Button
      danger={danger}
      type={type ?? (primary ? 'primary' : 'default')}
      size={size}
      icon={icon}
      disabled={Boolean(disabled)}
      className={type === 'link' ? 'inline' : undefined}
      onClick={(event) => {
        event.stopPropagation();
        setOpen(true);
      }}
    >
      {label}
    </Button>
  );
  return (
    <>
      {disabled && disabled !== true ? <Tooltip title={disabled}>{button}</Tooltip> : button}
      {open && active && <Dialog {...props} close={() => setOpen(false)} />}
    </>
  );
}

/** The field of a form that the server speaks of: `rows[0].cut`, or by its last word where the form is flatter. */
function placeOf(field: string, places: NamePath[]): NamePath | undefined {
  const path = field.replaceAll(/\[(\d+)\]/g, '.$1').replace(/_fen$/, '');
  const said = (place: NamePath) => place.map(String).join('.').replace(/_fen$/, '');
  return places.find((place) => said(place) === path) ?? places.find((place) => place.length === 1 && said(place) === path.split('.').at(-1));
}

function Dialog<V extends object>(props: ActionButtonProps<V> & { close: () => void }) {
  const { label, title, description, children, initial, load, preview, submit, invalidate, done, danger, twoPeople, okText, width, quiet, close } = props;
  const t = useT();
  const client = useQueryClient();
  const announce = useAnnounce();
  const { language } = useLanguage();
  const [form] = Form.useForm<V>();
  const [key, setKey] = useState(randomKey);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [tried, setTried] = useState<ReactNode>(null);
  const [loaded, setLoaded] = useState<Partial<V> | null>(load ? null : (initial ?? {}));
  const start = useRef(load);
  useEffect(() => {
    let here = true;
    start.current?.().then(
      (values) => here && setLoaded({ ...initial, ...values }),
      (caught: unknown) => here && setError(caught),
    );
    return () => {
      here = false;
    };
    // Once: the dialog is made anew each time it opens.
  }, []);
  const outcome = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (tried !== null) outcome.current?.scrollIntoView({ block: 'nearest' });
  }, [tried]);
  const trying = preview !== undefined && tried === null;
  const finish = async (values: V) => {
    setBusy(true);
    setError(null);
    try {
      if (preview && trying) {
        setTried(await preview(values));
        setBusy(false);
        return;
      }
      const result = await submit(values, key);
      if (!quiet) announce(result);
      for (const queryKey of [...(invalidate ?? []), ['dashboard'], ['list', 'approvals'], ['list', 'jobs']]) {
        void client.invalidateQueries({ queryKey });
      }
      close();
      done?.(result);
    } catch (caught) {
      setError(caught);
      setBusy(false);
      const places = form.getFieldsError().map(({ name }) => name);
      for (const fault of caught instanceof Problem ? caught.errors : []) {
        const place = placeOf(fault.field, places);
        if (place) form.setFields([{ name: place as never, errors: [oneLanguage(fault.message, language)] }]);
      }
    }
  };
  return (
    <Modal
      open
      title={title ?? label}
      width={width ?? 520}
      okText={trying ? t('common.check') : (okText ?? t(children ? 'common.submit' : 'common.ok'))}
      okButtonProps={{ danger: danger && !trying, loading: busy, disabled: loaded === null }}
      cancelButtonProps={{ disabled: busy }}
      onOk={() => form.submit()}
      onCancel={() => !busy && close()}
      mask={{ closable: false }}
      destroyOnHidden
    >
      <div onClick={(event) => event.stopPropagation()} role="presentation">
        {description && <div className="dialog-text">{description}</div>}
        {twoPeople && <Alert type="info" showIcon title={t('common.twoPeople')} className="dialog-note" />}
        {loaded === null ? (
          error === null && <Skeleton active />
        ) : (
          <Form<V>
            form={form}
            layout="vertical"
            initialValues={loaded}
            disabled={busy}
            onFinish={(values) => void finish(values)}
            onValuesChange={() => {
              // Other content is another intent.
              setKey(randomKey());
              setTried(null);
            }}
          >
            {children}
          </Form>
        )}
        <div ref={outcome}>{tried}</div>
        {error !== null && <ProblemView error={error} />}
      </div>
    </Modal>
  );
}

/** Says what came of an action: done, sent for approval, or running as a job. */
export function useAnnounce(): (result: unknown) => void {
  const t = useT();
  const { message, notification } = App.useApp();
  return (result) => {
    const answer = (typeof result === 'object' && result !== null ? result : {}) as { approval?: number; job?: number };
    if (typeof answer.approval === 'number') {
      const key = `approval-${answer.approval}`;
      notification.info({
        key,
        title: t('common.submitted', { id: answer.approval }),
        description: t('common.submittedHint'),
        actions: (
          <Link to={`/approvals/${answer.approval}`} onClick={() => notification.destroy(key)}>
            {t('common.viewApproval')}
          </Link>
        ),
      });
    } else if (typeof answer.job === 'number') {
      const key = `job-${answer.job}`;
      notification.info({
        key,
        title: t('common.jobStarted', { id: answer.job }),
        actions: (
          <Link to={`/jobs?detail=${answer.job}`} onClick={() => notification.destroy(key)}>
            {t('common.viewJob')}
          </Link>
        ),
      });
    } else {
      void message.success(t('common.done'));
    }
  };
}
