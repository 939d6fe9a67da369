import type { Messages } from './types';

export const flows = {
  'flows.matrix': ['矩阵', 'Matrix'],
  'flows.map': ['地图', 'Map'],
  'flows.sankey': ['流向', 'Streams'],
  'flows.table': ['表格', 'Table'],
  'flows.gross': ['清分金额', 'Gross'],
  'flows.foreign': ['异地金额', 'Between cities'],
  'flows.issuerFee': ['发卡方手续费', 'Issuer fee'],
  'flows.centreFee': ['中心手续费', 'Centre fee'],
  'flows.pairNet': ['双边净额', 'Bilateral net'],
  'flows.acquirer': ['收单方', 'Acquirer'],
  'flows.issuer': ['发卡方', 'Issuer'],
  'flows.own': ['本机构的卡在本机构使用，不产生资金', "A member's own cards at its own terminals: no money moves"],
  'flows.matrixHint': ['行为收单方（收款），列为发卡方（付款）；灰色为本机构自用。', 'Rows are acquirers (receiving), columns issuers (paying); grey is a member’s own use.'],
  'flows.mapHint': ['弧线由发卡城市指向消费城市，显示金额最大的 {n} 条；圆越大，往来越多。', 'Arcs run from the issuing city to where the card was used, the {n} largest; bigger dots, more turnover.'],
  'flows.sankeyHint': ['左为发卡方，右为收单方，显示金额最大的 {n} 条。', 'Issuers left, acquirers right; the {n} largest flows.'],
  'flows.date': ['清算日期', 'Clearing date'],
} as const satisfies Messages;
