//! The facet of a hostname: everything that it is filtered by and of which there are few kinds, as one word in one column.

use np_domain::{
    certificate::{AuthorityName, Certificate, Standing},
    ownership::Kind,
    ports::HostnameFilter,
};

/// The word for the CA of those who ask for no particular one.
const DEFAULT_AUTHORITY: &str = "default";

/// The column `pack`: where a certificate stands, what it covers, and its CA.
pub(crate) fn pack(certificate: Option<&Certificate>) -> String {
    let standing = Standing::of(certificate).as_str();
    match certificate {
        None => standing.to_owned(),
        Some(certificate) => {
            let covers = if certificate.wanted.wildcard { "wildcard" } else { "exact" };
            let authority =
                certificate.wanted.authority.map_or(DEFAULT_AUTHORITY, AuthorityName::as_str);
            format!("{standing}/{covers}/{authority}")
        }
    }
}

/// What a column `facet` says: `<ownership>/<pack>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facet {
    pub(super) ownership: Kind,
    pub(super) standing: Standing,
    /// What is asked of the certificate, if one is.
    wanted: Option<Wanted>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wanted {
    wildcard: bool,
    authority: Option<AuthorityName>,
}

impl Facet {
    /// `None` for one that a newer program wrote.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut words = text.split('/');
        let ownership = Kind::parse(words.next()?)?;
        let standing = Standing::parse(words.next()?)?;
        let wanted = match (words.next(), words.next()) {
            (Some(covers), Some(authority)) => {
                let authority = match authority {
                    DEFAULT_AUTHORITY => None,
                    name => Some(AuthorityName::parse(name)?),
                };
                Some(Wanted { wildcard: covers == "wildcard", authority })
            }
            _ => None,
        };
        Some(Self { ownership, standing, wanted })
    }

    /// The same with a certificate that stands elsewhere.
    pub(super) fn standing_at(self, standing: Standing) -> Self {
        Self { standing, ..self }
    }

    /// Whether an uploaded certificate waits for a proof of ownership.
    fn is_held(&self) -> bool {
        self.standing == Standing::Uploaded && self.ownership != Kind::Proven
    }

    pub(super) fn passes(&self, filter: &HostnameFilter) -> bool {
        let wildcard = self.wanted.is_some_and(|wanted| wanted.wildcard);
        let authority = self.wanted.map(|wanted| wanted.authority);
        filter.with_certificate.is_none_or(|with| with == (self.standing != Standing::Absent))
            && filter.wildcard.is_none_or(|wanted| wanted == wildcard)
            && is_among(filter.ownership.as_deref(), &self.ownership)
            && is_among(filter.standings.as_deref(), &self.standing)
            && filter.held.is_none_or(|held| held == self.is_held())
            && filter
                .authorities
                .as_ref()
                .is_none_or(|set| authority.is_some_and(|authority| set.contains(&authority)))
    }
}

/// Whether a filter says nothing about facets.
pub(super) fn is_open(filter: &HostnameFilter) -> bool {
    filter.with_certificate.is_none()
        && filter.wildcard.is_none()
        && filter.ownership.is_none()
        && filter.standings.is_none()
        && filter.held.is_none()
        && filter.authorities.is_none()
}

fn is_among<T: PartialEq>(set: Option<&[T]>, value: &T) -> bool {
    set.is_none_or(|set| set.contains(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_facet_says_what_it_was_made_of_and_a_newer_one_nothing() {
        let facet = Facet::parse("proven/stalled_control/wildcard/google").unwrap();
        assert_eq!(facet.ownership, Kind::Proven);
        assert_eq!(facet.standing, Standing::Stalled(np_domain::certificate::Phase::Control));
        let wanted = Wanted { wildcard: true, authority: Some(AuthorityName::Google) };
        assert_eq!(facet.wanted, Some(wanted));
        assert_eq!(Facet::parse("moved/none").unwrap().wanted, None);
        assert_eq!(
            Facet::parse("unproven/ordering/exact/default").unwrap().wanted.unwrap().authority,
            None
        );
        for newer in
            ["", "proven", "frozen/none", "proven/frozen/exact/google", "proven/serving/exact/acme"]
        {
            assert_eq!(Facet::parse(newer), None, "{newer}");
        }
    }

    #[test]
    fn an_uploaded_one_is_held_until_ownership_is_proven() {
        for (facet, expected) in [
            ("unproven/uploaded/exact/default", true),
            ("moved/uploaded/exact/default", true),
            ("proven/uploaded/exact/default", false),
            ("unproven/deployment/exact/default", false),
        ] {
            let facet = Facet::parse(facet).unwrap();
            let of = |held| HostnameFilter { held: Some(held), ..HostnameFilter::default() };
            assert_eq!((facet.passes(&of(true)), facet.passes(&of(false))), (expected, !expected));
        }
    }

    #[test]
    fn each_condition_lets_its_own_through() {
        let facet = Facet::parse("proven/serving/exact/google").unwrap();
        let bare = Facet::parse("proven/none").unwrap();
        let all = HostnameFilter::default();
        for (filter, expected) in [
            (all.clone(), (true, true)),
            (HostnameFilter { with_certificate: Some(true), ..all.clone() }, (true, false)),
            (HostnameFilter { with_certificate: Some(false), ..all.clone() }, (false, true)),
            (HostnameFilter { wildcard: Some(false), ..all.clone() }, (true, true)),
            (HostnameFilter { wildcard: Some(true), ..all.clone() }, (false, false)),
            (HostnameFilter { ownership: Some(vec![Kind::Proven]), ..all.clone() }, (true, true)),
            (HostnameFilter { ownership: Some(vec![]), ..all.clone() }, (false, false)),
            (
                HostnameFilter { standings: Some(vec![Standing::Serving]), ..all.clone() },
                (true, false),
            ),
            (HostnameFilter { authorities: Some(vec![None]), ..all.clone() }, (false, false)),
            (
                HostnameFilter {
                    authorities: Some(vec![Some(AuthorityName::Google)]),
                    ..all.clone()
                },
                (true, false),
            ),
        ] {
            assert_eq!((facet.passes(&filter), bare.passes(&filter)), expected, "{filter:?}");
            assert_eq!(is_open(&filter), filter == all);
        }
    }
}
