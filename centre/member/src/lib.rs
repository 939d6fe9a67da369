//! Member institutions (成员机构) and the scheme book.
