//! People and permissions (用户与权限).
