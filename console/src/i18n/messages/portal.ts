import type { Messages } from './types';

export const portal = {
  'portal.noRecords': ['本清算日还没有记录', 'No records on this date yet'],
  'portal.toFetch': ['待取结果文件', 'Result files to fetch'],
  'portal.lastReceipts': ['最近回执', 'Last receipts'],
  'portal.notSent': ['本清算日的文件尚未上送', 'Nothing was sent in for this clearing date yet'],
  'portal.net': ['净头寸', 'Net position'],
  'portal.statementPdf': ['对账单 PDF', 'Statement, PDF'],
  'portal.statementXlsx': ['对账单 Excel', 'Statement, Excel'],
} as const satisfies Messages;
