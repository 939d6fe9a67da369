/** Codes of the exchange interface with their texts, as the server gives them. */
const reason = (code, verdict, zh, en) => ({ reason: code, verdict, zh, en });
export const REASONS = [
  reason('00', 'A', '正常', 'accepted'),
  reason('01', 'R', '字段格式错误', 'a field does not match its type or listed values'),
  reason('02', 'R', 'PSAM终端号不属于上送机构或已停用', 'PSAM terminal number in no active range of the sender'),
  reason('03', 'R', '发卡机构未知', 'issuer is not in the issuer table'),
  reason('04', 'D', '重复记录', 'same card key and same content as an earlier accepted record'),
  reason('05', 'S', '卡交易序号重复但内容不同', 'same card key as an earlier accepted record, other content'),
  reason('06', 'S', 'TAC错误', 'TAC is wrong'),
  reason('07', 'R', '黑名单卡', 'card was on the blacklist at the time of the transaction'),
  reason('08', 'S', '超过单笔限额', 'amount is over the single limit'),
  reason('11', 'R', '交易日期晚于清算日期', 'transaction date is later than the clearing date'),
  reason('12', 'T', '测试卡或测试终端', 'test card or test terminal'),
  reason('14', 'S', 'PSAM交易序号重复', 'same PSAM transaction as an earlier accepted record of another card'),
  reason('15', 'R', '密钥版本或算法未启用', 'key version and algorithm not allowed for the issuer'),
  reason('16', 'R', '发卡机构当日未互通', "issuer's member was not active on the transaction date"),
  reason('17', 'S', '交易金额超过余额及透支额度', 'amount is over balance and overdraft limit'),
  reason('18', 'S', '超过迟到期限', 'transaction date is before the late window'),
  reason('19', 'S', '灰记录', "grey record: the terminal did not see the card's answer"),
];
export const FILE_CODES = [
  ['OK', '接受', 'accepted', 'ok'],
  ['F01', '文件名不合规', 'name malformed', 'bad'],
  ['F02', '上送机构未知或已停用', 'sender unknown or suspended', 'bad'],
  ['F03', '文件头不合规或与文件名不符', 'header malformed', 'bad'],
  ['F04', '文件体不是整行记录', 'body is not whole records', 'bad'],
  ['F05', '记录数不符', 'record count differs', 'bad'],
  ['F06', '总金额或摘要不符', 'total amount or body digest differs', 'bad'],
  ['F07', '同名文件内容不同', 'same identity, different bytes', 'bad'],
  ['F08', '签名缺失或错误', 'signature missing or wrong', 'bad'],
  ['F09', '文件序号不连续，等待前序文件', 'sequence gap: waits', 'warn'],
  ['F10', '文件日期晚于当前清算日', 'file date later than the open clearing date', 'bad'],
].map(([value, zh, en, tone]) => ({ value, zh, en, tone }));
export const INDUSTRIES = [
  ['1', '公交', 'bus'],
  ['2', '地铁', 'metro'],
  ['3', '出租', 'taxi'],
  ['4', '轮渡', 'ferry'],
  ['5', '停车', 'parking'],
  ['9', '零售', 'retail'],
].map(([value, zh, en]) => ({ value, zh, en, tone: 'plain' }));
export const VERDICTS = [
  ['A', '接受', 'accepted', 'ok'],
  ['R', '拒绝', 'rejected', 'bad'],
  ['S', '可疑', 'suspicious', 'warn'],
  ['D', '重复', 'duplicate', 'plain'],
  ['T', '测试', 'test', 'info'],
].map(([value, zh, en, tone]) => ({ value, zh, en, tone }));
export const STEPS = [
  ['intake', '收文', 'Intake'],
  ['cut', '日切', 'Cut-off'],
  ['price', '计费', 'Pricing'],
  ['net', '轧差', 'Netting'],
  ['prove', '证明', 'Proof'],
  ['post', '记账', 'Posting'],
  ['publish', '发布', 'Publishing'],
  ['close', '关账', 'Closing'],
];
/** value:zh:en:tone|… → enum values. */
export function values(text) {
  return text.split('|').map((part) => {
    const [value, zh, en, tone = 'plain'] = part.split(':');
    return { value, zh, en, tone };
  });
}
