/** The accounts of the mock. */
const password = 'Tongka-demo-2026';
export const MOCK_ACCOUNTS = {
  operator: { login: 'wangfang', password },
  checker: { login: 'liwei', password },
  system: { login: 'admin', password },
  auditor: { login: 'auditor', password, totp: '123456' },
  member: { login: 'shanghai', password },
  newcomer: { login: 'newcomer', password, mustChange: true },
};
