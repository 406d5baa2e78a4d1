//! Looking at what a zone has where its DNS is now. Any resolver's word suffices: nothing is decided by it, and a person
//! judges what was found.

use std::time::Duration;

use hickory_proto::rr::{Name, RData, RecordType};
use hickory_resolver::{
    TokioResolver,
    net::{DnsError, NetError},
};
use np_domain::{
    dns_record::{
        Content, RecordKind,
        tokens::{Tokens, quote},
    },
    name::DnsName,
    ports::LookupFailure,
    text::Explanation,
};

use super::{RECORDS_MAX, ResolverError, ResolverSettings, built, configuration};

/// Asks the resolvers in turn.
#[derive(Clone)]
pub(super) struct Scanner {
    resolver: TokioResolver,
    /// The most time that a look-up may take with all its repetitions and CNAMEs.
    total_max: Duration,
}

impl Scanner {
    pub(super) fn new(settings: &ResolverSettings) -> Result<Self, ResolverError> {
        let config = configuration(&settings.servers)?;
        let total_max = settings.timeout * (u32::try_from(settings.attempts).unwrap_or(0) + 2);
        Ok(Self { resolver: built(config, settings, settings.validate_dnssec)?, total_max })
    }

    /// What stands at the name itself, or the CNAME there.
    pub(super) async fn records(
        &self,
        name: &DnsName,
        kind: RecordKind,
    ) -> Result<Vec<Content>, LookupFailure> {
        let mut asked = Name::from_ascii(name.as_str()).map_err(|why| other(&why.to_string()))?;
        // Absolute: no search domain of this machine is tried.
        asked.set_fqdn(true);
        let looked = self.resolver.lookup(asked, RecordType::from(kind.code()));
        let looked = tokio::time::timeout(self.total_max, looked).await;
        let answer = looked.map_err(|_| LookupFailure::TimedOut)?.map_err(|why| failure(&why))?;
        let is_at =
            |at: &Name| at.to_ascii().trim_end_matches('.').eq_ignore_ascii_case(name.as_str());
        let at_name = answer.answers().iter().filter(|record| is_at(&record.name));
        let found: Vec<_> =
            at_name.filter_map(|record| content(&record.data)).take(RECORDS_MAX).collect();
        if found.is_empty() { Err(LookupFailure::NoRecords) } else { Ok(found) }
    }
}

/// What a record says, as one of ours.
fn content(data: &RData) -> Option<Content> {
    let kind = RecordKind::from_code(data.record_type().into())?;
    let text = match data {
        // Its display has no quotes.
        RData::TXT(txt) => {
            let mut text = String::new();
            for part in &txt.txt_data {
                quote(part, &mut text);
                text.push(' ');
            }
            text
        }
        data => data.to_string(),
    };
    Content::read(kind, &mut Tokens::absolute(&text)).ok()
}

fn failure(why: &NetError) -> LookupFailure {
    match why {
        NetError::Timeout => LookupFailure::TimedOut,
        NetError::Dns(DnsError::NoRecordsFound(_)) => LookupFailure::NoRecords,
        why => other(&why.to_string()),
    }
}

fn other(why: &str) -> LookupFailure {
    LookupFailure::Other(Explanation::new(format!("the look-up failed: {why}")))
}
