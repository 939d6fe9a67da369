//! The record tables of disputes (差错): what members raise and answer, and what the centre tells them.

use crate::table::FieldType::{A, N, Raw, S};
use crate::table::{Field, Kind, RecordTable, field, lay_out, signed};

/// Bytes of a note.
const NOTE: usize = 120;
const NOTE_TEXT: &str = "UTF-8，补空格 UTF-8, padded with spaces";
const ACT: &str = "01 查询调单 inquiry，02 退单 chargeback，03 再请款 re-presentment，04 二次退单 second chargeback，\
                   05 申请仲裁 arbitration，06 贷记调整 credit，07 请款补采 late claim，08 手续费调整 fee claim，\
                   11 答复 answer，12 接受 accept，13 拒绝 refuse，14 撤回 withdraw";
const REASON: &str = "00 无 none，01 TAC错误 TAC，02 重复 duplicate，03 金额 amount，04 非本机构卡 not our card，05 名单 list，\
                      06 无凭证 no evidence，07 进出站 entry and exit，08 长款 not loaded，09 短款 loaded twice，\
                      10 终端时间 terminal time，11 服务 service";

/// Disputes.
pub(crate) const DSP: RecordTable = RecordTable {
    kind: Some(Kind::Dsp),
    title_zh: "差错文件",
    title_en: "Disputes",
    mark: b'Q',
    direction: "成员机构 → 清算中心 member → centre",
    order_zh: "按办理先后，整个文件一并受理或拒绝",
    order_en: "as to be done; the file is taken whole or refused whole",
    fields: &DSP_FIELDS,
    amount_field: Some(6),
    lead: None,
};

const DSP_FIELDS: [Field; 9] = lay_out([
    field("mark", "标识", A, 1, "`Q`"),
    field("act", "办理事项", N, 2, ACT),
    field(
        "case",
        "案件编号",
        S,
        20,
        "01、02、06、07、08 发起时为空，其余必填 empty where a case is opened, else needed",
    ),
    field("upload_name", "上送文件名", S, 40, "发起时填写 where a case is opened"),
    field("record_no", "记录序号", N, 8, "发起时填写 where a case is opened"),
    field("gap", "断点编号", N, 10, "请款的记录已丢失时填写，否则全 0 of a lost record that is claimed, else zeros"),
    field("amount", "金额", N, 8, "分，0 为可争议的全部金额 fen; 0 = all that can be disputed"),
    field("reason", "原因", N, 2, REASON),
    field("note", "说明", Raw, NOTE, NOTE_TEXT),
]);

/// News of disputes.
pub(crate) const DSR: RecordTable = RecordTable {
    kind: Some(Kind::Dsr),
    title_zh: "差错通知文件",
    title_en: "News of disputes",
    mark: b'Y',
    direction: "清算中心 → 成员机构 centre → member",
    order_zh: "按发生先后",
    order_en: "as it happened",
    fields: &DSR_FIELDS,
    amount_field: Some(11),
    lead: None,
};

const DSR_FIELDS: [Field; 16] = lay_out([
    field("mark", "标识", A, 1, "`Y`"),
    field("case", "案件编号", S, 20, ""),
    field("stage", "阶段", N, 4, "从 1 起 from 1"),
    field("act", "办理事项", N, 2, "同 DSP，另有 15 裁决 ruling，16 逾期 nobody acted in time; else as in DSP"),
    field(
        "state",
        "此后状态",
        N,
        2,
        "01 待答复 inquiry，02 已答复 answered，03 逾期未答复 unanswered，04 已退单 charged back，05 已再请款 represented，\
         06 已二次退单 charged back again，07 仲裁中 arbitration，08 待确认请款 claimed，09 待确认手续费 fee claimed，\
         10 请款被拒 refused，11 已结案 closed",
    ),
    field("by", "办理方", N, 8, "机构代码，`00000000` 为清算中心 member code, `00000000` = centre"),
    field("acquirer", "收单方", N, 8, ""),
    field("issuer", "发卡方", N, 8, ""),
    field("upload_name", "上送文件名", S, 40, "丢失的记录为空 empty for a lost record"),
    field("record_no", "记录序号", N, 8, ""),
    field("disputed", "争议金额", N, 8, "分 fen"),
    signed("moved", "调账金额", 16, "分，本机构收为正、付为负 fen; received above zero, paid below"),
    field("reason", "原因", N, 2, "同 DSP as in DSP"),
    field("deadline", "期限", N, 8, "`YYYYMMDD`，含当日；无则全 0 the last day; zeros without one"),
    field("at", "办理时间", N, 14, "`YYYYMMDDHHMMSS`"),
    field("note", "说明", Raw, NOTE, NOTE_TEXT),
]);
