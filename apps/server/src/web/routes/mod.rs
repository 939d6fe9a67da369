//! The API, area by area. Each module adds its routes; every list is registered in [`lists`].

mod account;
mod approval;
mod card;
mod day;
mod dispute;
mod file;
mod front;
mod job;
mod key;
mod list_version;
mod lists;
mod member;
mod record;
mod reserve;
mod session;
mod settlement;
mod suspicious;
mod system;
mod what_if;

pub(crate) use day::PROVE;
pub(crate) use key::Ceremonies;
pub(crate) use member::told as book_told;
pub(crate) use what_if::{WHAT_IF, run as price_again};

use super::app::App;
use tongka_http::{Api, Web};

/// Every route of the server.
pub(crate) fn api(web: Web) -> Api<App> {
    let api = Api::new(web);
    let api = lists::add(api);
    let api = session::add(api);
    let api = account::add(api);
    let api = approval::add(api);
    let api = day::add(api);
    let api = file::add(api);
    let api = front::add(api);
    let api = list_version::add(api);
    let api = record::add(api);
    let api = suspicious::add(api);
    let api = member::add(api);
    let api = what_if::add(api);
    let api = reserve::add(api);
    let api = dispute::add(api);
    let api = settlement::add(api);
    let api = key::add(api);
    let api = card::add(api);
    let api = job::add(api);
    system::add(api)
}

/// The routes of a process that is a front and nothing else.
pub(crate) fn front_api(web: Web) -> Api<App> {
    front::add(Api::new(web))
}
