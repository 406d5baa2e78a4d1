//! Pages of lists, and the query that asks for them.
//!
//! A page past the end is an empty list: the SDKs read on until they get one (api.md 1). `per_page` is cut to what is
//! allowed and not refused, because clients ask for 1 and for 100 (api.md 2.11).

use np_domain::ports::{HostnameList, HostnamePage, Page, Start, Total};

use super::{
    envelope::{Cursors, ResultInfo},
    wire::{
        cursor,
        invalid::{Invalid, Why},
    },
};

/// Items per page, unless asked otherwise.
const PER_PAGE: u32 = 20;
/// The most items of a page. The original gives 50.
pub(crate) const PER_PAGE_MAX: u32 = 1000;

/// The parameters of a query, in order.
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    pub(crate) fn new(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// The first value of a parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// All values of a parameter.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The page asked for.
    pub(crate) fn page(&self) -> Result<Page, Invalid> {
        self.page_of(PER_PAGE, PER_PAGE_MAX)
    }

    /// The page asked for, of a list with a size of its own.
    pub(crate) fn page_of(&self, size: u32, size_max: u32) -> Result<Page, Invalid> {
        let number = self.number("page")?.unwrap_or(1);
        if number == 0 {
            return Err(invalid("page", "`page` counts from 1.".into()));
        }
        let size = self.number("per_page")?.unwrap_or(size).clamp(1, size_max);
        Ok(Page { number, size })
    }

    fn number(&self, name: &str) -> Result<Option<u32>, Invalid> {
        let number = self.get(name).map(str::parse).transpose();
        number.map_err(|_| invalid(name, format!("`{name}` must be a whole number.")))
    }
}

fn invalid(name: &str, detail: String) -> Invalid {
    Invalid { pointer: format!("/{name}"), why: Why::BadQuery(detail) }
}

/// Where a page of `count` items out of `total` stands.
pub(crate) fn result_info(page: Page, count: usize, total: u64) -> ResultInfo {
    ResultInfo {
        page: page.number,
        per_page: page.size,
        count,
        total_count: total,
        total_pages: total.div_ceil(u64::from(page.size)),
        total_count_is_estimate: None,
        cursors: None,
    }
}

/// The same for hostnames, whose lists have cursors and, where counting would take long, estimates.
pub(crate) fn hostnames_info(list: &HostnameList, page: &HostnamePage) -> ResultInfo {
    let number = match list.start {
        Start::Page(number) => number,
        Start::Begin | Start::After(_) => 1,
    };
    let asked = Page { number, size: list.size };
    let after = page.next.as_ref().map(|next| cursor::encode(next, list.order, list.direction));
    ResultInfo {
        total_count_is_estimate: matches!(page.total, Total::Estimate(_)).then_some(true),
        cursors: after.map(|after| Cursors { after }),
        ..result_info(asked, page.records.len(), page.total.count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(query: &[(&str, &str)]) -> Option<(u32, u32)> {
        let pairs = query.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        Params::new(pairs).page().ok().map(|page| (page.number, page.size))
    }

    #[test]
    fn pages_count_from_1_and_sizes_are_cut() {
        assert_eq!(page(&[]), Some((1, 20)));
        assert_eq!(page(&[("page", "3"), ("per_page", "5")]), Some((3, 5)));
        assert_eq!(page(&[("per_page", "0")]), Some((1, 1)));
        assert_eq!(page(&[("per_page", "5000")]), Some((1, 1000)));
        for bad in [("page", "0"), ("page", "-1"), ("page", "x"), ("per_page", "")] {
            assert_eq!(page(&[bad]), None, "{bad:?}");
        }
    }

    #[test]
    fn total_pages_is_rounded_up() {
        let of = |total| result_info(Page { number: 1, size: 20 }, 0, total).total_pages;
        assert_eq!([of(0), of(1), of(20), of(21)], [0, 1, 1, 2]);
    }
}
