/** Every page: its path, title, place in the menu, who sees it, and the chunk that holds it. */
import { lazy, type ComponentType, type LazyExoticComponent } from 'react';
import type { MessageKey } from '../i18n';
import type { OwnerKind } from '../api/types';

export type Group = 'top' | 'clearing' | 'money' | 'settlement' | 'parties' | 'lists' | 'front' | 'keysCards' | 'work' | 'system';

type Load = () => Promise<{ default: ComponentType }>;

export interface PageDef {
  path: string;
  title: MessageKey;
  component: LazyExoticComponent<ComponentType>;
  /** Fetches the page's chunk ahead of time. */
  load: Load;
  /** Place in the menu; pages without one are reached by links. */
  group?: Group;
  /** The page is there when the server offers this list to the account. */
  list?: string;
  /** The page is there when the account holds one of these permissions. */
  permissions?: string[];
  /** Whose accounts see it; all when absent. */
  sides?: OwnerKind[];
  /** Another title for accounts of a member. */
  memberTitle?: MessageKey;
}

function page(path: string, title: MessageKey, load: Load, rest: Partial<PageDef> = {}): PageDef {
  return { path, title, component: lazy(load), load, ...rest };
}

/** A page that is one list, with what `pages/lists` knows about it. */
function listPage(path: string, title: MessageKey, list: string, group: Group, rest: Partial<PageDef> = {}): PageDef {
  const load = () => import('../pages/lists/ListRoute').then((m) => ({ default: m.listRoute(list) }));
  return page(path, title, load, { list, group, ...rest });
}

const centre: OwnerKind[] = ['centre'];

