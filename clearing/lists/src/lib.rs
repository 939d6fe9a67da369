//! Versioned lists (名单与参数).
