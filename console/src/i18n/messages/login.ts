import type { Messages } from './types';

export const login = {
  'login.title': ['登录', 'Log in'],
  'login.subtitle': ['清算中心与成员机构统一入口', 'One door for the clearing centre and its members'],
  'login.login': ['登录名', 'Login'],
  'login.password': ['密码', 'Password'],
  'login.totp': ['动态口令', 'One-time code'],
  'login.totpHint': ['请输入验证器中的 6 位数字', 'Enter the six digits of your authenticator'],
  'login.submit': ['登 录', 'Log in'],
  'login.caps': ['大写锁定已开启', 'Caps lock is on'],
  'login.change': ['修改密码', 'Change password'],
  'login.changeHint': ['首次登录或密码到期，须先修改密码才能继续。', 'A new password is needed before you can go on.'],
  'login.old': ['原密码', 'Present password'],
  'login.new': ['新密码', 'New password'],
  'login.repeat': ['再次输入新密码', 'New password again'],
  'login.mismatch': ['两次输入的新密码不一致', 'The two new passwords differ'],
  'login.rule': ['至少 12 个字符；不能与登录名或近期密码相同。', 'At least 12 characters; not your login, not a recent password.'],
  'login.tooShort': ['至少 12 个字符', 'At least 12 characters'],
  'login.principle': ['一分不差，一条不丢，密钥不外泄', 'No wrong fen, no lost record, no leaked key'],
  'login.idle': ['15 分钟无操作自动退出', 'Idle sessions end after 15 minutes'],
  'login.audited': ['所有登录与操作均记入不可篡改的审计链', 'Every log-in and deed goes into a tamper-evident audit chain'],
} as const satisfies Messages;
