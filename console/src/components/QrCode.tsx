import { QRCode } from 'antd';

/** For the camera of an authenticator; drawn here, sent nowhere. */
export function QrCode({ text, label }: { text: string; label: string }) {
  return (
    <div role="img" aria-label={label}>
      <QRCode value={text} size={168} type="svg" color="#000000" bgColor="#ffffff" bordered={false} />
    </div>
  );
}
