//! Early hints that the edge gives itself: the `Link` headers that an origin sent with a page are sent again, as a 103, when
//! the page is asked for the next time, before its origin is asked (behaviour.md 4.5; RFC 8297).
//!
//! Each thread remembers for itself. What is remembered is small, grows old, and is forgotten when the page comes without.

use std::{
    cell::RefCell,
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    time::{Duration, Instant},
};

use http::{HeaderMap, HeaderValue, Method, StatusCode, header, request};

use crate::table::Owner;

/// For how long hints are remembered.
const REMEMBERED: Duration = Duration::from_secs(3600);
/// The most pages remembered.
const PAGES_MAX: usize = 20_000;
/// The most bytes of hints of one page.
const HINT_BYTES_MAX: usize = 2048;
/// What browsers can act on before the page is there.
const RELATIONS: [&str; 3] = ["preload", "preconnect", "modulepreload"];

/// What is remembered.
#[derive(Default)]
pub(crate) struct Hints {
    pages: RefCell<HashMap<u64, (Instant, HeaderMap)>>,
    hasher: RandomState,
}

/// A page, as far as hints are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PageKey(u64);

impl Hints {
    /// The page that a request asks for; `None` when it asks for none, or for a part of one.
    pub(crate) fn page(&self, owner: Owner, host: &str, head: &request::Parts) -> Option<PageKey> {
        let is_page = head.method == Method::GET && is_navigation(&head.headers);
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        is_page.then(|| PageKey(self.hasher.hash_one((owner.as_bytes(), host, path))))
    }

    /// What is remembered of a page.
    pub(crate) fn of(&self, page: PageKey) -> Option<HeaderMap> {
        let pages = self.pages.borrow();
        let (since, hints) = pages.get(&page.0)?;
        (since.elapsed() < REMEMBERED).then(|| hints.clone())
    }

    /// Learns from the origin's answer.
    pub(crate) fn learn(&self, page: PageKey, status: StatusCode, headers: &HeaderMap) {
        let tells = matches!(status.as_u16(), 200 | 301 | 302);
        if !tells {
            return;
        }
        let hints = hints_in(headers);
        let mut pages = self.pages.borrow_mut();
        if hints.is_empty() {
            pages.remove(&page.0);
            return;
        }
        if pages.len() >= PAGES_MAX {
            pages.retain(|_, (since, _)| since.elapsed() < REMEMBERED);
        }
        if pages.len() < PAGES_MAX {
            pages.insert(page.0, (Instant::now(), hints));
        }
    }
}

/// Whether somebody goes to a page, as opposed to a page that fetches its parts.
fn is_navigation(headers: &HeaderMap) -> bool {
    match headers.get("sec-fetch-mode") {
        Some(mode) => mode == "navigate",
        None => headers
            .get(header::ACCEPT)
            .and_then(|accept| accept.to_str().ok())
            .is_some_and(|accept| accept.contains("text/html")),
    }
}

/// The links among the headers that browsers can act on before the page is there.
fn hints_in(headers: &HeaderMap) -> HeaderMap {
    let mut hints = HeaderMap::new();
    let mut bytes = 0;
    let values = headers.get_all(header::LINK).iter().filter_map(|value| value.to_str().ok());
    for link in values.flat_map(links).filter(|link| is_hint(link)) {
        bytes += link.len();
        let Ok(value) = HeaderValue::from_str(link) else { continue };
        if bytes <= HINT_BYTES_MAX {
            hints.append(header::LINK, value);
        }
    }
    hints
}

/// The links of one header: separated by commas, but not by those in `<...>` or `"..."` (RFC 8288 section 3).
fn links(value: &str) -> Vec<&str> {
    let (mut links, mut start) = (Vec::new(), 0);
    let (mut in_target, mut in_quotes) = (false, false);
    for (index, byte) in value.bytes().enumerate() {
        match byte {
            b'<' if !in_quotes => in_target = true,
            b'>' if !in_quotes => in_target = false,
            b'"' if !in_target => in_quotes = !in_quotes,
            b',' if !in_target && !in_quotes => {
                links.push(value[start..index].trim());
                start = index + 1;
            }
            _ => {}
        }
    }
    links.push(value[start..].trim());
    links
}

fn is_hint(link: &str) -> bool {
    let parameters = link.rsplit_once('>').map_or("", |(_, parameters)| parameters);
    parameters.split(';').any(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or_default();
        let mut relations = value.trim().trim_matches('"').split_ascii_whitespace();
        name.trim().eq_ignore_ascii_case("rel")
            && relations.any(|rel| RELATIONS.iter().any(|known| rel.eq_ignore_ascii_case(known)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_that_browsers_can_act_on_early_are_hints() {
        let check = |sent: &[&'static str], kept: &[&str]| {
            let mut headers = HeaderMap::new();
            for link in sent {
                headers.append(header::LINK, HeaderValue::from_static(link));
            }
            let hints = hints_in(&headers);
            assert_eq!(hints.get_all(header::LINK).iter().collect::<Vec<_>>(), kept, "{sent:?}");
        };
        check(&["</a.css>; rel=preload; as=style"], &["</a.css>; rel=preload; as=style"]);
        check(&["</next>; rel=next"], &[]);
        check(
            &[
                "</a,b.css>; rel=\"preload\"; title=\"a,b\", </n>; rel=next, <https://c.net>;rel=PreConnect",
            ],
            &["</a,b.css>; rel=\"preload\"; title=\"a,b\"", "<https://c.net>;rel=PreConnect"],
        );
        check(&["", "nonsense", "<unclosed; rel=preload"], &[]);
    }

    #[test]
    fn a_page_that_comes_without_links_is_forgotten() {
        let hints = Hints::default();
        let page = PageKey(1);
        let mut headers = HeaderMap::new();
        headers.insert(header::LINK, HeaderValue::from_static("</a.css>; rel=preload"));
        hints.learn(page, StatusCode::OK, &headers);
        hints.learn(page, StatusCode::BAD_GATEWAY, &HeaderMap::new());
        assert_eq!(hints.of(page), Some(headers));
        hints.learn(page, StatusCode::OK, &HeaderMap::new());
        assert_eq!(hints.of(page), None);
    }
}