export const PAGES: PageDef[] = [
  page('/', 'nav.dashboard', () => import('../pages/HomePage'), { group: 'top', permissions: ['dashboard.read'], memberTitle: 'nav.today' }),

  listPage('/days', 'nav.days', 'clearing-days', 'clearing'),
  page('/days/:date', 'nav.day', () => import('../pages/days/DayPage'), { list: 'clearing-days' }),
  listPage('/uploads', 'nav.uploads', 'uploads', 'clearing', { memberTitle: 'nav.sent' }),
  page('/uploads/:name', 'nav.upload', () => import('../pages/files/UploadPage'), { permissions: ['file.read'] }),
  page('/uploads/:name/records/:record', 'nav.explain', () => import('../pages/files/ExplainPage'), { permissions: ['record.read'] }),
  listPage('/receipts', 'nav.receipts', 'receipts', 'clearing'),
  listPage('/result-files', 'nav.resultFiles', 'result-files', 'clearing', { memberTitle: 'nav.received' }),
  page('/viewer', 'nav.viewer', () => import('../pages/files/ViewerPage'), { group: 'clearing', permissions: ['file.read', 'file.download'] }),
  page('/records', 'nav.records', () => import('../pages/records/RecordsPage'), { group: 'clearing', permissions: ['record.read'], memberTitle: 'nav.myRecords' }),
  listPage('/suspicious', 'nav.suspicious', 'suspicious', 'clearing'),
  listPage('/adjustments', 'nav.adjustments', 'adjustments', 'clearing'),
  listPage('/disputes', 'nav.disputes', 'disputes', 'clearing'),
  listPage('/tac-answers', 'nav.tacAnswers', 'tac-answers', 'clearing'),
  listPage('/tac-wrong', 'nav.tacWrong', 'tac-wrong', 'clearing'),

  listPage('/positions', 'nav.positions', 'positions', 'money'),
  page('/flows', 'nav.flows', () => import('../pages/flows/FlowsPage'), { group: 'money', permissions: ['position.read'] }),
  listPage('/statements', 'nav.statements', 'statements', 'money'),
  listPage('/groups', 'nav.groups', 'groups', 'money'),
  listPage('/ledger', 'nav.ledger', 'ledger-accounts', 'money'),
  page('/ledger/:code', 'ledger.account', () => import('../pages/money/AccountPage'), { list: 'ledger-transfers' }),
  page('/trial-balance', 'ledger.trial', () => import('../pages/money/TrialBalance'), { group: 'money', list: 'ledger-accounts' }),
  listPage('/ledger-transfers', 'nav.transfers', 'ledger-transfers', 'money'),
  page('/reserves', 'nav.reserves', () => import('../pages/money/ReservesPage'), { group: 'money', permissions: ['settlement.read'] }),
  listPage('/topups', 'nav.topups', 'topups', 'money'),

  listPage('/settlement-dates', 'nav.settlementDates', 'settlement-dates', 'settlement'),
  listPage('/payment-instructions', 'nav.instructions', 'payment-instructions', 'settlement'),
  listPage('/settlement-items', 'nav.settlementItems', 'settlement-items', 'settlement'),
  listPage('/bank-messages', 'nav.bankMessages', 'bank-messages', 'settlement'),
  listPage('/statement-lines', 'nav.statementLines', 'statement-lines', 'settlement'),
  listPage('/bank-queue', 'nav.bankQueue', 'bank-queue', 'settlement'),
  listPage('/bank-accounts', 'nav.bankAccounts', 'bank-accounts', 'settlement'),
  listPage('/reserve-events', 'nav.reserveEvents', 'reserve-events', 'settlement'),
  listPage('/reconciliations', 'nav.reconciliations', 'reconciliations', 'settlement'),
  listPage('/reconciliation-differences', 'nav.reconciliationDifferences', 'reconciliation-differences', 'settlement'),

  listPage('/members', 'nav.members', 'members', 'parties', { sides: centre }),
  page('/members/:code', 'nav.member', () => import('../pages/parties/MemberPage'), { list: 'members' }),
  listPage('/issuers', 'nav.issuers', 'issuers', 'parties'),
  listPage('/psam-ranges', 'nav.psamRanges', 'psam-ranges', 'parties'),
  page('/onboarding', 'nav.onboarding', () => import('../pages/parties/OnboardingPage'), { group: 'parties', list: 'members', permissions: ['member.read'] }),
  listPage('/certificates', 'nav.certificates', 'certificates', 'parties'),
  listPage('/certificate-uploads', 'nav.certificateUploads', 'certificate-uploads', 'parties'),
  listPage('/fees', 'nav.fees', 'fees', 'parties'),
  page('/what-if', 'nav.whatIf', () => import('../pages/parties/WhatIfPage'), { group: 'parties', list: 'fees', permissions: ['member.simulate'] }),
  listPage('/scheme-versions', 'nav.schemeVersions', 'scheme-versions', 'parties'),
  page('/scheme-versions/:version', 'nav.schemeVersion', () => import('../pages/parties/VersionPage'), { list: 'scheme-versions' }),
  listPage('/holidays', 'nav.holidays', 'holidays', 'parties'),
  listPage('/expected-files', 'nav.expectedFiles', 'expected-files', 'parties'),
  page('/expected-board', 'nav.expectedBoard', () => import('../pages/parties/ExpectedBoard'), { group: 'parties', list: 'expected-files', permissions: ['file.read'] }),
  listPage('/blacklist', 'nav.blacklist', 'blacklist', 'parties'),
  listPage('/blacklist-cards', 'nav.blacklistCards', 'blacklist-cards', 'parties'),

  listPage('/keys', 'nav.keys', 'keys', 'keysCards'),
  page('/key-inventory', 'nav.keyInventory', () => import('../pages/keys/InventoryPage'), { group: 'keysCards', list: 'keys', permissions: ['key.read'] }),
  page('/ceremonies', 'nav.ceremony', () => import('../pages/keys/CeremoniesRoute'), { group: 'keysCards', permissions: ['key.ceremony'], list: 'custodians' }),
  page('/ceremonies/:id', 'nav.ceremony', () => import('../pages/keys/CeremonyRoute'), { list: 'custodians', permissions: ['key.ceremony'] }),
  listPage('/custodians', 'nav.custodians', 'custodians', 'keysCards'),
  listPage('/key-requests', 'nav.keyRequests', 'key-requests', 'keysCards'),
  listPage('/card-products', 'nav.cardProducts', 'card-products', 'keysCards'),
  listPage('/segments', 'nav.segments', 'segments', 'keysCards'),
  listPage('/stock', 'nav.stock', 'stock', 'keysCards'),
  listPage('/stock-entries', 'nav.stockEntries', 'stock-entries', 'keysCards'),
  listPage('/production-orders', 'nav.productionOrders', 'production-orders', 'keysCards'),
  listPage('/production-parts', 'nav.productionParts', 'production-parts', 'keysCards'),
  listPage('/cards', 'nav.cards', 'cards', 'keysCards'),
  listPage('/sams', 'nav.sams', 'sams', 'keysCards'),

  listPage('/lists', 'nav.listVersions', 'list-versions', 'lists'),
  listPage('/list-lag', 'nav.listLag', 'list-lag', 'lists'),
  listPage('/list-offers', 'nav.listOffers', 'list-offers', 'lists'),
  page('/blacklist-liability', 'nav.liability', () => import('../pages/delivery/LiabilityPage'), { group: 'lists', list: 'list-versions', permissions: ['lists.read'] }),

  listPage('/file-transfers', 'nav.fileTransfers', 'transfers', 'front'),
  listPage('/front-accounts', 'nav.frontAccounts', 'front-accounts', 'front'),
  listPage('/front-keys', 'nav.frontKeys', 'front-keys', 'front'),

  listPage('/approvals', 'nav.approvals', 'approvals', 'work'),
  page('/approvals/:id', 'nav.approval', () => import('../pages/work/ApprovalPage'), { permissions: ['approval.read'] }),
  listPage('/jobs', 'nav.jobs', 'jobs', 'work'),
  listPage('/notices', 'nav.notices', 'notices', 'work'),

  listPage('/audit', 'nav.audit', 'audit', 'system'),
  listPage('/login-log', 'nav.loginLog', 'login-log', 'system'),
  listPage('/accounts', 'nav.accounts', 'accounts', 'system'),
  listPage('/roles', 'nav.roles', 'roles', 'system'),
  page('/roles/:code', 'nav.roles', () => import('../pages/system/RolePage'), { list: 'roles', permissions: ['access.read'] }),
  listPage('/sessions', 'nav.sessions', 'sessions', 'system'),
  listPage('/api-keys', 'nav.apiKeys', 'api-keys', 'system'),
  page('/system', 'nav.health', () => import('../pages/system/HealthPage'), { group: 'system', permissions: ['system.read'] }),
  page('/account', 'nav.account', () => import('../pages/system/AccountPage')),
];

export const GROUPS: { group: Group; title: MessageKey }[] = [
  { group: 'clearing', title: 'nav.clearing' },
  { group: 'money', title: 'nav.money' },
  { group: 'settlement', title: 'nav.settlement' },
  { group: 'parties', title: 'nav.parties' },
  { group: 'keysCards', title: 'nav.keysCards' },
  { group: 'lists', title: 'nav.lists' },
  { group: 'front', title: 'nav.front' },
  { group: 'work', title: 'nav.work' },
  { group: 'system', title: 'nav.system' },
];
