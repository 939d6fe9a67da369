//! Jobs as a list.

use tongka_listing::{Column, Direction, EnumValue, Kind, ListSpec, Tone};

static STATES: &[EnumValue] = &[
    EnumValue::new("queued", "排队", "queued", Tone::Plain),
    EnumValue::new("running", "运行中", "running", Tone::Info),
    EnumValue::new("done", "完成", "done", Tone::Ok),
    EnumValue::new("failed", "失败", "failed", Tone::Bad),
    EnumValue::new("cancelled", "已取消", "cancelled", Tone::Warn),
];

/// Background jobs.
pub static JOBS: ListSpec = ListSpec {
    name: "jobs",
    zh: "后台任务",
    en: "Jobs",
    permission: "job.read",
    from: "job j",
    scope: Some("({scope:j.member} OR {tenant:j.tenant})"),
    columns: &[
        Column::new("id", "编号", "Number", "j.id", Kind::Int),
        Column::new("kind", "类型", "Kind", "j.kind", Kind::Code),
        Column::new("state", "状态", "State", "j.state", Kind::Enum(STATES)),
        Column::new("progress_done", "已完成", "Done", "j.progress_done", Kind::Int),
        Column::new("progress_total", "总量", "Total", "j.progress_total", Kind::Int).nullable(),
        Column::new("progress_text", "进度", "Progress", "j.progress_text", Kind::Text),
        Column::new("error", "错误", "Error", "j.error", Kind::Text).nullable(),
        Column::new("attempt", "次数", "Attempt", "j.attempt", Kind::Int).hidden(),
        Column::new("node", "节点", "Node", "j.node", Kind::Code).nullable().hidden(),
        Column::new("created_by", "提交人", "Asked by", "j.created_by", Kind::Text),
        Column::new("created_at", "提交时间", "Asked at", "j.created_at", Kind::DateTime),
        Column::new("started_at", "开始时间", "Started at", "j.started_at", Kind::DateTime).nullable(),
        Column::new("ended_at", "结束时间", "Ended at", "j.ended_at", Kind::DateTime).nullable(),
    ],
    default_sort: &[("id", Direction::Descending)],
    key: "id",
    base_filter: None,
};
