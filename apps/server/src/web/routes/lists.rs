//! Every list that the API offers.

use crate::web::app::App;
use tongka_http::Api;
use tongka_listing::ListSpec;

/// The lists of every crate.
pub(crate) fn all() -> Vec<&'static ListSpec> {
    let mut lists: Vec<&'static ListSpec> =
        vec![&tongka_job::JOBS, &tongka_dispute::SUSPICIOUS, &tongka_dispute::ADJUSTMENTS];
    lists.extend([&tongka_dispute::case::CASES, &tongka_dispute::case::STAGES, &tongka_dispute::gaps::GAPS]);
    lists.extend(tongka_access::LISTS);
    lists.extend(tongka_exchange::list::LISTS);
    lists.extend(tongka_engine::list::LISTS);
    lists.extend(tongka_ledger::LISTS);
    lists.extend(tongka_member::LISTS);
    lists.extend(tongka_settlement::LISTS);
    lists.extend(tongka_key::lists::LISTS);
    lists.extend(tongka_issuing::lists::LISTS);
    lists.extend(tongka_link::lists::LISTS);
    lists.extend(tongka_lists::LISTS);
    lists
}

pub(crate) fn add(api: Api<App>) -> Api<App> {
    all().into_iter().fold(api, Api::list)
}
