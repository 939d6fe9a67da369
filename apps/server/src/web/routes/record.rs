//! Searching records over the lake, and statements.

use crate::web::app::App;
use tongka_http::Api;

pub(crate) fn add(api: Api<App>) -> Api<App> {
    api
}
