/** A secret that is shown once and never again. */
import { Alert, Modal, Typography } from 'antd';
import { useT } from '../i18n';

export function SecretOnce({ title, secret, close }: { title: string; secret: string | null; close: () => void }) {
  const t = useT();
  return (
    <Modal open={secret !== null} title={title} onOk={close} onCancel={close} cancelButtonProps={{ hidden: true }} mask={{ closable: false }}>
      <Alert type="warning" showIcon title={t('secret.once')} className="dialog-note" />
      <Typography.Paragraph copyable className="mono secret">
        {secret ?? ''}
      </Typography.Paragraph>
    </Modal>
  );
}
