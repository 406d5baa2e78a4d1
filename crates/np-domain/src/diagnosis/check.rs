//! The checks, each with the stable word that the API, the command line and docs/diagnostics.md use.

macro_rules! checks {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)*) => {
        /// What a finding is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Check {
            $($(#[$doc])* $name,)*
        }

        impl Check {
            /// All of them, in the order of docs/diagnostics.md.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The stable word.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }
        }
    };
}

checks! {
    /// The zone may not have this hostname.
    Blocked = "zone.hold";
    /// The operator blocks the name.
    BlockedByList = "zone.block_list";
    /// The zone is not proven to be its account's.
    ZoneNotActive = "zone.not_active";
    /// There is nowhere to send requests.
    NoFallbackOrigin = "zone.no_fallback_origin";
    /// Ownership is proven.
    OwnershipProven = "ownership.proven";
    /// Another zone proved the name later.
    ProvenElsewhere = "ownership.proven_elsewhere";
    /// The checks for ownership ended without proof.
    OwnershipEnded = "ownership.schedule_ended";
    /// It pointed here, and does not any more.
    LedAway = "ownership.points_elsewhere";
    /// The same, in its time of grace.
    LeadsAway = "ownership.leaving";
    /// The token is visible by TXT.
    OwnershipTxtSeen = "ownership.txt_seen";
    /// No TXT with the token: one way less to prove ownership.
    OwnershipTxtMissing = "ownership.txt_missing";
    /// TXT with another value than the token.
    OwnershipTxtStale = "ownership.txt_stale";
    /// The token stands at a name with the domain in it twice.
    OwnershipDoubledLabel = "ownership.doubled_label";
    /// The token stands at the hostname itself.
    OwnershipTxtWrongName = "ownership.txt_wrong_name";
    /// The token is served over HTTP.
    OwnershipHttpSeen = "ownership.http_seen";

    /// The hostname leads to the zone.
    PointsHere = "hostname.points_here";
    /// NXDOMAIN.
    NoSuchName = "hostname.no_such_name";
    /// The name exists without a record that leads anywhere.
    NoRecord = "hostname.no_record";
    /// The CNAME leads to somebody else.
    WrongTarget = "hostname.wrong_target";
    /// The CNAME's target has the customer's domain behind it.
    TargetDoubled = "hostname.target_doubled";
    /// The chain passes the zone and ends elsewhere.
    TargetLeadsOn = "hostname.target_leads_on";
    /// The CNAME leads here, but there is no address.
    TargetWithoutAddress = "hostname.target_without_address";
    /// The CNAME stands at a name with the domain in it twice.
    HostnameDoubledLabel = "hostname.doubled_label";
    /// CNAME beside SOA and NS.
    CnameAtApex = "hostname.cname_at_apex";
    /// CNAMEs in a circle.
    CnameLoop = "hostname.cname_loop";
    /// Too many CNAMEs.
    CnameTooLong = "hostname.cname_chain_too_long";
    /// A or AAAA of somebody else.
    AddressesElsewhere = "hostname.addresses_elsewhere";
    /// A or AAAA of the target instead of a CNAME.
    AddressesOfTarget = "hostname.addresses_of_target";
    /// Private, loopback or otherwise no public address.
    ReservedAddress = "hostname.reserved_address";
    /// A CDN or proxy stands between.
    ProxyInFront = "hostname.proxy_in_front";
    /// NXDOMAIN for a name with names below it.
    NxdomainAboveName = "hostname.nxdomain_above_names";
    /// The name does not fit into a common name.
    NameOver64 = "hostname.over_64_octets";
    /// No room for `_acme-challenge.` before the name.
    NoRoomForChallenge = "hostname.no_room_for_challenge";

    /// All TXT proofs are visible.
    ControlTxtSeen = "dcv.txt_seen";
    /// No TXT at the challenge's name.
    ControlTxtMissing = "dcv.txt_missing";
    /// TXT with old values only.
    ControlTxtStale = "dcv.txt_stale";
    /// Some of several proofs are missing.
    ControlTxtIncomplete = "dcv.txt_incomplete";
    /// The proof stands at a name with the domain in it twice.
    ControlDoubledLabel = "dcv.doubled_label";
    /// The proof stands at the hostname itself.
    ControlTxtWrongName = "dcv.txt_wrong_name";
    /// TXT and CNAME at one name.
    TxtBesideCname = "dcv.txt_beside_cname";
    /// The challenge's CNAME leads to another provider.
    DelegatedElsewhere = "dcv.delegated_elsewhere";
    /// The challenge's CNAME leads here, and our DNS does not show the proof.
    DelegationUnanswered = "dcv.delegation_unanswered";
    /// A CNAME proof is visible.
    ControlCnameSeen = "dcv.cname_seen";
    /// No CNAME at the proof's name.
    ControlCnameMissing = "dcv.cname_missing";
    /// The proof's CNAME leads elsewhere.
    ControlCnameWrongTarget = "dcv.cname_wrong_target";
    /// The proof's CNAME stands at a name with the domain in it twice.
    ControlCnameDoubledLabel = "dcv.cname_doubled_label";
    /// Nobody has pressed the button in a mail.
    ApprovalAwaited = "dcv.approval_awaited";
    /// The mail that asks for an approval could not be sent.
    ApprovalUnsent = "dcv.mail_unsent";
    /// A record that stays names another account, or ended.
    ControlPersistUnfit = "dcv.persist_unfit";
    /// The proofs' order ended at the CA.
    TokenExpired = "dcv.token_expired";

    /// CAA permits the CA.
    CaaAllows = "caa.allows";
    /// CAA permits others only.
    CaaForbids = "caa.forbids";
    /// The same, by records at the CNAME's target.
    CaaForbidsAtTarget = "caa.forbids_at_target";
    /// The CA may issue for the wildcard only.
    CaaIssueWildOnly = "caa.issuewild_only";
    /// The CA may issue, but not for the wildcard.
    CaaForbidsWildcard = "caa.forbids_wildcard";
    /// CAA permits another account only.
    CaaWrongAccount = "caa.wrong_account";
    /// CAA permits another validation method only.
    CaaWrongMethod = "caa.wrong_method";
    /// A critical property that CAs do not know.
    CaaCriticalUnknown = "caa.critical_unknown";
    /// CAA cannot be looked up.
    CaaLookupFailed = "caa.lookup_failed";

    /// A name server does not serve the zone.
    LameNameServer = "servers.lame";
    /// A name server does not answer.
    NameServerUnreachable = "servers.unreachable";
    /// Name servers of one zone answer differently.
    NameServersDisagree = "servers.disagree";
    /// SERVFAIL.
    ServerFailure = "servers.servfail";
    /// DNSSEC does not validate.
    DnssecBogus = "servers.dnssec_bogus";
    /// A resolver remembers that there was nothing.
    NegativeCaching = "resolvers.negative_caching";
    /// A resolver remembers what was there before.
    OldAnswerCached = "resolvers.old_answer";
    /// Resolvers answer differently.
    ResolversDisagree = "resolvers.disagree";
    /// A wrong record that will be remembered for long.
    LongTtl = "resolvers.long_ttl";
    /// Our own resolver does not answer.
    ResolverUnreachable = "resolvers.unreachable";

    /// The proof is served over HTTP.
    ControlHttpSeen = "http.token_served";
    /// Nobody accepts connections on port 80.
    PortClosed = "http.port_closed";
    /// Port 80 does not answer in time.
    HttpTimeout = "http.timeout";
    /// IPv4 answers, IPv6 does not.
    AaaaUnreachable = "http.aaaa_unreachable";
    /// Redirects in a circle, or too many.
    RedirectLoop = "http.redirect_loop";
    /// A redirect to another host.
    RedirectForeign = "http.redirect_foreign";
    /// A redirect that is not followed: to https or another port.
    RedirectRefused = "http.redirect_refused";
    /// Another status than 200.
    HttpStatus = "http.status";
    /// Another body than the proof.
    WrongBody = "http.wrong_body";

    /// A certificate is served.
    CertificateActive = "certificate.active";
    /// The certificate that is served has ended.
    CertificateExpired = "certificate.expired";
    /// The CA makes up its mind, or the certificate.
    CertificateUnderWay = "certificate.under_way";
    /// The certificate waits for the serving nodes.
    CertificateDeploying = "certificate.deploying";
    /// The attempts at a certificate ended without one.
    CertificateEnded = "certificate.schedule_ended";
    /// The CA asks for patience.
    RateLimited = "ca.rate_limited";
    /// The CA will not issue.
    AuthorityRefused = "ca.refused";
    /// The CA cannot be reached.
    AuthorityUnreachable = "ca.unreachable";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_check_has_a_word_of_its_own() {
        let words: BTreeSet<_> = Check::ALL.iter().map(|check| check.as_str()).collect();
        assert_eq!(words.len(), Check::ALL.len());
    }
}
