//! Background jobs (后台任务).
