import { Button } from 'antd';
import { useNavigate } from 'react-router';
import { useT } from '../../i18n';

export function LedgerToolbar() {
  const t = useT();
  const navigate = useNavigate();
  return <Button onClick={() => void navigate('/trial-balance')}>{t('ledger.trial')}</Button>;
}
